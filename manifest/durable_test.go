package manifest_test

import (
	"testing"

	"github.com/lambda-remit/remit/manifest"
)

func TestADurableFunctionMayCheckpointItsOwnExecutions(t *testing.T) {
	m := (&manifest.Manifest{Account: "123456789012"}).OfFunction("eu-west-1", "checkout")
	const own = "arn:aws:lambda:eu-west-1:123456789012:function:checkout:"
	for _, c := range []struct {
		action, resource string
		want             manifest.Reason
	}{
		{"lambda:CheckpointDurableExecution", own + "3/durable-execution/order-1/8dfe3659", ""},
		{"lambda:GetDurableExecutionState", own + "$LATEST/durable-execution/order-1/8dfe3659", ""},
		{"lambda:StopDurableExecution", own + "3/durable-execution/order-1/8dfe3659", manifest.NoAction},
		{"lambda:InvokeFunction", own + "3", manifest.NoAction},
		{"lambda:CheckpointDurableExecution", own + "3", manifest.NoResource},
		{"lambda:CheckpointDurableExecution", "arn:aws:lambda:eu-west-1:123456789012:function:checkout2:3/durable-execution/order-1/8dfe3659", manifest.NoResource},
		{"lambda:CheckpointDurableExecution", "arn:aws:lambda:eu-west-1:210987654321:function:checkout:3/durable-execution/order-1/8dfe3659", manifest.NoResource},
		{"lambda:CheckpointDurableExecution", "arn:aws:lambda:us-east-1:123456789012:function:checkout:3/durable-execution/order-1/8dfe3659", manifest.NoResource},
	} {
		d := m.Decide(manifest.Request{Action: c.action, Resource: c.resource})
		got := d.Reason
		if c.want == manifest.NoResource && got == manifest.NoAction {
			got = c.want // no grant of the manifest's comes near
		}
		if d.Allowed != (c.want == "") || got != c.want {
			t.Errorf("%s %s: got %v %q, want %q", c.action, c.resource, d.Allowed, d.Reason, c.want)
		}
	}
	if d := m.Decide(manifest.Request{Action: "lambda:CheckpointDurableExecution", Resource: own + "3/durable-execution/a/b", Anonymous: true}); d.Allowed {
		t.Error("a call that nobody has signed is allowed")
	}
	for _, m := range []*manifest.Manifest{new(manifest.Manifest).OfFunction("eu-west-1", "checkout"), (&manifest.Manifest{Account: "123456789012"}).OfFunction("", "checkout")} {
		if d := m.Decide(manifest.Request{Action: "lambda:CheckpointDurableExecution", Resource: own + "3/durable-execution/a/b"}); d.Allowed {
			t.Error("it is allowed where account or region are not known")
		}
	}
	// A name is what it is, and no pattern.
	if d := (&manifest.Manifest{Account: "123456789012"}).OfFunction("eu-west-1", "*").Decide(manifest.Request{Action: "lambda:CheckpointDurableExecution", Resource: own + "3/durable-execution/a/b"}); d.Allowed {
		t.Error("the function \"*\" is every function")
	}
}
