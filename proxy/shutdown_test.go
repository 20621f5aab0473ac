package proxy_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/lambda-remit/remit/proxy"
)

func TestShutdownWaitsForCallsAndEndsTunnels(t *testing.T) {
	far, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	before := runtime.NumGoroutine()
	entered, release := make(chan bool, 100), make(chan bool)
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		entered <- true
		<-release
		io.WriteString(w, "answer")
	}, elsewhere(far.Addr().String()))
	var calls sync.WaitGroup
	ways := w.ways()
	for _, way := range ways {
		for range 4 {
			calls.Go(func() {
				req, _ := http.NewRequest("GET", way.url+"/bucket/key", nil)
				req.Header.Set("Authorization", "sealed")
				resp, err := way.client.Do(req)
				if err != nil {
					t.Errorf("%s: %v", way.name, err)
					return
				}
				defer resp.Body.Close()
				if got, err := io.ReadAll(resp.Body); string(got) != "answer" || err != nil {
					t.Errorf("%s: got %q %v", way.name, got, err)
				}
			})
		}
	}
	for range 4 * len(ways) {
		<-entered
	}
	idle := w.dial() // a tunnel that nobody uses
	connect(t, idle, "api.example.com:443")
	shy := w.dial() // a tunnel without its handshake
	connect(t, shy, claimed+":443")

	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- w.server.Shutdown(ctx) }()
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		conn, err := net.Dial("tcp", w.proxy.Host)
		if err != nil {
			break
		}
		conn.Close()
		if time.Since(began) > 2*time.Second { // Shutdown's own time is three
			t.Error("a connection is accepted during Shutdown")
			break
		}
	}
	close(release)
	calls.Wait()
	if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown returned %v with tunnels open, want the context's error", err)
	}
	for name, conn := range map[string]net.Conn{"tunnel": idle, "handshake": shy} {
		if _, err := io.ReadAll(conn); errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the %s is still open", name)
		}
		conn.Close()
	}
	for _, way := range ways {
		way.client.CloseIdleConnections()
	}
	w.cloud.transport.(*http.Transport).CloseIdleConnections()
	w.upstream.Close()
	far.Close()
	for range 500 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	buf := make([]byte, 1<<20)
	t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
}

func TestShutdownOfAnIdleServerReturnsAtOnce(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {}, nil)
	for _, way := range w.ways() {
		w.do(way.client, "GET", way.url+"/bucket/key", nil)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if err := w.server.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown returned %v", err)
	}
	if err := w.server.Serve(w.ln); err != http.ErrServerClosed {
		t.Errorf("Serve after Shutdown returned %v, want %v", err, http.ErrServerClosed)
	}
	if err := new(proxy.Server).Close(); err != nil {
		t.Errorf("Close of a server that never served returned %v", err)
	}
}
