package manifest

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// upstreams reads the addresses that are dialled in place of AWS's.
func (p *parser) upstreams(f field) {
	if f.value.Kind != yaml.MappingNode {
		p.mapping(f.value, shape{what: `"upstreams"`})
		return
	}
	for i := 0; i+1 < len(f.value.Content); i += 2 {
		k, v := f.value.Content[i], f.value.Content[i+1]
		if k.Kind != yaml.ScalarNode || k.ShortTag() != "!!str" {
			continue // reported already
		}
		if p.service(k.Value) == nil {
			p.unknownf(k, "upstreams: %q is no service%s", k.Value, p.didYouMean(k.Value, services()))
		}
		s, ok := p.str(v, fmt.Sprintf("upstreams: %q", k.Value))
		if !ok {
			continue
		}
		u, err := upstream(s)
		if err != nil {
			p.errorf(v, "upstreams: %q: %v", s, err)
			continue
		}
		if p.m.Upstreams == nil {
			p.m.Upstreams = make(map[string]*url.URL)
		}
		p.m.Upstreams[k.Value] = u
		p.warnf(v, "calls to %s go to %s in place of AWS", k.Value, u)
	}
}

// upstream reads an address: a scheme and a host, and no more, since the path
// and the query of a call are the caller's.
func upstream(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, errors.New("this is no URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New(`an upstream begins with "http://" or "https://"`)
	case u.User != nil:
		return nil, errors.New("an upstream holds no user")
	case u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("an upstream names a host")
	case !isPort(u.Port()) || strings.HasSuffix(u.Host, ":"):
		return nil, errors.New("a port is a number from 1 to 65535")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(s, "#"):
		return nil, errors.New("an upstream is a scheme and a host: no path, query or fragment")
	}
	return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}, nil
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return s == "" || err == nil && n > 0
}
