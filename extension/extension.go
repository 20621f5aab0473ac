// Package extension lives the life of a Lambda extension.
//
// [Run] opens everything that the function will need, registers, waits for
// events, and shuts down in the time it is given. It has one rule for what goes
// wrong: it ends, and says so to Lambda, which then fails the sandbox's start
// or the running invocation. There is no state in which the function runs on
// and its calls are not decided.
//
// The facts of the platform that shape it are AWS's ("AWS Lambda Developer
// Guide: Using the Lambda Extensions API to create extensions") or measured on
// AWS's Runtime Interface Emulator:
//
//   - the runtime starts only when every extension has registered, so all
//     listeners are open before that;
//   - an extension that exits, with any code, while it was not told to shut
//     down ends the invocation;
//   - the order of an INVOKE event and the function's own start is not defined,
//     so nothing waits for the event;
//   - a restore from a snapshot is told to the runtime alone, so SnapStart's
//     runtimes speak to Lambda by way of this process (package runtimeapi), and
//     where they do not, signs of one are looked for (package sidecar);
//   - Managed Instances run invocations side by side and have no INVOKE event,
//     so nothing here holds for the one invocation that runs;
//   - between invocations the sandbox is frozen, so nothing is scheduled and
//     the wait for an event has no timeout.
//
// # The hardened process
//
// Function and extension are processes of one user in one sandbox. What keeps
// them apart stands in the line of the start (package audit), each as true or
// false under hardening:
//
//	memory_closed     nobody of this user reads or traces the extension: it has
//	                  made itself so
//	closed_from_exec  and the kernel had, before it ran: its file can be executed
//	                  and not read, if Lambda keeps the layer's modes
//	no_new_privs      nothing that the function executes gains privileges
//	others_closed     Landlock keeps the function out of every process that it did
//	                  not start: other extensions and Lambda's own have the keys
//	signals_closed    it cannot signal them either (Landlock's ABI 6)
//	sockets_closed    nor connect to their abstract sockets
//
// The first two are this package's, the rest is the wrapper's doing, who tells of
// it over the connection of the handshake. Package e2e has a red team attack all
// of it.
package extension

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/lambda-remit/remit/extension/environ"
	"github.com/lambda-remit/remit/extension/sidecar"
	"github.com/lambda-remit/remit/proxy/audit"
)

// Config says where the extension stands. The zero Config is Lambda's.
type Config struct {
	Getenv   func(string) string // nil: os.Getenv, and the credentials are unset once they are read
	TaskRoot string              // where the function's package lies; empty: LAMBDA_TASK_ROOT, else /var/task
	Place    environ.Place       // where the layer lies; empty: found by this program's own path
	Log      io.Writer           // the decision log; nil: standard output

	// Start starts the sidecar. Nil: [sidecar.Start].
	Start func(context.Context, sidecar.Config) (*sidecar.Sidecar, error)

	environ []string // this process's, with the function's bearer tokens
	unset   func()
	program string // this one's file; empty: it starts no other process
}

// What ends an extension, as Lambda's log and metrics show it.
const (
	configError  = "Remit.Config"  // the manifest or a variable
	startError   = "Remit.Start"   // a listener
	runtimeError = "Remit.Runtime" // anything later
)

// shutdownSlack is left of the time that Lambda gives to shut down, for the
// process to exit in.
const shutdownSlack = 200 * time.Millisecond

