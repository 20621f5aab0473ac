package sidecar

import (
	"net/url"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/proxy/aws/awstest"
)

// TestADurableFunctionCheckpointsItselfAndNobodyElse has a function whose
// manifest says nothing of Lambda save its state, and another function's.
func TestADurableFunctionCheckpointsItselfAndNobodyElse(t *testing.T) {
	out := new(everywhere)
	s := besiegeOver(t, "", out)
	const host = "lambda.eu-west-1.amazonaws.com"
	for _, c := range []struct {
		method, function, call, want string
	}{
		{"POST", "besieged:3", "checkpoint", host + " under a minted key"},
		{"GET", "besieged:$LATEST", "state", host + " under a minted key"},
		{"GET", "besieged:3", "history", ""},
		{"POST", "besieged:3", "stop", ""},
		{"POST", "other:3", "checkpoint", ""},
		{"GET", "besieged2:3", "state", ""},
	} {
		s.name = c.function + " " + c.call
		arn := "arn:aws:lambda:eu-west-1:" + awstest.Account + ":function:" + c.function + "/durable-execution/order-1/8dfe3659-4309-493a-8755-0123456789ab"
		shot := c.method + " /2025-12-01/durable-executions/" + strings.ReplaceAll(url.QueryEscape(arn), "+", "%20") + "/" + c.call + " HTTP/1.1\nHost: {host}\n"
		if c.method == "POST" {
			shot += "Content-Type: application/json\nContent-Length: 39\n{sign service=lambda}\n\n{\"CheckpointToken\": \"t\", \"Updates\": []}"
		} else {
			shot += "{sign service=lambda}\n"
		}
		came := s.fire("tunnel", parseShot(t, "# host "+host+"\n"+shot+"\n"))
		if got := out.taken(); got != c.want {
			t.Errorf("%s: sent %q, want %q: %s", s.name, got, c.want, came)
		}
	}
}
