package sigv4

import (
	"fmt"
	"io"
)

// Format prints the access key's id, whatever the verb: credentials that end
// up in a log must not give themselves away.
func (c Credentials) Format(f fmt.State, _ rune) { io.WriteString(f, c.text()) }

// MarshalText is the access key's id. Encoders of JSON, XML and YAML use it,
// as do loggers.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(c.text()), nil }

func (c Credentials) text() string { return "credentials " + c.AccessKeyID }

// Format prints who signed, for what and when, whatever the verb: neither the
// token nor the signature, which is good for fifteen minutes.
func (s Signature) Format(f fmt.State, _ rune) { io.WriteString(f, s.text()) }

// MarshalText is what Format prints.
func (s Signature) MarshalText() ([]byte, error) { return []byte(s.text()), nil }

func (s Signature) text() string {
	return "signature of " + s.AccessKeyID + " for " + s.Scope.Service + " in " + s.Scope.Region + " at " + s.Time.UTC().Format(basic)
}

// Format prints neither the keys that it verifies and signs with nor what it
// reads, whatever the verb.
func (c *ChunkReader) Format(f fmt.State, _ rune) { io.WriteString(f, "chunks") }
