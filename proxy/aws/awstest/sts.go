// Package awstest is a strict small AWS, for tests: real servers on the
// loopback that verify every signature and check every parameter as AWS does,
// and remember what they were asked.
//
// [STS] is the Security Token Service. It answers AssumeRole and
// GetCallerIdentity, in AWS's words. Who issues the credentials is [STS.Issue]:
// by default they are made up and work nowhere; a [Front] has them issued by
// MinIO and moto, so that what a session policy allows is decided by a server
// that nobody here wrote.
//
// Signatures are verified by signing the request again with AWS's own signer,
// not with proxy/sigv4, which is among the things under test.
package awstest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
)

// Account is the account of [NewSTS]'s caller and role.
const Account = "123456789012"

// The caller and the role that [NewSTS] knows. The caller is what a function
// is: a role's session, with a session token.
const (
	CallerARN = "arn:aws:sts::" + Account + ":assumed-role/thumbnail-exec/generate-thumbnail"
	RoleARN   = "arn:aws:iam::" + Account + ":role/thumbnail-calls"
)

// A Caller is somebody whose signature STS accepts.
type Caller struct {
	sdk.Credentials
	ARN string // of the user or the role's session
}

// Chained reports whether c is a role's session: a role it assumes lasts at
// most an hour.
func (c Caller) Chained() bool { return c.SessionToken != "" }

// STS is AWS's Security Token Service, as strict and much smaller. Its fields
// must not change once it serves.
type STS struct {
	Callers []Caller
	Roles   []string // ARNs of the roles that the callers may assume
	Chained []string // and of those that sessions of these roles may assume

	// Pin refuses a session policy with an S3 statement that is not bound to
	// an account: S3's names are global, and an ARN of S3 has no account in it.
	Pin bool

	// AnyHost accepts requests for hosts that are not STS's own.
	AnyHost bool

	// MaxPacked is the packed size beyond which a policy is too large, in
	// characters of policy and tags; zero: 25,000, which none reaches. AWS's
	// own packing is a secret.
	MaxPacked int

	// Hook sees every request before STS does, and answers it by returning
	// true: see [Throttle], [Fail], [Say] and [Slow].
	Hook func(w http.ResponseWriter, r *http.Request) bool

	// Issue makes the credentials of an AssumeRole that STS found nothing
	// wrong with. Its error is answered as STS would, if it is an [*Error].
	// Nil: they are made up.
	Issue func(ctx context.Context, a Asked) (Issued, error)

	// Each, if set, is told of every request that was not hooked, once it is
	// answered.
	Each func(Asked)

	Now func() time.Time // nil: time.Now

	mu       sync.Mutex // guards what follows
	asked    []Asked
	sessions map[string]Caller // whom it issued, by access key id
}

// Asked is one request as STS understood it.
type Asked struct {
	Time    time.Time
	Action  string
	Host    string // the Host header
	Region  string // of the signature
	Caller  string // ARN
	Form    url.Values
	Header  http.Header
	Role    string
	Session string
	Policy  string
	Tags    map[string]string

	Duration time.Duration
	Issued   Issued // zero where it was refused
	Error    string // the code that was answered
	Message  string
}

// Issued is what an AssumeRole is answered with.
type Issued struct {
	sdk.Credentials
	Backend  string   // who honours them
	Policy   string   // that they were issued under, where it is not the one that was asked for
	Wider    []string // what of the policy that was asked for they do not hold to
	Narrower []string // what of it they do not allow
}

// NewSTS starts an STS that knows one caller and one role, and stops it with
// tb's test.
func NewSTS(tb interface{ Cleanup(func()) }) (*STS, *httptest.Server) {
	s := &STS{
		Callers: []Caller{{ARN: CallerARN, Credentials: Base()}},
		Roles:   []string{RoleARN},
		Pin:     true,
	}
	server := httptest.NewServer(s)
	tb.Cleanup(server.Close)
	return s, server
}

// Base returns the credentials of [NewSTS]'s caller.
func Base() sdk.Credentials {
	return sdk.Credentials{
		AccessKeyID:     "ASIATESTBASEAAAAAAAA",
		SecretAccessKey: "base-secret/of+the+execution+role+AAAAAA",
		SessionToken:    "base-token//////////of+the+execution+role==",
		CanExpire:       true,
		Expires:         time.Now().Add(6 * time.Hour),
	}
}

// Asked returns the requests so far, hooked ones left out.
func (s *STS) Asked() []Asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// ServeHTTP answers as STS does.
func (s *STS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.Hook != nil && s.Hook(w, r) {
		return
	}
	a := Asked{Time: s.now(), Host: r.Host, Header: r.Header.Clone()}
	answer, err := s.serve(r, &a)
	id := requestID()
	if err != nil {
		e := new(Error)
		if !errors.As(err, &e) {
			e = &Error{Status: 500, Code: "InternalFailure", Message: err.Error()}
		}
		a.Error, a.Message = e.Code, e.Message
		e.write(w, id)
	} else {
		write(w, http.StatusOK, id, answer(id))
	}
	s.mu.Lock()
	s.asked = append(s.asked, a)
	s.mu.Unlock()
	if s.Each != nil {
		s.Each(a)
	}
}

