package environ

// A Confinement is what the wrapper did to the program that it becomes, for
// the extension's log: it is told while the function is not there yet. No call
// is decided by it. The zero Confinement is of a program that may do whatever
// its user may.
type Confinement struct {
	Landlock     int    // version of the kernel's Landlock that holds it out of the memory of others
	Signals      bool   // and from signalling them
	Sockets      bool   // and out of their abstract sockets
	NoPrivileges bool   // no program that it executes gains any
	Why          string // what of this does not hold

	// RuntimeAPI is where the program would have spoken to Lambda, had it not
	// been told to speak to the extension: to Lambda itself, or to what another
	// layer's wrapper has put in between.
	RuntimeAPI string
}

// MaxConfinement is the length of the longest report that is worth reading.
const MaxConfinement = 1024
