// Package environ makes the environment that sends a process's calls through
// the proxy, and asks the extension what has to stand in it.
//
// [Maker.Make] is the whole of it. What it takes out is what AWS would honour
// (keys, tokens, profiles, roles, endpoints of the function's configuration);
// what it puts in leads to the proxy. Everything else passes as it was, in the
// order it was in.
//
// It imports nothing but the standard library, and of that little: the wrapper
// is started for every sandbox, and each package costs it time.
package environ

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
)

// A Way is how calls are led to the proxy.
type Way string

const (
	// Proxy sets HTTPS_PROXY and adds the proxy's authority to what the
	// process trusts. SDKs see AWS's own endpoints.
	Proxy Way = "proxy"
	// Preload has Node load a file that leads its connections to AWS's hosts
	// to the proxy: its SDKs heed no proxy variable. For Python it is all that
	// Proxy is, and a file that leads what heeds none.
	Preload Way = "preload"
	// Endpoint sets AWS_ENDPOINT_URL: plain HTTP on loopback, for programs
	// that heed neither.
	Endpoint Way = "endpoint"
)

// ParseWay reads the value of REMIT_CAPTURE. The empty value is no error: it
// leaves the choice to [Choose].
func ParseWay(s string) (Way, error) {
	switch w := Way(s); w {
	case "", Proxy, Preload, Endpoint:
		return w, nil
	}
	return "", fmt.Errorf("REMIT_CAPTURE %q is not a way in; use %q, %q or %q", s, Proxy, Preload, Endpoint)
}

// A Maker makes an environment. Nothing it reads decides what the process may
// do: that stays with the proxy.
type Maker struct {
	Handshake Handshake
	Way       Way      // empty: Proxy
	Runtime   Runtime  // what the environment is for; empty: not known
	Argv      []string // of the program, if it is known
	Parent    string   // of the fresh directory with the files that the environment names; empty: /tmp
	Preload   string   // the file that Node loads; empty: it is written beside the others
	Python    string   // the directory that Python loads from first; empty: the same

	// Bundles are the files that may hold the system's root certificates; the
	// first that does is used. Nil: those of the Linux distributions, then
	// certifi's in the places where Lambda has Python packages.
	Bundles []string
}

// An Environment is what [Maker.Make] made.
type Environment struct {
	Environ []string
	Argv    []string // as the program has to be started: a JVM gets options of ours
	Dir     string   // holds the files that Environ names
	Notes   []string // what was taken out or replaced that the function's owner had set, for the log; without values
}

