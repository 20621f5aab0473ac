package sidecar

import (
	"context"
	"strings"

	"github.com/lambda-remit/remit/proxy/credentials"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

// expose gets credentials that the function itself holds, and logs those that it
// was not given before.
func (s *Sidecar) expose(ctx context.Context) (credentials.Exposed, error) {
	s.look(ctx)
	m := s.manifest.Load()
	c, took, err := s.cloud.Expose(ctx, m)
	if err != nil {
		return credentials.Exposed{}, err
	}
	if last := s.exposed.Swap(&c.AccessKeyID); last == nil || *last != c.AccessKeyID {
		s.log.Exposed(c.AccessKeyID, m.Exposed(), took)
	}
	return credentials.Exposed{
		Credentials: sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken},
		Expires:     c.Expires,
	}, nil
}

// sealBearers seals tokens, and returns the sealed ones by variable too.
func sealBearers(tokens map[string]string) (bearers []credentials.Bearer, sealed map[string]string, err error) {
	for name, token := range tokens {
		service := strings.ToLower(strings.TrimPrefix(name, "AWS_BEARER_TOKEN_"))
		b, err := credentials.SealBearer(service, token)
		if err != nil {
			return nil, nil, err
		}
		if sealed == nil {
			sealed = make(map[string]string)
		}
		bearers, sealed[name] = append(bearers, b), b.Sealed
	}
	return bearers, sealed, nil
}
