package aws

import "strings"

// maxFound is how long a text may be that is found: the longest ids are tokens
// of 8 KB and ciphertexts of 6 KB, in base-64.
const maxFound = 16 << 10

// maxSteps is how many steps a path may have.
const maxSteps = 6

// A scanner finds texts in an object that comes in pieces, of whatever length:
// answers of 10 MB are passed on, and not held. It keeps one text at a time, of
// those that it looks for.
//
// It checks of the syntax what it goes by, which is enough for the answers of a
// service. Of what is no object it may find anything, but never says that it was
// whole unless what was opened is closed.
type scanner interface {
	// feed scans the next piece. It reports whether the scanner wants no more,
	// and if so, whether that was a whole object.
	feed(b []byte) (done, whole bool)
}

// finding is what scanners of all notations have in common: where in an object
// they are, and what is looked for there. "A.B" is where member B of member A
// stands, and "A.#" each element of A.
type finding struct {
	paths [][]string
	found func(path int, text string)
	seen  [8]bool // of the paths without "#", which stand once

	depth int                 // how many objects and lists are open
	want  [maxSteps + 2]uint8 // of the paths, those that lead through what is open at a depth
	here  uint8               // of those, which the member or element that follows is on

	done, whole bool
}

// find returns a finding that calls found with each text at paths, of which
// there are eight at most.
func find(paths []string, found func(path int, text string)) finding {
	f := finding{found: found}
	for i, p := range paths {
		f.paths = append(f.paths, strings.Split(p, "."))
		f.want[1] |= 1 << i
	}
	return f
}

// stop gives up.
func (f *finding) stop() { f.done = true }

// looking reports whether a path leads through what was opened last.
func (f *finding) looking() bool { return f.depth <= maxSteps && f.want[f.depth] != 0 }

// ending reports whether a path ends at the value that follows.
func (f *finding) ending() bool {
	for i, p := range f.paths {
		if f.here&(1<<i) != 0 && len(p) == f.depth {
			return true
		}
	}
	return false
}

// open is called where an object or a list begins.
func (f *finding) open(list bool) {
	f.depth++
	if f.depth > 1 && f.depth < len(f.want) {
		f.want[f.depth] = f.here
	}
	f.within(list)
}

// close is called where one ends, in an object or a list.
func (f *finding) close(inList bool) {
	f.depth--
	f.within(inList)
}

func (f *finding) within(list bool) {
	if f.here = 0; list {
		f.at("#")
	}
}

// member is called with the name of a member.
func (f *finding) member(name string) {
	if f.here = 0; name != "#" { // which stands for what no name does
		f.at(name)
	}
}

func (f *finding) at(step string) {
	if !f.looking() {
		return
	}
	for i, p := range f.paths {
		if f.want[f.depth]&(1<<i) != 0 && len(p) >= f.depth && p[f.depth-1] == step {
			f.here |= 1 << i
		}
	}
}

// text is called with a text at which a path ends.
func (f *finding) text(text string) {
	for i, p := range f.paths {
		if f.here&(1<<i) == 0 || len(p) != f.depth {
			continue
		}
		once := true
		for _, step := range p {
			once = once && step != "#"
		}
		if once && f.seen[i] {
			f.stop() // of two, neither
			return
		}
		f.seen[i] = true
		f.found(i, text)
	}
}
