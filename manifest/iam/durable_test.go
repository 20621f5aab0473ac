package iam_test

import (
	"strings"
	"testing"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/manifest/iam"
)

// TestADurableFunctionsCredentialsAreForAllItsExecutions mints at the grant's
// width: of executions there are many, and each has an ARN of its own.
func TestADurableFunctionsCredentialsAreForAllItsExecutions(t *testing.T) {
	m := (&manifest.Manifest{Account: "123456789012", Region: "eu-west-1"}).OfFunction("eu-west-1", "checkout")
	req := manifest.Request{Action: "lambda:CheckpointDurableExecution", Resource: "arn:aws:lambda:eu-west-1:123456789012:function:checkout:3/durable-execution/order-1/8dfe3659"}
	d := m.Decide(req)
	if !d.Allowed || d.Grants[0][0].Mint != manifest.WidthGrant {
		t.Fatalf("got %+v", d)
	}
	doc, width, err := iam.SessionPolicy(m, d, []manifest.Request{req}, manifest.WidthGrant)
	if err != nil || width != manifest.WidthGrant {
		t.Fatal(width, err)
	}
	for _, want := range []string{"arn:aws:lambda:eu-west-1:123456789012:function:checkout:*/durable-execution/*", "lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"} {
		if !strings.Contains(doc, want) {
			t.Errorf("got %s, want %s in it", doc, want)
		}
	}
}
