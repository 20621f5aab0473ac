package sidecar

import "testing"

// What AWS publishes for everybody needs no grant, whatever the manifest says,
// and goes out as nobody's.
func TestWhatAWSPublishesIsEverybodys(t *testing.T) {
	const keys = "GET /eu-west-1_AbCdEf123/.well-known/jwks.json HTTP/1.1\nHost: {host}"
	for _, test := range []struct{ name, host, shot, want string }{
		{"a user pool's keys", "cognito-idp.eu-west-1.amazonaws.com", keys, "cognito-idp.eu-west-1.amazonaws.com under nobody's key"},
		{"one's own address", "checkip.amazonaws.com", "GET / HTTP/1.1\nHost: {host}", "checkip.amazonaws.com under nobody's key"},
		{"asked for by the sealed key", "cognito-idp.eu-west-1.amazonaws.com", keys + "\n{sign service=cognito-idp}", ""},
		{"with a body", "checkip.amazonaws.com", "GET / HTTP/1.1\nHost: {host}\nContent-Length: 1\n\nx", ""},
		{"with a body of open length", "checkip.amazonaws.com", "GET / HTTP/1.1\nHost: {host}\nTransfer-Encoding: chunked\n\n1\nx\n0\n\n", ""},
		{"for another host", "checkip.amazonaws.com", "GET / HTTP/1.1\nHost: ip-ranges.amazonaws.com", ""},
		{"with another protocol", "checkip.amazonaws.com", "GET / HTTP/1.1\nHost: {host}\nConnection: Upgrade\nUpgrade: websocket", ""},
		{"written", "checkip.amazonaws.com", "PUT / HTTP/1.1\nHost: {host}\nContent-Length: 0", ""},
	} {
		for _, mode := range []string{"", "egress: [api.example.com]\n"} {
			t.Run(test.name+" "+mode, func(t *testing.T) {
				out := new(everywhere)
				s := besiegeOver(t, mode, out)
				s.name = test.name
				for _, way := range []string{"tunnel", "absolute"} {
					came := s.fire(way, parseShot(t, "# host "+test.host+"\n"+test.shot+"\n"))
					if got := out.taken(); got != test.want {
						t.Errorf("%s: sent %q, want %q: %s", way, got, test.want, came)
					}
				}
			})
		}
	}
}
