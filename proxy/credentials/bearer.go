package credentials

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
)

// A Bearer is a token that a service takes in place of a signature, and the
// sealed one that the function holds for it. (AWS SDKs and Tools Reference
// Guide, "AWS_BEARER_TOKEN_BEDROCK".) It prints as the service it is for.
type Bearer struct {
	Service string // as the variable names it, in small letters: "bedrock"
	Real    string
	Sealed  string
}

// Format prints the service, whatever the verb.
func (b Bearer) Format(f fmt.State, _ rune) { io.WriteString(f, "bearer token of "+b.Service) }

// MarshalText is what Format prints.
func (b Bearer) MarshalText() ([]byte, error) { return []byte("bearer token of " + b.Service), nil }

// SealBearer makes a sealed token for a real one, that looks like it: Amazon
// Bedrock's keys begin with ABSK, those of a session with bedrock-api-key-.
func SealBearer(service, real string) (Bearer, error) {
	var random [48]byte
	if _, err := rand.Read(random[:]); err != nil {
		return Bearer{}, err
	}
	looks := ""
	for _, prefix := range []string{"ABSK", "bedrock-api-key-"} {
		if strings.HasPrefix(real, prefix) {
			looks = prefix
		}
	}
	return Bearer{Service: service, Real: real, Sealed: looks + base64.StdEncoding.EncodeToString(random[:])}, nil
}

// Is reports whether token is the sealed one.
func (b Bearer) Is(token string) bool {
	return b.Sealed != "" && subtle.ConstantTimeCompare([]byte(token), []byte(b.Sealed)) == 1
}
