package mint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// assume asks STS once; twice if the base credentials had expired and newer
// ones could be had.
func (m *Minter) assume(ctx context.Context, a Ask) (aws.Credentials, error) {
	m.start.Do(func() { m.sts, m.startErr = m.open() })
	if m.startErr != nil {
		return aws.Credentials{}, m.startErr
	}
	base, err := m.base(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	c, err := m.assumeAs(ctx, base, a)
	if !errors.Is(err, errBaseExpired) {
		return c, err
	}
	// An aws.CredentialsCache can be told; nothing else can.
	if p, ok := m.Base.(interface{ Invalidate() }); ok {
		p.Invalidate()
	}
	newer, again := m.base(ctx)
	if again != nil || newer.SessionToken == base.SessionToken {
		return aws.Credentials{}, err
	}
	return m.assumeAs(ctx, newer, a)
}

func (m *Minter) base(ctx context.Context) (aws.Credentials, error) {
	if m.Base == nil {
		return aws.Credentials{}, fmt.Errorf("%w: there are no base credentials to ask with", ErrRefused)
	}
	c, err := m.Base.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("%w: the base credentials cannot be had: %v", ErrUnreachable, err)
	}
	if !c.HasKeys() {
		return aws.Credentials{}, fmt.Errorf("%w: the base credentials are empty", ErrRefused)
	}
	return c, nil
}

// assumeAs asks STS as base and checks what it answers.
func (m *Minter) assumeAs(ctx context.Context, base aws.Credentials, a Ask) (aws.Credentials, error) {
	in := &sts.AssumeRoleInput{
		RoleArn:         &a.Role,
		RoleSessionName: &a.Session,
		Policy:          &a.Policy,
		DurationSeconds: aws.Int32(int32(a.duration() / time.Second)),
	}
	for _, k := range slices.Sorted(maps.Keys(a.Tags)) {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(k), Value: aws.String(a.Tags[k])})
	}
	asked := time.Now()
	out, err := m.sts.AssumeRole(ctx, in, func(o *sts.Options) { o.Credentials = fixed(base) })
	if err != nil {
		return aws.Credentials{}, m.explain(err)
	}
	if out.Credentials == nil {
		return aws.Credentials{}, fmt.Errorf("%w: the answer holds no credentials", ErrUnreachable)
	}
	got := aws.Credentials{
		AccessKeyID:     aws.ToString(out.Credentials.AccessKeyId),
		SecretAccessKey: aws.ToString(out.Credentials.SecretAccessKey),
		SessionToken:    aws.ToString(out.Credentials.SessionToken),
		Expires:         aws.ToTime(out.Credentials.Expiration),
		CanExpire:       true,
		Source:          "STS",
	}
	for name, value := range map[string]string{
		"access key": got.AccessKeyID, "secret key": got.SecretAccessKey, "session token": got.SessionToken,
	} {
		if !visible(value) {
			return aws.Credentials{}, fmt.Errorf("%w: the answer's %s is missing or no text that a header could carry", ErrUnreachable, name)
		}
	}
	left := got.Expires.Sub(asked)
	switch {
	case got.AccessKeyID == base.AccessKeyID:
		// Whoever answers so gives back what it was asked with, unnarrowed.
		return aws.Credentials{}, fmt.Errorf("%w: the answer holds the base credentials", ErrRefused)
	case left < 2*minLife:
		return aws.Credentials{}, fmt.Errorf("%w: the answer's credentials expire at %s, in %v; is the clock right?", ErrRefused, got.Expires.Format(time.RFC3339), left.Round(time.Second))
	case left > a.duration()+maxSkew:
		return aws.Credentials{}, fmt.Errorf("%w: the answer's credentials expire at %s, in %v, where %v was asked for; is the clock right?", ErrRefused, got.Expires.Format(time.RFC3339), left.Round(time.Second), a.duration())
	}
	return got, nil
}

// maxSkew is how far this machine's clock may be behind STS's, as far as a
// signature may be off.
const maxSkew = 15 * time.Minute

// visible reports whether s is visible ASCII, and something.
func visible(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// fixed is a provider of the credentials it is.
type fixed aws.Credentials

func (f fixed) Retrieve(context.Context) (aws.Credentials, error) { return aws.Credentials(f), nil }

// open makes the STS client.
func (m *Minter) open() (*sts.Client, error) {
	if m.Region == "" || strings.Trim(m.Region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		// It becomes part of a host name.
		return nil, fmt.Errorf("%w: region %q is not a region", ErrRefused, m.Region)
	}
	client := new(http.Client)
	if m.Client != nil {
		*client = *m.Client
	}
	if client.Transport == nil {
		own := transport(m.Through)
		client.Transport, m.idle = own, own.CloseIdleConnections
	}
	if m.Endpoint != "" {
		to, err := url.Parse(m.Endpoint)
		if err != nil || to.Host == "" || (to.Scheme != "http" && to.Scheme != "https") || strings.Trim(to.Path, "/") != "" || to.RawQuery != "" || to.User != nil {
			// Unquoted: a password may stand in it.
			return nil, fmt.Errorf("%w: the upstream of STS is not http://HOST:PORT or https://HOST:PORT", ErrRefused)
		}
		client.Transport = &standIn{to: to, next: client.Transport}
	}
	client.Transport = &bounded{next: client.Transport}
	// STS redirects nobody, and who answered from elsewhere would be believed.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

	return sts.New(sts.Options{
		Region:     m.Region,
		HTTPClient: client,
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = 2
			o.RateLimiter = ratelimit.None
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 50 * time.Millisecond, nil })
			// A kept connection that broke while the sandbox was frozen is the
			// usual case; a clock set wrong, which the SDK corrects, the other.
			o.Retryables = []retry.IsErrorRetryable{
				retry.NoRetryCanceledError{},
				retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
					if throttled(err) {
						return aws.FalseTernary
					}
					return aws.UnknownTernary
				}),
				retry.RetryableError{},
				retry.RetryableConnectionError{},
				retry.RetryableHTTPStatusCode{Codes: retry.DefaultRetryableHTTPStatusCodes},
			}
		}),
	}), nil
}

// A dial opens connections: a net.Dialer's DialContext.
type dial = func(ctx context.Context, network, address string) (net.Conn, error)

// transport heeds no proxy variable: the function's own point at us.
// through, if not nil, says otherwise.
func transport(through func(dial) dial) *http.Transport {
	open := (&net.Dialer{Timeout: 3 * time.Second}).DialContext
	if through != nil {
		open = through(open)
	}
	return &http.Transport{
		DialContext:           open,
		TLSHandshakeTimeout:   3 * time.Second,
		ResponseHeaderTimeout: 5 * time.Second,
		DisableCompression:    true,
		MaxConnsPerHost:       32, // a sandbox has 1,024 file descriptors for everything
		MaxIdleConnsPerHost:   4,
		IdleConnTimeout:       time.Minute,
	}
}

// A standIn sends requests to another address than they name. They were signed
// for the host they name, and still say so.
type standIn struct {
	to   *url.URL
	next http.RoundTripper
}

func (s *standIn) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Host == "" {
		r.Host = r.URL.Host
	}
	r.URL.Scheme, r.URL.Host = s.to.Scheme, s.to.Host
	return s.next.RoundTrip(r)
}

// maxAnswer is more than STS ever says; the SDK would read on without end.
const maxAnswer = 64 << 10

// A bounded transport cuts answers off.
type bounded struct{ next http.RoundTripper }

func (b *bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	}
	return resp, err
}
