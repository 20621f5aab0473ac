package sidecar

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// frames sends a shot as one HTTP/2 stream: its body in one frame, and then
// trailers. change may alter the fields, after the signature. It returns the
// status, or the error that reset the stream.
func (s *siege) frames(conn net.Conn, way string, shot *shot, change func([]hpack.HeaderField) []hpack.HeaderField, trailers ...hpack.HeaderField) string {
	s.t.Helper()
	wire, _ := shot.bytes(s.t, "tunnel", "", s.keys)
	head, _, _ := strings.Cut(string(wire), "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	first := strings.Fields(lines[0])
	fields := []hpack.HeaderField{{Name: ":method", Value: first[0]}, {Name: ":scheme", Value: "https"}, {Name: ":authority", Value: shot.host}, {Name: ":path", Value: first[1]}}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		if name = strings.ToLower(name); name != "host" {
			fields = append(fields, hpack.HeaderField{Name: name, Value: value})
		}
	}
	if change != nil {
		fields = change(fields)
	}
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	write := func(fields []hpack.HeaderField) []byte {
		block.Reset()
		for _, f := range fields {
			encoder.WriteField(f)
		}
		return bytes.Clone(block.Bytes())
	}
	io.WriteString(conn, http2.ClientPreface)
	f := http2.NewFramer(conn, conn)
	f.AllowIllegalWrites = true
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	f.WriteSettings()
	f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: write(fields), EndHeaders: true, EndStream: len(shot.body) == 0 && len(trailers) == 0})
	if len(shot.body) > 0 || len(trailers) > 0 {
		f.WriteData(1, len(trailers) == 0, shot.body)
	}
	if len(trailers) > 0 {
		f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: write(trailers), EndHeaders: true, EndStream: true})
	}
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return "closed"
		}
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			if status := frame.PseudoValue("status"); status != "100" {
				return status
			}
		case *http2.RSTStreamFrame:
			return frame.ErrCode.String()
		case *http2.GoAwayFrame:
			return frame.ErrCode.String()
		}
	}
}

// HTTP/2 has ways of its own to say two things, and none of HTTP/1's letters to
// keep them apart: a value may have line ends in it. In a tunnel and at the
// endpoint (h2c), what is sent is what was granted.
func TestAttacksOverHTTP2(t *testing.T) {
	add := func(name, value string) func([]hpack.HeaderField) []hpack.HeaderField {
		return func(f []hpack.HeaderField) []hpack.HeaderField {
			return append(f, hpack.HeaderField{Name: name, Value: value})
		}
	}
	set := func(name, value string) func([]hpack.HeaderField) []hpack.HeaderField {
		return func(f []hpack.HeaderField) []hpack.HeaderField {
			for i := range f {
				if f[i].Name == name {
					f[i].Value = value
				}
			}
			return f
		}
	}
	const (
		get   = "GET /media/granted/a HTTP/1.1\nHost: {host}\n{sign}\n"
		put   = "PUT /media/granted/a HTTP/1.1\nHost: {host}\n{sign}\n\nabc"
		s3    = "s3.eu-west-1.amazonaws.com"
		reset = "PROTOCOL_ERROR"
	)
	for _, test := range []struct {
		name, shot string
		change     func([]hpack.HeaderField) []hpack.HeaderField
		trailers   []hpack.HeaderField
		want       string // in a tunnel
		endpoint   string // empty: the same
	}{
		{name: "a granted read", shot: get, want: "200"},
		{name: "a granted write", shot: put, want: "200"},
		{name: "another object", shot: strings.Replace(get, "granted", "other", 1), want: "403"},
		{name: "another authority", shot: get, change: set(":authority", "sns.eu-west-1.amazonaws.com"), want: "421", endpoint: "403"},
		{name: "a coalesced host", shot: "# host media." + s3 + "\n" + strings.Replace(get, "/media", "", 1), want: "421", endpoint: "403"},
		{name: "host beside authority", shot: get, change: add("host", s3), want: "200"},
		{name: "another host beside authority", shot: get, change: add("host", "media."+s3), want: "400"},
		{name: "another path", shot: get, change: set(":path", "/media/other/a"), want: "403"},
		{name: "two paths", shot: get, change: func(f []hpack.HeaderField) []hpack.HeaderField {
			return append([]hpack.HeaderField{{Name: ":path", Value: "/media/other/a"}}, f...)
		}, want: reset},
		{name: "a path behind the headers", shot: get, change: add(":path", "/media/other/a"), want: reset},
		{name: "a path with a line end", shot: get, change: set(":path", "/media/granted/a HTTP/1.1\r\nX-Amz-Acl: private"), want: reset},
		{name: "a method with a line end", shot: get, change: set(":method", "GET / HTTP/1.1\r\nX:"), want: reset},
		{name: "a header with a line end", shot: get, change: add("x-other", "a\r\nx-amz-acl: private"), want: reset},
		{name: "a header whose name has a line end", shot: get, change: add("x-other: a\r\nx-amz-acl", "private"), want: reset},
		{name: "a header in upper case", shot: get, change: add("X-Amz-Acl", "private"), want: reset},
		{name: "a header that is not signed", shot: get, change: add("x-amz-acl", "private"), want: "403"},
		{name: "underscores", shot: put, change: add("x_amz_acl", "private"), want: "403"},
		{name: "a second authorization", shot: get, change: add("authorization", "AWS4-HMAC-SHA256 x"), want: "403"},
		{name: "an expectation", shot: put, change: add("expect", "100-continue"), want: "200"},
		{name: "an unknown pseudo header", shot: get, change: func(f []hpack.HeaderField) []hpack.HeaderField {
			return append([]hpack.HeaderField{{Name: ":protocol", Value: "websocket"}}, f...)
		}, want: reset},
		{name: "a longer body than it says", shot: put, change: add("content-length", "1"), want: reset},
		{name: "a shorter body than it says", shot: put, change: add("content-length", "9"), want: "INTERNAL_ERROR"},
		{name: "a trailer that was not announced", shot: put, trailers: []hpack.HeaderField{{Name: "x-amz-acl", Value: "private"}}, want: "200"},
		{name: "a trailer that was", shot: put, change: add("trailer", "x-amz-acl"), trailers: []hpack.HeaderField{{Name: "x-amz-acl", Value: "private"}}, want: "403"},
		{name: "a trailer that is a pseudo header", shot: put, trailers: []hpack.HeaderField{{Name: ":path", Value: "/media/other/a"}}, want: reset},
	} {
		for _, way := range []string{"tunnel", "direct", "endpoint"} {
			s := besiege(t, "") // what a call that breaks off sends, may come late
			s.name = test.name
			conn, err := s.dial(way, s3, s3, "h2")
			if err != nil {
				t.Fatal(err)
			}
			shot := parseShot(t, test.shot)
			want := test.want
			if way == "endpoint" && test.endpoint != "" {
				want = test.endpoint
			}
			if got := s.frames(conn, way, shot, test.change, test.trailers...); got != want {
				t.Errorf("%s: %s: got %s, want %s", test.name, way, got, want)
			}
			conn.Close()
			target := strings.Fields(shot.head[0])[1]
			s.outcome(shot, way, target)
		}
	}
}
