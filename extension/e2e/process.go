package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A process is a program that runs beside this one and ends with it.
type process struct {
	cmd  *exec.Cmd
	out  output
	done chan struct{} // closed once it has ended
}

// start starts a program. What it writes is kept.
func start(env []string, argv ...string) (*process, error) {
	p := &process{cmd: exec.Command(argv[0], argv[1:]...), done: make(chan struct{})}
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = env, &p.out, &p.out
	// However this process ends, no server stays behind; and a terminal's
	// interrupt is for this process, which then ends its servers in order.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	p.cmd.WaitDelay = time.Second
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// stop ends the program: first as it likes to be ended, then anyhow.
func (p *process) stop(first syscall.Signal) {
	p.cmd.Process.Signal(first)
	select {
	case <-p.done:
	case <-time.After(3 * time.Second):
		p.cmd.Process.Kill()
		<-p.done
	}
}

// answering waits until url answers, or p ends. What answers has to say, if
// server is not empty, that it is one: on a busy machine somebody else may have
// got the port, and p is about to end for want of it.
func (p *process) answering(ctx context.Context, name, url, server string) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if a, err := direct.Do(r); err == nil {
			a.Body.Close()
			if a.StatusCode < 500 && strings.HasPrefix(a.Header.Get("Server"), server) {
				return nil
			}
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended before it served: %s", name, p.out.String())
		case <-ctx.Done():
			return fmt.Errorf("%s does not serve: %w: %s", name, context.Cause(ctx), p.out.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// direct speaks to the servers here; no proxy variable leads it elsewhere.
var direct = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4, DisableCompression: true}}

// An output keeps what a program writes, readable while it does.
type output struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// freeAddress returns a loopback address that nobody listens on. Somebody may
// by the time that it is used; a program that cannot listen ends, and says so.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// Checkout returns the root of the module that the working directory is in.
func Checkout() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", err
	}
	mod := string(bytes.TrimSpace(out))
	if mod == "" || mod == os.DevNull {
		return "", errors.New("the working directory is in no module")
	}
	return mod[:len(mod)-len("/go.mod")], nil
}
