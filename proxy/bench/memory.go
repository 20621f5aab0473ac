package main

import (
	"context"
	"errors"
	"time"

	"github.com/lambda-remit/remit/extension/lambdatest"
)

// A memory is what one proxy takes, in bytes resident.
type memory struct {
	name       string
	idle, most int64
}

// memories measures what a fresh proxy has resident before its first call, and
// at most while 64 bodies of 64 MB go through it at a time: down, and then up.
func memories(ctx context.Context, b *bench, o options) ([]memory, error) {
	f, address, err := startRole("serve-floor", b.atOnce)
	if err != nil {
		return nil, err
	}
	defer f.stop()
	plain := &target{name: floor, address: address, host: b.atOnce[len("http://"):], credentials: b.admin}
	m, err := fill(ctx, plain, f.cmd.Process.Pid, o)
	all := []memory{m}
	for i := range 2 {
		if err != nil {
			return all, err
		}
		var s *sandbox
		if s, err = b.newSandbox(ctx, b.atOnce); err != nil {
			return all, err
		}
		m, err = fill(ctx, s.targets()[i], s.pid, o)
		all = append(all, m)
		s.close()
	}
	return all, err
}

// fill loads the process pid through t.
func fill(ctx context.Context, t *target, pid int, o options) (memory, error) {
	m := memory{name: t.name}
	var err error
	if m.idle, m.most, err = resident(pid); err != nil {
		return m, err
	}
	body := int64(large)
	if o.short {
		body /= 8
	}
	for _, s := range []shape{get(large), put(body)} {
		if o.short {
			s.key = map[string]string{"GET": "in/8388608", "PUT": s.key}[s.method]
		}
		requests, err := t.requests(ctx, s, 64)
		if err != nil {
			return m, err
		}
		if err := fillOnce(t, requests); err != nil {
			return m, err
		}
	}
	if _, m.most, err = resident(pid); err == nil && m.most == 0 {
		err = errors.New("this system does not tell how much memory was resident at most")
	}
	return m, err
}

// fillOnce makes every request once, all at the same time, each over a
// connection of its own.
func fillOnce(t *target, requests []request) error {
	var conns []*conn
	for range requests {
		c, err := t.dial()
		if err != nil {
			return err
		}
		defer c.Close()
		conns = append(conns, c)
	}
	_, err := load(conns, requests, 0)
	return err
}

// A life is how long a sandbox's parts took to start.
type life struct {
	registered    time.Duration // of the extension: from exec until it had registered
	with, without time.Duration // of the whole, until the function waits for its first event
	wrapped, bare time.Duration // of the runtime: from exec, of the wrapper or of its own, until then
}

// starts starts sandboxes with the layer and without it, in turn, and returns
// medians.
func starts(ctx context.Context, b *bench, o options) (life, error) {
	var registered, with, without, wrapped, unwrapped []time.Duration
	config, _, err := b.configure(b.atOnce)
	if err != nil {
		return life{}, err
	}
	bare := config
	bare.Layer, bare.Env = "", nil
	one := func(c lambdatest.Config, times, runtimes *[]time.Duration) error {
		s, err := lambdatest.New(c)
		if err != nil {
			return err
		}
		defer s.Close()
		began := time.Now()
		if err := s.Start(ctx); err != nil {
			return err
		}
		*times = append(*times, time.Since(began))
		*runtimes = append(*runtimes, s.Asked())
		if c.Layer != "" {
			registered = append(registered, s.Registered("remit"))
		}
		return nil
	}
	for range 3 * o.rounds {
		if err := errors.Join(one(config, &with, &wrapped), one(bare, &without, &unwrapped)); err != nil {
			return life{}, err
		}
	}
	return life{median(registered), median(with), median(without), median(wrapped), median(unwrapped)}, nil
}
