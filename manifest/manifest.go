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
	Own         *Grant              // what the function may do of itself, besides: see [Manifest.OfFunction]; nil: nothing
	Upstreams   map[string]*url.URL // by service: the address dialled in place of AWS's
	Egress      []Destination       // that are not the cloud's and may be connected to; nil for all, empty for none
	Endpoints   map[string]Pattern  // by host, in small letters: the API or function behind it, where anybody could have made one
	Domains     map[string]Domain   // by host, in small letters: custom domains of APIs
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
// always in it. The zero LogLevel, which [Parse] does not leave, is LogDenials.
type LogLevel string

const (
	LogDenials LogLevel = "denials" // none of them
	LogSampled LogLevel = "sampled" // one in a hundred
	LogAll     LogLevel = "all"     // all of them
)

// A Width says how much more than its own call a minted credential may do.
type Width string

const (
	WidthCall     Width = "call"     // exactly the call's requests
	WidthGrant    Width = "grant"    // all that the grants allow which the call used
	WidthAdaptive Width = "adaptive" // in a manifest only: WidthCall while a budget of requests to STS lasts, else WidthGrant
)

// Credentials says under which credentials granted calls go on.
type Credentials struct {
	Role        string            // ARN of the role to assume, or [Self]; empty only if Unminted
	Unminted    bool              // send calls under the base credentials: boundaries 1 and 2 do not stand
	Mint        Width             // the zero Width means WidthAdaptive
	Duration    time.Duration     // of minted credentials; zero means an hour
	SessionTags map[string]string // nil for none

	// ExposedRole is the ARN of the role that the function's own credentials are
	// of where grants are Exposed. Empty: Role.
	ExposedRole string

	// Foreign are access keys that nobody was given by Remit and that the
	// function may use all the same, by their id, each with the account that it
	// is of. Calls under them are decided as others are, and go on as they came.
	Foreign map[string]string
}

// Self, as Credentials.Role, assumes the execution role itself.
const Self = "self"

// A Grant allows its actions on its resources while all its conditions hold.
//
// A grant under a condition that only a service's call meets, such as
// kms:ViaService, allows no call of the function's own. It says what a service
// may do in the function's name while it serves a call of the function's to it;
// the grants of such calls have it among their Needs.
type Grant struct {
	ID         string   // unique in the manifest and stable while the manifest is: "object_storage.read_prefix", "allow[2]"
	Actions    []string // IAM patterns, compared without case
	Resources  []Pattern
	Conditions []Condition
	Mint       Width // the zero Width means the manifest's
	Pos        Position

	// Exposed says that the function holds credentials itself which are good for
	// this grant, and that AWS honours: presigned URLs are signed with them.
	Exposed bool

	// Anonymous says that the grant is for calls that nobody has signed, and
	// for no others.
	Anonymous bool

	// Needs are the grants of the same manifest under which the services that
	// this one's calls go to act with the function's rights: a bucket's
	// objects may be encrypted under a key. Session policies of its calls
	// carry them.
	Needs []*Grant
}

// String names the grant as the log does: "remit.yaml:6 object_storage.read_prefix".
func (g *Grant) String() string { return fmt.Sprintf("%s:%d %s", g.Pos.File, g.Pos.Line, g.ID) }

// A Condition compares one context key with values, by one of IAM's operators.
type Condition struct {
	Operator string   // as IAM spells it: "StringEquals", "StringLike", "Null"
	Key      string   // "s3:prefix"; compared without case
	Values   []string // patterns where the operator takes them; any one may match
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