// serve reads r into a and returns what writes the answer.
func (s *STS) serve(r *http.Request, a *Asked) (func(id string) any, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if r.URL.Path != "/" || r.URL.RawQuery != "" && r.Method != http.MethodGet {
		return nil, &Error{404, "InvalidAction", fmt.Sprintf("STS has no path %q", r.RequestURI)}
	}
	caller, region, err := s.verify(r, body)
	if err != nil {
		return nil, err
	}
	a.Caller, a.Region = caller.ARN, region

	text := string(body)
	if r.Method == http.MethodGet {
		text = r.URL.RawQuery
	} else if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return nil, invalid("MalformedInput", "Content-Type %q is no form", r.Header.Get("Content-Type"))
	}
	if a.Form, err = url.ParseQuery(text); err != nil {
		return nil, invalid("MalformedQueryString", "%v", err)
	}
	for name, values := range a.Form {
		if len(values) != 1 {
			return nil, invalid("MalformedQueryString", "parameter %q stands %d times", name, len(values))
		}
	}
	if v := a.Form.Get("Version"); v != "2011-06-15" {
		return nil, invalid("InvalidAction", "Could not find operation %s for version %s", a.Form.Get("Action"), v)
	}
	switch a.Action = a.Form.Get("Action"); a.Action {
	case "AssumeRole":
		return s.assumeRole(r.Context(), caller, a)
	case "GetCallerIdentity":
		return callerIdentity(caller), nil
	}
	return nil, invalid("InvalidAction", "Could not find operation %s for version 2011-06-15", a.Action)
}

// assumeRole checks what STS checks, in its order, and issues credentials.
func (s *STS) assumeRole(ctx context.Context, caller Caller, a *Asked) (func(id string) any, error) {
	if err := a.read(caller); err != nil {
		return nil, err
	}
	roles := s.Roles
	if s.issued(caller) {
		roles = s.Chained
	}
	if !slices.Contains(roles, a.Role) {
		return nil, &Error{403, "AccessDenied", fmt.Sprintf("User: %s is not authorized to perform: sts:AssumeRole on resource: %s", caller.ARN, a.Role)}
	}
	if a.Policy != "" {
		p, err := parsePolicy(a.Policy)
		if err != nil {
			return nil, invalid("MalformedPolicyDocument", "%v", err)
		}
		if err := p.pinned(); s.Pin && err != nil {
			return nil, invalid("MalformedPolicyDocument", "%v", err)
		}
	} else if s.Pin {
		return nil, invalid("MalformedPolicyDocument", "this STS issues nothing without a session policy")
	}
	size, most := len(a.Policy), s.MaxPacked
	for k, v := range a.Tags {
		size += len(k) + len(v)
	}
	if most == 0 {
		most = unpackable
	}
	if size > most {
		return nil, invalid("PackedPolicyTooLarge", "Packed policy consumes %d%% of allotted space, please use smaller policy.", size*100/most)
	}

	issue := s.Issue
	if issue == nil {
		issue = s.invent
	}
	issued, err := issue(ctx, *a)
	if err != nil {
		return nil, err
	}
	a.Issued = issued
	role := a.Role[strings.LastIndex(a.Role, "/")+1:]
	account := strings.Split(a.Role, ":")[4]
	partition := strings.Split(a.Role, ":")[1]
	arn := fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", partition, account, role, a.Session)

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions == nil {
		s.sessions = make(map[string]Caller)
	}
	s.sessions[issued.AccessKeyID] = Caller{Credentials: issued.Credentials, ARN: arn}
	return assumed(issued, arn, a.Session, max(1, size*100/most)), nil
}

// unpackable is more than a policy of 2,048 characters and 50 tags of 384 have.
const unpackable = 25_000

// invent makes credentials up.
func (s *STS) invent(_ context.Context, a Asked) (Issued, error) {
	return Issued{Backend: "none", Credentials: sdk.Credentials{
		AccessKeyID:     "ASIA" + rand.Text()[:16],
		SecretAccessKey: (rand.Text() + rand.Text())[:40],
		SessionToken:    rand.Text() + rand.Text() + rand.Text() + "//==",
		CanExpire:       true,
		Expires:         s.now().Add(a.Duration).UTC().Truncate(time.Second),
	}}, nil
}

// issued reports whether c's credentials are this STS's own.
func (s *STS) issued(c Caller) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.sessions[c.AccessKeyID]
	return ok
}

func (s *STS) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// host is the form of STS's own hosts, its regional FIPS and dual-stack ones
// among them.
var host = regexp.MustCompile(`^sts(?:-fips)?(?:\.([a-z]{2,}(?:-[a-z]+)+-\d))?\.(?:amazonaws\.com(?:\.cn)?|api\.aws)(?::443)?$`)

func requestID() string {
	var b [16]byte
	rand.Read(b[:])
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
