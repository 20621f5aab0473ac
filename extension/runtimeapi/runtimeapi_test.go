package runtimeapi_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lambda-remit/remit/extension/runtimeapi"
)

// An exchange is what both sides of one connection send, in turns, and what
// has to be reported.
type exchange struct {
	name  string
	turns []turn
	want  []string
}

// A turn is what one side sends before the other goes on.
type turn struct {
	api  bool // the API's, else the runtime's
	data []byte
}

// exchanges reads testdata/exchanges.txtar.
func exchanges(t testing.TB) (all []exchange) {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/exchanges.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		e := exchange{name: f.Name}
		for line := range strings.Lines(string(f.Data)) {
			line = strings.TrimSuffix(line, "\n")
			if event, ok := strings.CutPrefix(line, "! "); ok {
				e.want = append(e.want, event)
				continue
			}
			api := line[0] == '<'
			text := strings.TrimPrefix(line[1:], " ") + "\r\n"
			if raw, ok := strings.CutPrefix(line[1:], "= "); ok {
				if text, err = strconv.Unquote(`"` + strings.ReplaceAll(raw, `"`, `\"`) + `"`); err != nil {
					t.Fatalf("%s: %q: %v", f.Name, raw, err)
				}
			}
			if last := len(e.turns) - 1; last >= 0 && e.turns[last].api == api {
				e.turns[last].data = append(e.turns[last].data, text...)
			} else {
				e.turns = append(e.turns, turn{api, []byte(text)})
			}
		}
		all = append(all, e)
	}
	if len(all) == 0 {
		t.Fatal("no exchanges")
	}
	return all
}

// An api is Lambda's side: it hands out the connections that come to it.
type api struct {
	net.Listener
	proxy *runtimeapi.Proxy
	front string // where the proxy listens

	mu   sync.Mutex
	seen []string
}

func newAPI(t testing.TB) *api {
	t.Helper()
	back, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	front, err := runtimeapi.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a := &api{Listener: back, front: front.Addr().String()}
	a.proxy = &runtimeapi.Proxy{
		API: back.Addr().String,
		Begin: func(i runtimeapi.Invocation) {
			text := fmt.Sprintf("begin %s %s %s %s", i.Request, i.Trace, i.Function, i.Tenant)
			if !i.Deadline.IsZero() {
				text += fmt.Sprint(" ", i.Deadline.UnixMilli())
			}
			a.note(strings.TrimRight(text, " "))
		},
		End:     func(request string) { a.note("end " + request) },
		Restore: func() { a.note("restore") },
	}
	var serving sync.WaitGroup
	serving.Go(func() { a.proxy.Serve(front) })
	t.Cleanup(func() {
		a.proxy.Close()
		back.Close()
		serving.Wait()
	})
	return a
}

func (a *api) note(text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen = append(a.seen, text)
}

func (a *api) noted() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(a.seen, "\n")
}

// dial connects through the proxy, and returns both ends.
func (a *api) dial(t testing.TB) (runtime, lambda *net.TCPConn) {
	t.Helper()
	down, err := net.Dial("tcp", a.front)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { down.Close() })
	up, err := a.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { up.Close() })
	deadline := time.Now().Add(10 * time.Second)
	down.SetDeadline(deadline)
	up.SetDeadline(deadline)
	return down.(*net.TCPConn), up.(*net.TCPConn)
}

