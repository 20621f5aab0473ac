package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"iter"
)

// Read returns the calls in a log, in its order. Lines that are not the
// decision log's are passed over: a log group has the function's own beside
// them. The error is r's, and the last that comes.
//
// Function and extension share a log group, and the function can print what
// looks like a line of ours. An Entry is proven by nothing but what CloudTrail
// has under its AccessKeyID and AWSRequestID.
func Read(r io.Reader) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		b := bufio.NewReaderSize(r, MaxLine)
		for {
			line, err := readLine(b)
			if e, ok := parse(line); ok && !yield(e, nil) {
				return
			}
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(Entry{}, err)
				return
			}
		}
	}
}

// readLine returns the next line, or nothing for one that is longer than ours
// are. It is good until the next call.
func readLine(b *bufio.Reader) ([]byte, error) {
	line, err := b.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, err
	}
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = b.ReadSlice('\n')
	}
	return nil, err
}

// parse reads one line.
func parse(line []byte) (Entry, bool) {
	line = bytes.TrimSpace(line)
	var e Entry
	if len(line) == 0 || line[0] != '{' || json.Unmarshal(line, &e) != nil {
		return Entry{}, false
	}
	e.Time = e.Time.UTC()
	if y := e.Time.Year(); y < 1970 || y > 9999 {
		return Entry{}, false
	}
	switch e.Msg {
	case Denied, WouldDeny:
		return e, e.Decision == "deny"
	case Allowed:
		return e, e.Decision == "allow"
	}
	return Entry{}, false
}
