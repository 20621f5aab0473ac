package environ

import "encoding/json"

// A Confinement is what the wrapper did to the program that it becomes, for
// the extension's log: it is told while the function is not there yet. Nothing
// is decided by it. The zero Confinement is of a program that may do whatever
// its user may.
type Confinement struct {
	Landlock     int    `json:"landlock,omitempty"`      // version of the kernel's Landlock that holds it out of the memory of others
	Signals      bool   `json:"signals,omitempty"`       // and from signalling them
	Sockets      bool   `json:"sockets,omitempty"`       // and out of their abstract sockets
	NoPrivileges bool   `json:"no_new_privs,omitempty"`  // no program that it executes gains any
	Why          string `json:"why_not_whole,omitempty"` // what of this does not hold
}

// MaxConfinement is the length of the longest report that is worth reading.
const MaxConfinement = 1024

// ParseConfinement reads a report of [Answer.Tell].
func ParseConfinement(b []byte) (Confinement, error) {
	var c Confinement
	if err := json.Unmarshal(b, &c); err != nil {
		return Confinement{}, err
	}
	if c.Landlock < 0 {
		c.Landlock = 0
	}
	return c, nil
}
