// Package audit writes the decision log, and the metrics drawn from it.
package audit

import (
	"io"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// A Log writes one JSON line for each record that its level asks for. Its
// fields must not change once it records.
type Log struct {
	W        io.Writer // one Write a line
	Manifest func() *manifest.Manifest
	Function string // the function's name
	Version  string // the function's version
	Sandbox  string // names this sandbox among the function's

	// RequestID returns the invocation that a trace id belongs to, or "".
	RequestID func(trace string) string
}

// Record writes r. It is a [proxy.Server]'s Record.
func (l *Log) Record(r proxy.Record) {}
