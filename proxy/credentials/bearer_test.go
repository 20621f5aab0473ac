package credentials

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestASealedBearerTokenLooksLikeTheRealOneAndIsNot(t *testing.T) {
	for _, real := range []string{"ABSKQmVkcm9ja0FQSUtleS1hYmNkZWY=", "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t", "anything"} {
		b, err := SealBearer("bedrock", real)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := SealBearer("bedrock", real)
		if b.Sealed == again.Sealed || strings.Contains(b.Sealed, real) || len(b.Sealed) < 64 {
			t.Errorf("%q was sealed as %q", real, b.Sealed)
		}
		for _, prefix := range []string{"ABSK", "bedrock-api-key-"} {
			if strings.HasPrefix(real, prefix) != strings.HasPrefix(b.Sealed, prefix) {
				t.Errorf("%q does not look like %q", b.Sealed, real)
			}
		}
		if !b.Is(b.Sealed) || b.Is(real) || b.Is(again.Sealed) || b.Is("") {
			t.Errorf("%q is not itself alone", b.Sealed)
		}
		if (Bearer{}).Is("") {
			t.Error("the zero Bearer is somebody's")
		}
		text, _ := json.Marshal(b)
		if out := fmt.Sprintf("%v %+v %#v %s %q %x", b, &b, b, b, b, b) + string(text); strings.Contains(out, real) || strings.Contains(out, b.Sealed) {
			t.Errorf("it prints its token: %s", out)
		}
	}
}
