package aws

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/lambda-remit/remit/proxy"
)

// WebSockets reports whether a call to host, which [Claims] has, may begin a
// WebSocket: API Gateway's and Neptune's hosts have some. Those of AppSync, AWS
// IoT and Transcribe are not read: what follows their handshakes asks for more
// than IAM has compared with them.
func WebSockets(host string) bool {
	p, ok := placeOf(host)
	return ok && (p.plane == "execute-api" || p.plane == "neptune")
}

// isWebSocket reports whether a call begins one: package proxy leaves no other
// Upgrade in its header.
func isWebSocket(h http.Header) bool { return len(h["Upgrade"]) > 0 }

// connects reads a call that begins a connection to a WebSocket API, whose path is
// its stage. IAM is asked when it begins, and not of what it then carries. (Amazon
// API Gateway Developer Guide, "Control access to WebSocket APIs with AWS_IAM
// authorization".)
func (in *input) connects(call *proxy.Call, api string) error {
	stage := strings.TrimSuffix(strings.TrimPrefix(in.path, "/"), "/")
	if !isStage(stage) || in.r.Method != http.MethodGet {
		return fmt.Errorf("a WebSocket API is connected to by a GET of its stage, not by %.20s of %.120q", in.r.Method, in.path)
	}
	call.WebSocket = true
	in.asked(call, "execute-api", "Connect", request("execute-api:Invoke", api+"/"+stage+"/$connect"))
	return nil
}

// handshake takes out of h what is not AWS's, and returns it.
func handshake(h http.Header) http.Header {
	rest := make(http.Header)
	for name, values := range h {
		if !strings.HasPrefix(name, "X-Amz-") {
			rest[name] = values
			delete(h, name)
		}
	}
	return rest
}