// play sends e's turns, each in pieces of at most so many bytes, and checks
// that the other side gets what was sent before the next turn begins.
func (e exchange) play(t testing.TB, a *api, piece int) {
	t.Helper()
	runtime, lambda := a.dial(t)
	for _, turn := range e.turns {
		from, to := runtime, lambda
		if turn.api {
			from, to = lambda, runtime
		}
		got := make([]byte, len(turn.data))
		for rest := turn.data; len(rest) > 0; {
			n := min(piece, len(rest))
			if _, err := from.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if _, err := io.ReadFull(to, got); err != nil || !bytes.Equal(got, turn.data) {
			t.Fatalf("got %q (%v), want %q", got, err, turn.data)
		}
	}
	for _, side := range [][2]*net.TCPConn{{runtime, lambda}, {lambda, runtime}} {
		side[0].CloseWrite()
		if rest, err := io.ReadAll(side[1]); err != nil || len(rest) > 0 {
			t.Fatalf("got %q (%v) at the end, want nothing", rest, err)
		}
	}
}

func TestExchangesPassByteForByteAndAreSeen(t *testing.T) {
	for _, e := range exchanges(t) {
		t.Run(e.name, func(t *testing.T) {
			for _, piece := range []int{1 << 20, 1, 7} {
				a := newAPI(t)
				e.play(t, a, piece)
				if got, want := a.noted(), strings.Join(e.want, "\n"); got != want {
					t.Errorf("in pieces of %d: saw %q, want %q", piece, got, want)
				}
			}
		})
	}
}

// TestTheRuntimeLearnsOfAnInvocationLast has what is reported to wait: as long
// as it does, the runtime has nothing.
func TestTheRuntimeLearnsOfAnInvocationLast(t *testing.T) {
	for _, c := range []struct{ path, header string }{
		{"invocation/next", "Lambda-Runtime-Aws-Request-Id: 1\r\n"},
		{"restore/next", ""},
	} {
		a := newAPI(t)
		told, wait := make(chan bool), make(chan bool)
		a.proxy.Begin = func(runtimeapi.Invocation) { told <- true; <-wait }
		a.proxy.Restore = func() { told <- true; <-wait }
		runtime, lambda := a.dial(t)
		request := "GET /2018-06-01/runtime/" + c.path + " HTTP/1.1\r\nHost: h\r\n\r\n"
		answer := "HTTP/1.1 200 OK\r\n" + c.header + "Content-Length: 2\r\n\r\n{}"
		io.WriteString(runtime, request)
		io.ReadFull(lambda, make([]byte, len(request)))
		io.WriteString(lambda, answer)
		<-told
		runtime.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if n, err := runtime.Read(make([]byte, 1)); n > 0 || err == nil {
			t.Errorf("%s: the runtime had its answer before it was told", c.path)
		}
		runtime.SetReadDeadline(time.Now().Add(10 * time.Second))
		close(wait)
		got := make([]byte, len(answer))
		if _, err := io.ReadFull(runtime, got); err != nil || string(got) != answer {
			t.Errorf("%s: got %q (%v), want %q", c.path, got, err, answer)
		}
	}
}

func TestAStreamIsNotHeldBack(t *testing.T) {
	a := newAPI(t)
	runtime, lambda := a.dial(t)
	for _, piece := range []string{
		"POST /2018-06-01/runtime/invocation/1/response HTTP/1.1\r\n", "Transfer-Encoding: chunked\r\n\r\n",
		"5\r\nhel", "lo\r", "\n", "0\r\nLambda-Runtime-Function-Error-Type: Boom\r\n", "\r\n",
	} {
		io.WriteString(runtime, piece)
		got := make([]byte, len(piece))
		if _, err := io.ReadFull(lambda, got); err != nil || string(got) != piece {
			t.Fatalf("got %q (%v), want %q", got, err, piece)
		}
	}
}

// TestConnectionsBreakAsTheyWereBroken ends connections in the middle of a body.
func TestConnectionsBreakAsTheyWereBroken(t *testing.T) {
	const request = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: h\r\n\r\n"
	const answer = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it"
	begin := func(t *testing.T) (runtime, lambda *net.TCPConn) {
		runtime, lambda = newAPI(t).dial(t)
		io.WriteString(runtime, request)
		io.ReadFull(lambda, make([]byte, len(request)))
		io.WriteString(lambda, answer)
		if got := make([]byte, len(answer)); true {
			io.ReadFull(runtime, got)
			if string(got) != answer {
				t.Fatalf("got %q, want %q", got, answer)
			}
		}
		return runtime, lambda
	}
	t.Run("Lambda closes", func(t *testing.T) {
		runtime, lambda := begin(t)
		lambda.Close()
		if n, err := runtime.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("got %d bytes and %v, want the end", n, err)
		}
	})
	t.Run("Lambda resets", func(t *testing.T) {
		runtime, lambda := begin(t)
		lambda.SetLinger(0)
		lambda.Close()
		if _, err := runtime.Read(make([]byte, 1)); err == nil || err == io.EOF {
			t.Errorf("got %v, want a reset", err)
		}
	})
	t.Run("the runtime resets", func(t *testing.T) {
		runtime, lambda := begin(t)
		runtime.SetLinger(0)
		runtime.Close()
		if _, err := lambda.Read(make([]byte, 1)); err == nil || err == io.EOF {
			t.Errorf("got %v, want a reset", err)
		}
	})
	t.Run("half a head", func(t *testing.T) {
		runtime, lambda := newAPI(t).dial(t)
		io.WriteString(lambda, "HTTP/1.1 200 OK\r\nContent-")
		lambda.Close()
		if got, err := io.ReadAll(runtime); string(got) != "HTTP/1.1 200 OK\r\nContent-" || err != nil {
			t.Errorf("got %q (%v)", got, err)
		}
	})
	t.Run("a head without end", func(t *testing.T) {
		runtime, lambda := newAPI(t).dial(t)
		long := bytes.Repeat([]byte("x"), 100<<10)
		var sending sync.WaitGroup
		sending.Go(func() { lambda.Write(long); lambda.Close() })
		if got, err := io.ReadAll(runtime); !bytes.Equal(got, long) || err != nil {
			t.Errorf("got %d bytes (%v), want %d", len(got), err, len(long))
		}
		sending.Wait()
	})
	t.Run("an answer before the end of the request", func(t *testing.T) {
		runtime, lambda := newAPI(t).dial(t)
		var sending sync.WaitGroup
		sending.Go(func() {
			io.WriteString(runtime, "POST /2018-06-01/runtime/invocation/1/response HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n")
			for {
				if _, err := runtime.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		})
		lambda.Read(make([]byte, 100))
		const refusal = "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
		io.WriteString(lambda, refusal)
		got := make([]byte, len(refusal))
		if _, err := io.ReadFull(runtime, got); err != nil || string(got) != refusal {
			t.Errorf("got %q (%v), want %q", got, err, refusal)
		}
		lambda.Close()
		sending.Wait()
	})
	t.Run("nobody listens", func(t *testing.T) {
		a := newAPI(t)
		a.Close()
		down, err := net.Dial("tcp", a.front)
		if err != nil {
			return
		}
		defer down.Close()
		down.SetDeadline(time.Now().Add(10 * time.Second))
		if n, err := down.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("got %d bytes, want a broken connection", n)
		}
	})
}

func TestCloseEndsWhatWaits(t *testing.T) {
	a := newAPI(t)
	runtime, _ := a.dial(t)
	a.proxy.Close()
	if _, err := runtime.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is still there")
	}
	if c, err := net.Dial("tcp", a.front); err == nil {
		c.Close()
		t.Error("it still listens")
	}
}

func TestMoreConnectionsThanThereArePlacesForWait(t *testing.T) {
	a := newAPI(t)
	var runtimes []*net.TCPConn
	for range 64 {
		runtime, _ := a.dial(t)
		runtimes = append(runtimes, runtime)
	}
	late := make(chan error, 1)
	go func() {
		up, err := a.Accept()
		if err == nil {
			up.Close()
		}
		late <- err
	}()
	down, err := net.Dial("tcp", a.front)
	if err != nil {
		t.Fatal(err)
	}
	defer down.Close()
	select {
	case <-late:
		t.Error("the 65th connection was passed on")
	case <-time.After(20 * time.Millisecond):
	}
	runtimes[0].SetLinger(0)
	runtimes[0].Close()
	if err := <-late; err != nil {
		t.Error(err)
	}
}
