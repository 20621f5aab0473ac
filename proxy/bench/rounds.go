package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The upstreams' names.
const (
	atOnce = "answer-at-once"
	minIO  = "MinIO"
)

// A cell is one thing to measure at every target of one upstream.
type cell struct {
	upstream *upstream
	name     string // "GET 1 KB, 16 connections"
	shape    shape
	conns    int
	limit    time.Duration // for one target in one round

	rounds []map[string]figures // by target
}

// figures are what a sample comes to.
type figures struct {
	p50, p99 time.Duration
	rate     float64 // calls a second
	through  float64 // bytes a second
}

func (s sample) figures() figures {
	slices.Sort(s.latencies)
	at := func(q float64) time.Duration { return s.latencies[int(q*float64(len(s.latencies)-1))] }
	seconds := s.took.Seconds()
	return figures{at(0.50), at(0.99), float64(s.calls) / seconds, float64(s.bytes) / seconds}
}

// cells are what is measured.
func cells(b *bench, o options) []*cell {
	limit, body := 400*time.Millisecond, 250*time.Millisecond
	counts := []int{1, 16, 64}
	if o.short {
		limit, body = 150*time.Millisecond, 100*time.Millisecond
	}
	var all []*cell
	for _, u := range b.upstreams {
		for _, s := range []shape{get(small), put(small)} {
			for _, n := range counts {
				connections := "1 connection"
				if n > 1 {
					connections = fmt.Sprintf("%d connections", n)
				}
				all = append(all, &cell{upstream: u, name: s.method + " 1 KB, " + connections, shape: s, conns: n, limit: limit})
			}
		}
		for _, s := range []shape{get(medium), put(medium), get(large), put(large)} {
			name := s.method + " 5 MB"
			if s == get(large) || s == put(large) {
				name = s.method + " 64 MB"
			}
			all = append(all, &cell{upstream: u, name: name, shape: s, conns: 1, limit: body})
		}
	}
	return slices.DeleteFunc(all, func(c *cell) bool { return !strings.Contains(c.upstream.name+": "+c.name, o.only) })
}

// rounds measures every cell, o.rounds times.
func rounds(ctx context.Context, b *bench, o options) ([]*cell, error) {
	all := cells(b, o)
	for _, c := range all {
		for _, t := range c.upstream.targets {
			// Credentials are minted and connections opened outside of what
			// is measured.
			if _, err := c.measure(ctx, t, 0); err != nil {
				return nil, err
			}
		}
	}
	for n := range o.rounds {
		say("round %d of %d", n+1, o.rounds)
		for _, c := range all {
			round := make(map[string]figures)
			for i := range c.upstream.targets {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				t := c.upstream.targets[(i+n)%len(c.upstream.targets)]
				f, err := c.measure(ctx, t, c.limit)
				if err != nil {
					return nil, err
				}
				round[t.name] = f
			}
			c.rounds = append(c.rounds, round)
		}
	}
	return all, nil
}

// measure makes c's calls at t for a moment. They are signed anew, since a
// signature is good for 15 minutes, and one call over each connection goes
// ahead.
func (c *cell) measure(ctx context.Context, t *target, limit time.Duration) (f figures, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %s: %s: %w", c.upstream.name, c.name, t.name, err)
		}
	}()
	requests, err := t.requests(ctx, c.shape, c.conns)
	if err != nil {
		return f, err
	}
	var conns []*conn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for range c.conns {
		one, err := t.dial()
		if err != nil {
			return f, err
		}
		conns = append(conns, one)
	}
	first := c.shape.body < medium && requests[0].want < medium
	if first || limit == 0 {
		if s, err := load(conns, requests, 0); err != nil || limit == 0 {
			return s.figuresIf(err), err
		}
	}
	s, err := load(conns, requests, limit)
	return s.figuresIf(err), err
}

func (s sample) figuresIf(err error) figures {
	if err != nil {
		return figures{}
	}
	return s.figures()
}

// of returns the median over the rounds of what f makes of one.
func (c *cell) of(f func(round map[string]figures) float64) float64 {
	var all []float64
	for _, r := range c.rounds {
		all = append(all, f(r))
	}
	return median(all)
}

// added is what target adds to the median latency of a direct call, in
// seconds: the median of the rounds' differences.
func (c *cell) added(target string) float64 {
	return c.of(func(r map[string]figures) float64 { return (r[target].p50 - r[direct].p50).Seconds() })
}

// ratio is the median of the rounds' ratios of target's figure to the floor's.
func (c *cell) ratio(target string, figure func(figures) float64) float64 {
	return c.of(func(r map[string]figures) float64 { return figure(r[target]) / figure(r[floor]) })
}

func rate(f figures) float64    { return f.rate }
func through(f figures) float64 { return f.through }

// median is the one in the middle; of an even number, the upper of the two.
func median[T cmp.Ordered](all []T) (m T) {
	if len(all) == 0 {
		return m
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
