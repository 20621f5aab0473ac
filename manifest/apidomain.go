package manifest

import (
	"errors"
	"fmt"
	"strings"
)

// A Domain is a custom domain's name for a stage of an API of API Gateway's. The
// name is no AWS's, so that nothing but the manifest says that calls to it are.
type Domain struct {
	Stage Pattern // the ARN of the API and its stage: arn:aws:execute-api:REGION:ACCOUNT:ID/STAGE
	Base  string  // that paths begin with there, "/v1", and the stage's do not; empty for none
}

// Domain returns the ARN of the stage that m says is behind a custom domain, and
// what paths begin with there. It reports false of one that m does not name. The
// ARN is empty as long as the account that it is in is not known.
func (m *Manifest) Domain(host string) (stage, base string, named bool) {
	d, named := m.Domains[host]
	if !named {
		return "", "", false
	}
	stage, _ = m.text(d.Stage)
	return stage, d.Base, true
}

// customCall reads a call to a custom domain, of the stage that "api" names. (Amazon
// API Gateway Developer Guide, "Custom domain names for public REST APIs" and "Use
// API mappings to connect API stages to a custom domain name".)
func (p *parser) customCall(e *entry, n named, account string) (on []Pattern, ok bool) {
	f := e.fields["api"]
	s, ok := p.name(f.value, `"api"`)
	if !ok {
		return nil, false
	}
	stage, region, err := p.stageARN(s, account)
	if err != nil {
		p.errorf(f.value, "api: %q: %v", s, err)
		return nil, false
	}
	base := ""
	if f, has := e.fields["base_path"]; has {
		if base, ok = p.name(f.value, `"base_path"`); !ok {
			return nil, false
		}
		if _, err := apiPath(base); err != nil || !strings.HasPrefix(base, "/") || strings.HasSuffix(base, "/") || strings.HasSuffix(base, "*") {
			p.errorf(f.value, `base_path: %q is not what paths begin with, such as "/v1"`, base)
			return nil, false
		}
	}
	host, call, err := customURL(n.string, base)
	if err != nil {
		p.errorf(n.at, "call: %q: %v", n.string, err)
		return nil, false
	}
	d := Domain{Pattern("arn:" + partitionOf(region) + ":execute-api:" + region + ":" + stage), base}
	if have, twice := p.m.Domains[host]; twice && have != d {
		p.errorf(n.at, "call: %q is the domain of %q already", host, string(have.Stage))
		return nil, false
	}
	if p.m.Domains == nil {
		p.m.Domains = make(map[string]Domain)
	}
	p.m.Domains[host] = d
	return []Pattern{d.Stage + call}, true
}

// stageARN returns ACCOUNT:ID/STAGE and the region of a stage that s names: ID/STAGE
// in the function's region, or an ARN that ends so.
func (p *parser) stageARN(s, account string) (stage, region string, err error) {
	id, isARN, err := nameIn(s, "execute-api", "", "an API's")
	if err != nil {
		return "", "", err
	}
	region = p.m.Region
	if isARN {
		a, _ := parseARN(s)
		account, region = a.account, a.region
	}
	api, name, found := strings.Cut(id, "/")
	switch {
	case !found, !isAPI(api), name == "" || len(name) > 128 || !made(strings.TrimPrefix(name, "$"), letters+digits+"_-"):
		return "", "", errors.New("an API behind a custom domain is its id and the stage, abc123/prod, or arn:aws:execute-api:REGION:ACCOUNT:ID/STAGE")
	case !isRegion(region):
		return "", "", errors.New("the region is not known: write the ARN")
	}
	return account + ":" + string(Literal(id)), region, nil
}

// customURL takes a method and a URL below a base path apart: into its host, and
// what stands behind a stage in ARNs.
func customURL(s, base string) (host string, call Pattern, err error) {
	method, url, _ := strings.Cut(s, " ")
	rest, ok := strings.CutPrefix(url, "https://")
	if !ok {
		return "", "", errors.New("a call is a method and a URL, such as \"GET https://orders.example.com/v1/*\"")
	}
	host, path, _ := strings.Cut(rest, "/")
	path = "/" + path
	if !isDomain(host) {
		return "", "", fmt.Errorf("%q is no domain of a customer's", host)
	}
	verb, err := apiMethod(method)
	if err != nil {
		return "", "", err
	}
	below, ok := strings.CutPrefix(path, base)
	if !ok || !strings.HasPrefix(below, "/") {
		return "", "", fmt.Errorf("path %q is not below the base path %q", path, base)
	}
	pattern, err := apiPath(below)
	return host, "/" + verb + pattern, err
}

// isDomain reports whether s can be a custom domain: a host name in small letters,
// and none of AWS's own.
func isDomain(s string) bool {
	label := strings.Split(s, ".")
	if len(label) < 2 || len(s) > 253 || !made(s, lower+digits+".-") {
		return false
	}
	for _, l := range label {
		if l == "" || len(l) > 63 || strings.Trim(l, "-") != l {
			return false
		}
	}
	for _, domain := range []string{"amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "aws", "aws.dev", "ic.gov", "sgov.gov", "scloud", "adc-e.uk", "amazonwebservices.com.cn", "amazonwebservices.eu"} {
		if s == domain || strings.HasSuffix(s, "."+domain) {
			return false
		}
	}
	// No address ends in letters; a name of another script does in its punycode.
	last := label[len(label)-1]
	return last != "localhost" && (made(last, lower) || strings.HasPrefix(last, "xn--"))
}
