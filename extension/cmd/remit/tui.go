package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// Everything that a person sees goes through here.
//
// Results go to standard output, everything else to standard error. A message
// begins with "remit: ", a hint with "remit: hint: "; an error that has a
// place in a file begins with that place, so that editors find it. No colours,
// no progress bars: what is long says what it is doing, once. Machine output
// is JSON, asked for by --json, one object a line.
type tui struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}

func system() *tui { return &tui{os.Stdin, os.Stdout, os.Stderr} }

// say writes a line of a result.
func (t *tui) say(format string, args ...any) { fmt.Fprintf(t.out, format+"\n", args...) }

// note writes a line beside the result.
func (t *tui) note(format string, args ...any) { fmt.Fprintf(t.err, "remit: "+format+"\n", args...) }

// hint says what to do next.
func (t *tui) hint(format string, args ...any) {
	fmt.Fprintf(t.err, "remit: hint: "+format+"\n", args...)
}

// fail writes an error. A manifest's mistakes are a line each.
func (t *tui) fail(err error) {
	list := mistakes(err)
	for _, e := range list {
		fmt.Fprintln(t.err, e)
	}
	if list == nil {
		fmt.Fprintf(t.err, "remit: %v\n", err)
	}
}

// json writes v as one line.
func (t *tui) json(v any) error {
	e := json.NewEncoder(t.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
