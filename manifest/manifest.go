// Package manifest reads a function's manifest and decides requests by it.
//
// A manifest is a list of grants. A grant names actions, resources and
// conditions, as an IAM statement does, but it can only allow: what no grant
// allows is denied. There is no precedence to learn, and two manifests joined
// grant exactly what either granted.
//
// The package knows IAM's words and no HTTP: actions and resources are strings
// that somebody else has read out of a call. It imports nothing from this
// module.
package manifest

import (
	"fmt"
	"net/url"
	"time"
)

// A Manifest is the whole of what one function may do. A Manifest made by
// [Parse] is valid; the zero Manifest grants nothing.
type Manifest struct {
	File        string // where it was read from, as named to Parse
	Function    string // the log's name for the function; may be empty
	Mode        Mode
	Credentials Credentials
	Grants      []*Grant
	Upstreams   map[string]*url.URL // by service: the address dialled in place of AWS's
	Log         LogLevel
	Warnings    []*Error // what is odd but does not stop a start, in source order

	// Account is the account that bare names are in: twelve digits, or empty
	// while none is known. See [Manifest.InAccount].
	Account string
	// Region and Partition are what bare names were written into.
	Region, Partition string
}

// A Mode says what happens to a call that is not granted.
type Mode string

const (
	Enforce Mode = ""        // it is denied
	Observe Mode = "observe" // it goes on, and the log says what would have been
)

// A LogLevel says which allowed calls the decision log has. Denied calls are
// always in it.
type LogLevel string

const (
	LogDenials LogLevel = "denials"
	LogSampled LogLevel = "sampled"
	LogAll     LogLevel = "all"
)

// A Width says how much more than its own call a minted credential may do.
type Width string

const (
	WidthCall  Width = "call"  // exactly the call's requests
	WidthGrant Width = "grant" // all that the grants allow which the call used
)

// Credentials says under which credentials granted calls go on.
type Credentials struct {
	Role        string            // ARN of the role to assume, or [Self]; empty only if Unminted
	Unminted    bool              // send calls under the base credentials: boundaries 1 and 2 do not stand
	Mint        Width             // the zero Width means WidthCall
	Duration    time.Duration     // of minted credentials; zero means an hour
	SessionTags map[string]string // nil for none
}

// Self, as Credentials.Role, assumes the execution role itself.
const Self = "self"

// A Grant allows its actions on its resources while all its conditions hold.
type Grant struct {
	ID         string   // unique in the manifest and stable while the manifest is: "object_storage.read_prefix", "allow[2]"
	Actions    []string // IAM patterns, compared without case
	Resources  []Pattern
	Conditions []Condition
	Mint       Width // the zero Width means the manifest's
	Pos        Position
}

// String names the grant as the log does: "remit.yaml:6 object_storage.read_prefix".
func (g *Grant) String() string { return fmt.Sprintf("%s:%d %s", g.Pos.File, g.Pos.Line, g.ID) }

// A Condition compares one context key with values, by one of IAM's operators.
type Condition struct {
	Operator string   // as IAM spells it: "StringEquals", "StringLike", "Null"
	Key      string   // "s3:prefix"; compared without case
	Values   []string // patterns where the operator takes them; any one may match
}

// A Request is one action on one resource. One call to a cloud can make
// several: a copy gets one object and puts another.
type Request struct {
	Action   string // "s3:GetObject"
	Resource string // "arn:aws:s3:::reports/2026/07.csv", literal; or "*" where the action has no resource or it cannot be known

	// Partly says that Resource ends in "?" where one call cannot tell the
	// characters: a secret named without the six that AWS appends. Such a
	// request is granted by a pattern that matches Resource, and by an exact
	// ARN that Resource, as a pattern, matches; the session policy then names
	// that ARN.
	Partly bool

	// Context has the condition keys that stand in the request, in lower
	// case. A key that the reader could have seen and did not is absent from
	// the request; keys that only AWS sees are never here (see [Deferred]).
	Context map[string][]string
}

// A Position is a place in a manifest's source. Lines and columns count from 1.
type Position struct {
	File         string
	Line, Column int
}

func (p Position) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// An Error is one thing wrong with a manifest, and where.
type Error struct {
	Pos  Position
	Text string
}

func (e *Error) Error() string { return e.Pos.String() + ": " + e.Text }

// Options are what a manifest is read with besides its text.
type Options struct {
	Getenv  func(string) (string, bool) // for ${env:NAME}, REMIT_BUCKET and REMIT_MODE; nil: nothing is set
	Region  string                      // the function's region; empty: patterns of bare names have "*" there
	Account string                      // if it is known already
	Lenient bool                        // an action that does not exist is a warning, not an error: old layers must start
}

// Parse reads a manifest. The error joins one [*Error] for each thing that is
// wrong, in source order.
func Parse(file string, src []byte, o Options) (*Manifest, error) {
	return nil, fmt.Errorf("not written")
}

// InAccount returns a copy of m whose bare names are in account. It is m
// itself if m's account is known.
func (m *Manifest) InAccount(account string) *Manifest { return m }