// Make returns environ as the process beside the proxy must have it, and
// writes the files that it names into a fresh directory that only this user
// can enter. None of them is ever read back: the directory may be in /tmp,
// where the function can write.
func (m Maker) Make(environ []string) (*Environment, error) {
	if err := m.Handshake.check(); err != nil {
		return nil, err
	}
	if m.Way == "" {
		m.Way = Proxy
	}
	if _, err := ParseWay(string(m.Way)); err != nil {
		return nil, err
	}
	e := &Environment{Argv: m.Argv}
	kept := e.strip(environ)
	python := m.leadsPython()
	if m.Runtime == Python && m.Way == Preload {
		m.Way = Proxy // and more
	}
	files, err := m.write(kept, python)
	if err != nil {
		return nil, err
	}
	e.Dir = files.dir
	e.Notes = append(e.Notes, files.notes...)

	set := map[string]string{
		"AWS_CONTAINER_CREDENTIALS_FULL_URI": m.Handshake.CredentialsURI,
		// All SDKs know the variable. What the owner had set of the two is gone.
		"AWS_CONTAINER_AUTHORIZATION_TOKEN":      m.Handshake.Token,
		"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": files.token,
		// Else ~/.aws is read: it is writable, and its profiles come before
		// the container's credentials.
		"AWS_SHARED_CREDENTIALS_FILE": files.credentials,
		"AWS_CONFIG_FILE":             files.config,
		"AWS_EC2_METADATA_DISABLED":   "true",
	}
	if m.Handshake.RuntimeAPI != "" {
		set["AWS_LAMBDA_RUNTIME_API"] = m.Handshake.RuntimeAPI
	}
	if k := m.Handshake.Keys; k != (Keys{}) {
		// Before all else, for whoever looks nowhere else.
		set["AWS_ACCESS_KEY_ID"], set["AWS_SECRET_ACCESS_KEY"], set["AWS_SESSION_TOKEN"] = k.ID, k.Secret, k.Token
	}
	for name, token := range m.Handshake.Bearer {
		// Only where one was: an SDK prefers it to keys.
		if old, _ := lookup(environ, name); old != "" {
			set[name] = token
		}
	}
	if m.Handshake.Parameters != "" {
		m.parameters(e, set, kept)
	}
	if m.Way != Endpoint {
		// Beside a proxy too: a function in another language may start Node.
		set["REMIT_PROXY"] = m.Handshake.Proxy
		hosts := slices.Clone(m.Handshake.Domains)
		for _, host := range m.Handshake.Hosts {
			hosts = append(hosts, "="+host) // nothing below it
		}
		set["REMIT_HOSTS"] = strings.Join(hosts, ",")
		if m.Handshake.Egress {
			set["REMIT_EGRESS"] = "1"
		}
		old, _ := lookup(kept, "NODE_OPTIONS")
		set["NODE_OPTIONS"] = nodeOptions(files.preload, old)
	}
	if python {
		m.python(set, kept, files.python)
	}
	switch m.Way {
	case Proxy:
		for name, path := range files.bundles {
			set[name] = path
		}
		set["HTTPS_PROXY"] = "http://" + m.Handshake.Proxy
		set["https_proxy"] = set["HTTPS_PROXY"]
		switch m.Runtime {
		case Ruby:
			// Net::HTTP, which the SDK sits on, takes the proxy of plain HTTP
			// for TLS as well. (Ruby, Net::HTTP#proxy_uri.)
			set["http_proxy"] = set["HTTPS_PROXY"]
			theirs, _ := lookup(kept, "http_proxy", "HTTP_PROXY")
			if https, _ := lookup(kept, "HTTPS_PROXY", "https_proxy"); theirs != "" && https == "" {
				e.note("http_proxy of the configuration is replaced by Remit's proxy, which goes on through HTTPS_PROXY, if you set that too")
			}
		case PHP:
			// libcurl reads no variable for its certificates. An empty
			// element stands for the directory that PHP was built with.
			old, _ := lookup(kept, "PHP_INI_SCAN_DIR")
			set["PHP_INI_SCAN_DIR"] = old + ":" + files.dir
		}
		if m.Handshake.Egress {
			set["HTTP_PROXY"], set["http_proxy"] = set["HTTPS_PROXY"], set["HTTPS_PROXY"]
		}
	case Endpoint:
		set["AWS_ENDPOINT_URL"] = "http://" + m.Handshake.Proxy
		if m.Handshake.Egress {
			e.note("the manifest's egress holds nothing here: by an endpoint only calls to AWS come to the proxy")
		}
		// A host prefix before 127.0.0.1 resolves nowhere. Only botocore
		// heeds this; the others fail, closed.
		set["AWS_DISABLE_HOST_PREFIX_INJECTION"] = "true"
	}
	if direct := m.direct(kept, e); direct != "" {
		set["NO_PROXY"], set["no_proxy"] = direct, direct
	}
	if m.Way == Proxy && m.Runtime == Java {
		if err := m.java(e, set, kept); err != nil {
			os.RemoveAll(e.Dir)
			return nil, err
		}
	}

	names := make([]string, 0, len(set))
	for name := range set {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, entry := range kept {
		if name, _, _ := strings.Cut(entry, "="); !slices.Contains(names, name) {
			e.Environ = append(e.Environ, entry)
		}
	}
	for _, name := range names {
		if set[name] != "" { // nothing is left of it
			e.Environ = append(e.Environ, name+"="+set[name])
		}
	}
	return e, nil
}

// parametersPort is the variable with the port of AWS's Parameters and Secrets
// extension, and parametersDefault what it is where that says nothing.
const (
	parametersPort    = "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"
	parametersDefault = "2773"
)

// parameters leads what the function asks of AWS's Parameters and Secrets
// extension to the proxy. Where the owner has moved that extension to another
// port, Remit stands on the one that everybody knows. Where not, Node's preload
// leads there, and whoever reads the variable goes there by himself.
func (m Maker) parameters(e *Environment, set map[string]string, kept []string) {
	// SDKs take a token without keys for nothing.
	set["AWS_SESSION_TOKEN"] = m.Handshake.SessionToken
	_, port := splitPort(m.Handshake.Parameters)
	set[parametersPort] = port
	if port == parametersDefault {
		return
	}
	set["REMIT_PARAMETERS"] = m.Handshake.Parameters
	if m.Way != Preload {
		e.note("AWS's Parameters and Secrets extension stands on port " + parametersDefault + ", where it takes no token that the function has: set " +
			parametersPort + " to another port, and Remit answers on " + parametersDefault + " in its place")
	}
}

// direct is the value of NO_PROXY: what stood there, without what would lead
// AWS's hosts past the proxy, and the addresses that only this sandbox knows.
// Where Node preloads, it is empty, and the variable as it was, unless the
// owner has a proxy: then AWS's hosts go round that one, to ours.
func (m Maker) direct(environ []string, e *Environment) string {
	var list []string
	add := func(host string) {
		if !slices.Contains(list, host) {
			list = append(list, host)
		}
	}
	// Programs differ in which of the two they prefer.
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		old, _ := lookup(environ, name)
		for host := range strings.SplitSeq(old, ",") {
			host = strings.TrimSpace(host)
			if host == "" {
				continue
			}
			if m.Way == Proxy && m.covers(host) {
				e.note(fmt.Sprintf("%s of the configuration loses %q: calls to AWS that go round the proxy carry no credentials that work", name, host))
				continue
			}
			if m.Way == Proxy && m.Handshake.Egress && !isOwn(host) {
				e.note(fmt.Sprintf("%s of the configuration loses %q: the manifest's egress names what is connected to", name, host))
				continue
			}
			add(host)
		}
	}
	if m.Way == Preload {
		if old, _ := lookup(environ, "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"); old == "" {
			return ""
		}
		for _, domain := range m.Handshake.Domains {
			add("." + domain)
		}
		for _, host := range m.Handshake.Hosts {
			add(host)
		}
	}
	for _, host := range []string{"localhost", "127.0.0.1", "::1"} {
		add(host)
	}
	if api, ok := lookup(environ, "AWS_LAMBDA_RUNTIME_API"); ok {
		add(hostOf(api))
	}
	// "169.254.79.129:2000", or "tcp:127.0.0.1:2000 udp:127.0.0.2:2001". (AWS
	// X-Ray Developer Guide, "AWS_XRAY_DAEMON_ADDRESS".)
	daemons, _ := lookup(environ, "AWS_XRAY_DAEMON_ADDRESS")
	for daemon := range strings.FieldsSeq(daemons) {
		add(hostOf(strings.TrimPrefix(strings.TrimPrefix(daemon, "tcp:"), "udp:")))
	}
	// The Runtime API and X-Ray's daemon on current runtimes; the metadata
	// services of instances, containers and pods.
	for _, host := range []string{"169.254.100.1", "169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23"} {
		add(host)
	}
	return strings.Join(list, ",")
}

