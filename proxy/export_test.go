package proxy

import "time"

// SetPatience is how long a call waits for others to end. A server that serves
// already has its own.
func SetPatience(s *Server, d time.Duration) { s.serving.patience = d }

// SetGrace is how long a connection is idle before another takes its place.
func SetGrace(s *Server, d time.Duration) { s.serving.grace = d }

// MinPause and MaxPause bound how long a client that may be unready is given.
const (
	FirstPause  = firstPause
	MinPause    = minPause
	MaxPause    = maxPause
	FirstPauses = firstPauses
)
