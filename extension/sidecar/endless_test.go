package sidecar

import (
	"bufio"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// Slow and endless bodies, and bombs: what is read of a call is bounded, for
// each and for all of them, and what is denied is not read for ever.
func TestAnEndlessBodyEnds(t *testing.T) {
	for _, test := range []struct {
		name, shot string
		status     int
	}{
		{"that has to be read", "# host sns.eu-west-1.amazonaws.com\nPOST / HTTP/1.1\nHost: {host}\nContent-Type: application/x-www-form-urlencoded\nTransfer-Encoding: chunked\n{sign service=sns}\n", 403},
		{"of keys to delete", "POST /media?delete HTTP/1.1\nHost: {host}\nTransfer-Encoding: chunked\n{sign payload=UNSIGNED-PAYLOAD}\n", 403},
		{"of a call that is denied", "PUT /media/other/a HTTP/1.1\nHost: {host}\nTransfer-Encoding: chunked\n{sign payload=UNSIGNED-PAYLOAD}\n", 403},
		{"of a call that nobody signed", "PUT /media/granted/a HTTP/1.1\nHost: {host}\nTransfer-Encoding: chunked\n", 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := besiege(t, "")
			shot := parseShot(t, test.shot)
			wire, _ := shot.bytes(t, "endpoint", s.car.Handshake().Proxy, s.keys)
			conn, err := s.dial("endpoint", "", "")
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(20 * time.Second))
			conn.Write(wire)
			var writing sync.WaitGroup
			writing.Go(func() {
				chunk := []byte("8000\r\n" + strings.Repeat("x", 0x8000) + "\r\n")
				for err == nil {
					_, err = conn.Write(chunk)
				}
			})
			resp, e := http.ReadResponse(bufio.NewReader(conn), nil)
			if e != nil || resp.StatusCode != test.status {
				t.Errorf("got %v, %v, want %d", resp, e, test.status)
			}
			writing.Wait() // until the connection is closed on it
			if n, ok := err.(interface{ Timeout() bool }); ok && n.Timeout() {
				t.Error("the body was still being read after 20 s")
			}
			if seen, _ := s.taken(); len(seen) > 0 {
				t.Errorf("sent %d requests", len(seen))
			}
		})
	}
}

// A hundred clients that each have a body read as large as it may be, and
// leave it unfinished, do not fill the sandbox's memory.
func TestManyBodiesDoNotFillTheMemory(t *testing.T) {
	s := besiege(t, "")
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	shot := parseShot(t, "# host sns.eu-west-1.amazonaws.com\nPOST / HTTP/1.1\nHost: {host}\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 8000000\n{sign service=sns}\n")
	body := []byte(strings.Repeat("x", 4<<20))
	var all sync.WaitGroup
	for range 100 {
		wire, _ := shot.bytes(t, "endpoint", s.car.Handshake().Proxy, s.keys)
		conn, err := s.dial("endpoint", "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		all.Go(func() {
			conn.Write(wire)
			conn.Write(body)
		})
	}
	all.Wait()
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 100<<20 {
		t.Errorf("the heap has grown by %d MB", grown>>20)
	}
}