// isOwn reports whether host, an entry of NO_PROXY, is this sandbox itself, or
// what it runs in: the proxy reaches neither.
func isOwn(host string) bool {
	host = hostOf(host)
	if a, err := netip.ParseAddr(host); err == nil {
		return a.IsLoopback() || a.IsLinkLocalUnicast()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// covers reports whether host, an entry of NO_PROXY, is or contains or lies in
// a domain whose calls have to come to the proxy.
func (m Maker) covers(host string) bool {
	host = strings.ToLower(strings.TrimLeft(hostOf(host), "*."))
	if host == "" {
		return true // "*": all there is
	}
	for _, domain := range slices.Concat(m.Handshake.Domains, m.Handshake.Hosts) {
		if host == domain || strings.HasSuffix(domain, "."+host) || strings.HasSuffix(host, "."+domain) {
			return true
		}
	}
	return false
}

// hostOf returns address without its port, if it has one. An address with two
// colons is IPv6's, and has one only behind brackets.
func hostOf(address string) string {
	if inside, ok := strings.CutPrefix(address, "["); ok {
		host, _, _ := strings.Cut(inside, "]")
		return host
	}
	if host, port, ok := strings.Cut(address, ":"); ok && !strings.Contains(port, ":") {
		return host
	}
	return address
}

func (e *Environment) note(text string) {
	if !slices.Contains(e.Notes, text) {
		e.Notes = append(e.Notes, text)
	}
}

// lookup returns the value of the first of names that is set and not empty, or
// else of the first that is set.
func lookup(environ []string, names ...string) (value string, ok bool) {
	for _, name := range names {
		for _, entry := range environ {
			if v, found := strings.CutPrefix(entry, name+"="); found {
				if v != "" {
					return v, true
				}
				ok = true
			}
		}
	}
	return "", ok
}