// Run is the whole life of the extension. It returns nil when Lambda said to
// shut down, and an error when the process has to exit with one. It closes this
// process to others of its user before it reads anything.
func Run(ctx context.Context, c Config) error {
	if c.Getenv == nil {
		if err := quieten(); err != nil {
			return err
		}
	}
	hardened := Harden()
	ignoreSignals()
	c, err := c.defaults()
	if err != nil {
		return err
	}
	address := c.Getenv("AWS_LAMBDA_RUNTIME_API")
	if address == "" {
		return errors.New("AWS_LAMBDA_RUNTIME_API is not set: this program is a Lambda extension and is started by Lambda; to hold a local process to a manifest use remit run")
	}
	api := newClient(address, "remit")
	// What earlier starts left there, while the rest opens: soon the wrapper is
	// started, which can get the number of a process that has ended.
	go environ.Sweep("/tmp")

	o, kind, err := c.open(ctx, address, hardened)
	if err != nil {
		return errors.Join(err, initError(ctx, api, kind, err))
	}
	fn, err := api.register(ctx)
	if err != nil {
		o.close(ctx)
		return err // it cannot be reported without an id; Lambda takes the exit for a crash
	}
	o.sidecar.SetAccount(fn.Account)
	// Only now: until it has registered, an extension keeps the runtime waiting.
	// What is minted before a snapshot is of no use after it.
	if c.Getenv(initType) != snapStart {
		o.sidecar.Warm()
	}
	deadline, err := o.live(ctx, api)
	if err != nil {
		// Not gracefully: each moment here is one in which the function runs.
		return errors.Join(err, exitError(api, err))
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	o.close(ctx)
	return nil
}

// defaults fills in what is not set.
func (c Config) defaults() (Config, error) {
	if c.Getenv == nil {
		c.Getenv, c.environ = os.Getenv, os.Environ()
		c.unset = unset
		c.program, _ = os.Executable()
	}
	if c.TaskRoot == "" {
		// Lambda does not tell its extensions; where it is told, as under the
		// emulator, it holds. The variable is reserved: no function's
		// configuration can set it.
		c.TaskRoot = c.Getenv("LAMBDA_TASK_ROOT")
	}
	if c.TaskRoot == "" {
		c.TaskRoot = "/var/task"
	}
	if c.Place == "" {
		exe, err := os.Executable()
		if err != nil {
			return c, err
		}
		c.Place = environ.PlaceOf(exe)
	}
	if c.Log == nil {
		c.Log = os.Stdout
	}
	if c.Start == nil {
		c.Start = sidecar.Start
	}
	return c, nil
}

// opened is everything that listens.
type opened struct {
	sidecar  *sidecar.Sidecar
	greeter  *greeter
	hardened Hardening
	passing  *passing // nil where the runtime speaks to Lambda itself
	tokens   string   // the directory of the bearer token's file; empty: none
	carriers *carriers
}

// open reads the configuration and opens every listener. With an error it has
// opened none, and says which kind of error Lambda is told.
func (c Config) open(ctx context.Context, address string, hardened Hardening) (o opened, kind string, err error) {
	base, err := base(c.Getenv)
	if err != nil {
		return o, configError, err
	}
	had := c.Getenv("AWS_ACCESS_KEY_ID") != ""
	var notes []string
	if c.unset != nil {
		c.unset() // before a manifest could ask for ${env:AWS_SECRET_ACCESS_KEY}
		notes = distrust(c.Getenv, os.Unsetenv, c.TaskRoot, string(c.Place))
	}
	m, err := c.load()
	if err != nil {
		return o, configError, err
	}
	o.hardened = hardened
	way, err := c.way()
	if err != nil {
		return o, configError, err
	}
	defer func() {
		if err != nil {
			o.close(ctx)
		}
	}()
	onward, err := sidecar.ParseOnward(c.Getenv)
	if err != nil {
		return o, configError, err
	}
	keys, err := c.keys(m.Manifest, had)
	if err != nil {
		return o, configError, err
	}
	o.carriers = &carriers{exe: c.program, arg: Carrier}
	token := ""
	if c.Getenv(initType) == snapStart {
		if o.tokens, err = environ.Directory("/tmp"); err != nil {
			return o, startError, err
		}
		token = filepath.Join(o.tokens, "token")
	}
	o.sidecar, err = c.Start(ctx, sidecar.Config{
		Manifest:  m.Manifest,
		SHA256:    m.sha256,
		Region:    c.Getenv("AWS_REGION"),
		Function:  c.Getenv("AWS_LAMBDA_FUNCTION_NAME"),
		Version:   c.Getenv("AWS_LAMBDA_FUNCTION_VERSION"),
		Base:      base,
		Bearer:    environ.Bearers(c.environ),
		Log:       c.Log,
		Notes:     append(notes, m.notes...),
		Forbidden: addresses(address),
		TokenFile: token,
		Keys:      keys,
		Carry:     o.carriers.take,
		Snapshot:  c.Getenv(initType) == snapStart,
		Onward:    onward,

		Parameters:  c.parameters(),
		Address:     c.Getenv("REMIT_ENDPOINT"),
		Cooperative: c.Getenv("REMIT_ENDPOINT") != "",
	})
	if err != nil {
		return o, startError, err
	}
	handshake := o.sidecar.Handshake()
	if way == passed {
		if o.passing, err = c.pass(ctx, address, o.sidecar); err != nil {
			return o, startError, err
		}
		handshake.RuntimeAPI = o.passing.address
	}
	var first sync.Once
	o.greeter, err = greet(c.Place, handshake, func(told environ.Confinement, silent error) {
		first.Do(func() {
			o.passing.behind(told.RuntimeAPI)
			why := ""
			if silent != nil {
				why = silent.Error()
			}
			boundary, measures := hardened.boundary(told, why)
			if told.Landlock == 0 {
				if all := reach(); all != "" {
					boundary.Why += "; it can reach " + all
				}
			}
			o.sidecar.Announce(audit.Boundary{Stands: true}, boundary, measures...)
		})
	})
	if err != nil {
		return o, startError, err
	}
	o.passing.await(o.greeter.await)
	return o, "", nil
}

// close stops listening, lets the running calls end until ctx is done, and
// writes out the log.
func (o opened) close(ctx context.Context) {
	if o.greeter != nil {
		o.greeter.close()
	}
	if o.passing != nil {
		o.passing.close()
	}
	if o.sidecar != nil {
		o.sidecar.Close(ctx)
	}
	if o.carriers != nil {
		o.carriers.close()
	}
	if o.tokens != "" {
		os.RemoveAll(o.tokens)
	}
}

// unwrapped is why neither the function's environment nor its reach is what it
// should be.
const unwrapped = "the function was started without the wrapper: AWS_LAMBDA_EXEC_WRAPPER has to name /opt/remit/exec"

// live waits for events until Lambda says to shut down, and returns when it has
// to be done. It asks for the next event at once: the invocation is not over
// for Lambda before its extensions have.
func (o opened) live(ctx context.Context, api *client) (deadline time.Time, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case err := <-o.sidecar.Broken():
			stop(err)
		case err := <-o.passing.failed():
			stop(err)
		case <-ctx.Done():
		}
	})
	defer watching.Wait()
	defer stop(nil)
	for {
		e, err := api.next(ctx)
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				return deadline, cause
			}
			return deadline, err
		}
		// The wrapper has asked, and told, before the runtime could ask for an
		// event.
		o.greeter.settle()
		boundary, measures := o.hardened.boundary(environ.Confinement{}, unwrapped)
		o.sidecar.Announce(audit.Boundary{Why: unwrapped}, boundary, measures...)
		switch e.Type {
		case "INVOKE":
			o.sidecar.SetAccount(accountOf(e.Function))
			o.sidecar.Invocation(e.Tracing.Value, e.Request)
		case "SHUTDOWN":
			if e.Deadline == 0 {
				return time.Now(), nil
			}
			return time.UnixMilli(e.Deadline).Add(-shutdownSlack), nil
		default:
			return deadline, fmt.Errorf("event/next: event %q is not one that was asked for", e.Type)
		}
	}
}

// initError tells Lambda why the sandbox cannot start, for which the extension
// has to be registered. Nothing listens, so that a runtime which starts in this
// moment has a wrapper that finds nobody and ends.
func initError(ctx context.Context, api *client, kind string, cause error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if _, err := api.register(ctx); err != nil {
		return err
	}
	return api.fail(ctx, "init", kind, cause)
}

func exitError(api *client, cause error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return api.fail(ctx, "exit", runtimeError, cause)
}

// addresses are the addresses of the Runtime API, which no tunnel may reach:
// whoever speaks to it can answer for the function.
func addresses(api string) []netip.Addr {
	if a, err := netip.ParseAddrPort(api); err == nil {
		return []netip.Addr{a.Addr()}
	}
	return nil
}
