package sidecar

import (
	"fmt"
	"os"
	"path/filepath"
)

// Restored tells that this process goes on from a snapshot, as other sandboxes
// do from the same one. What was of a time and a place is made anew: the base
// credentials, what was minted with them, the connections to AWS and to STS, the
// sandbox's name in the log, and the bearer token in the TokenFile. What the
// function's process may hold stays as it was, and good: the sealed credentials,
// the bearer token in its environment and the authority that it trusts. Those
// all clones of the snapshot have in common; none of them leads past a proxy,
// and each clone's listens on its own loopback.
//
// It asks nobody for anything, since the function waits; the manifest's grants
// are minted in the background as after [Sidecar.Warm].
func (s *Sidecar) Restored() {
	if g := s.signs; g != nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.over = true
	}
	s.anew()
}

// anew is what [Sidecar.Restored] does.
func (s *Sidecar) anew() {
	s.restoring.Lock()
	defer s.restoring.Unlock()
	s.announcing.Do(func() {}) // it was: who goes on has asked for the handshake
	s.log.Rename(sandbox())
	if p, ok := s.base.(interface{ Invalidate() }); ok {
		p.Invalidate()
	}
	s.disconnect()
	s.minter.Renew()
	if err := s.renew(); err != nil {
		// The token of before is good, and in the file or in the environment.
		s.start.Warnings = append(s.start.Warnings, fmt.Sprintf("the bearer token is not renewed: %v", err))
	}
	s.log.Start(s.start)
	s.Warm()
}

// disconnect closes the connections that are kept for calls.
func (s *Sidecar) disconnect() {
	if t, ok := s.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// renew puts a new bearer token into the file that the function's SDK reads.
func (s *Sidecar) renew() error {
	if s.handshake.TokenFile == "" {
		return nil
	}
	if err := s.issuer.Renew(); err != nil {
		return err
	}
	return replace(s.handshake.TokenFile, s.issuer.Token())
}

// replace writes a file that only this user reads, and puts it in the place of
// the one at path at once: somebody may be reading.
func replace(path, content string) error {
	// A name of its own, so that nobody can have put anything there.
	file, err := os.CreateTemp(filepath.Dir(path), ".token-") // of mode 0600
	if err != nil {
		return err
	}
	_, err = file.WriteString(content)
	if e := file.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		os.Remove(file.Name())
	}
	return err
}
