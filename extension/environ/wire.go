package environ

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// What extension and wrapper say to each other is lines of a name, a space and a
// value:
//
//	remit 3
//	proxy 127.0.0.1:40127
//	domain amazonaws.com
//	bearer AWS_BEARER_TOKEN_BEDROCK remit-sealed…
//
// with an empty line behind them, and of a handshake the certificates. Both ends are of
// one layer, and the wrapper is started for every sandbox: a reader of JSON cost
// it a quarter of a millisecond, most of it before its first line was run.
// (measured, go1.26, amd64)

// Encode returns h as [ParseHandshake] reads it. A value with the end of a line
// in it is an error.
func (h Handshake) Encode() ([]byte, error) {
	w := wire{}
	w.add("remit", strconv.Itoa(h.Version))
	w.add("proxy", h.Proxy)
	w.add("tls", h.TLS)
	w.add("credentials_uri", h.CredentialsURI)
	w.add("token", h.Token)
	w.add("token_file", h.TokenFile)
	w.add("runtime_api", h.RuntimeAPI)
	w.add("parameters", h.Parameters)
	w.add("session_token", h.SessionToken)
	if k := h.Keys; k != (Keys{}) {
		for _, value := range []string{k.ID, k.Secret, k.Token} {
			if strings.ContainsAny(value, " \n") || value == "" {
				return nil, errors.New("the keys have one that is empty, or a space or the end of a line in it")
			}
		}
		w.add("keys", k.ID+" "+k.Secret+" "+k.Token)
	}
	w.say("egress", h.Egress)
	for _, domain := range h.Domains {
		w.add("domain", domain)
	}
	for _, host := range h.Hosts {
		w.add("host", host)
	}
	for name, token := range h.Bearer {
		if strings.Contains(name, " ") {
			return nil, fmt.Errorf("a variable of a bearer token is called %q", name)
		}
		w.add("bearer", name+" "+token)
	}
	w.text.WriteString("\n" + h.CA)
	return w.text.Bytes(), w.err
}

// ParseHandshake reads a handshake and checks that all of it is there.
func ParseHandshake(b []byte) (Handshake, error) {
	if len(b) == 0 {
		return Handshake{}, io.ErrUnexpectedEOF
	}
	head, ca, whole := strings.Cut(string(b), "\n\n")
	if !whole {
		return Handshake{}, errors.New("handshake has no end")
	}
	h := Handshake{CA: ca}
	fields := map[string]*string{
		"proxy": &h.Proxy, "tls": &h.TLS, "credentials_uri": &h.CredentialsURI, "token": &h.Token, "token_file": &h.TokenFile,
		"runtime_api": &h.RuntimeAPI, "parameters": &h.Parameters, "session_token": &h.SessionToken,
	}
	for line := range strings.SplitSeq(head, "\n") {
		name, value, _ := strings.Cut(line, " ")
		var err error
		switch field := fields[name]; {
		case field != nil && *field == "":
			*field = value
		case name == "remit" && h.Version == 0:
			h.Version, err = strconv.Atoi(value)
		case name == "egress" && value == "":
			h.Egress = true
		case name == "keys" && h.Keys == Keys{}:
			keys := strings.Split(value, " ")
			if len(keys) != 3 {
				err = errors.New("its keys are not three")
				break
			}
			h.Keys = Keys{keys[0], keys[1], keys[2]}
		case name == "domain":
			h.Domains = append(h.Domains, value)
		case name == "host":
			h.Hosts = append(h.Hosts, value)
		case name == "bearer":
			variable, token, _ := strings.Cut(value, " ")
			if h.Bearer == nil {
				h.Bearer = make(map[string]string)
			}
			h.Bearer[variable] = token
		default: // what is not known might be what matters
			err = fmt.Errorf("%q is not a field of it, or is there twice", name)
		}
		if err != nil {
			return Handshake{}, fmt.Errorf("handshake: %w: extension and wrapper are of different layers", err)
		}
	}
	if err := h.check(); err != nil {
		return Handshake{}, err
	}
	return h, nil
}

// encode returns c as [ParseConfinement] reads it.
func (c Confinement) encode() []byte {
	w := wire{}
	w.add("remit", strconv.Itoa(HandshakeVersion))
	if c.Landlock > 0 {
		w.add("landlock", strconv.Itoa(c.Landlock))
	}
	w.say("signals", c.Signals)
	w.say("sockets", c.Sockets)
	w.say("no_new_privs", c.NoPrivileges)
	w.add("why_not_whole", strings.ReplaceAll(c.Why, "\n", " "))
	w.add("runtime_api", strings.ReplaceAll(c.RuntimeAPI, "\n", " "))
	return append(w.text.Bytes(), '\n')
}

// ParseConfinement reads a report of [Answer.Tell]. What it does not know it
// passes over: no call is decided by it.
func ParseConfinement(b []byte) (Confinement, error) {
	var c Confinement
	text, ok := strings.CutSuffix(string(b), "\n\n")
	if !ok {
		return c, errors.New("the report has no end")
	}
	for line := range strings.SplitSeq(text, "\n") {
		name, value, _ := strings.Cut(line, " ")
		switch name {
		case "landlock":
			n, err := strconv.Atoi(value)
			if err != nil {
				return Confinement{}, err
			}
			c.Landlock = max(0, n)
		case "signals":
			c.Signals = true
		case "sockets":
			c.Sockets = true
		case "no_new_privs":
			c.NoPrivileges = true
		case "why_not_whole":
			c.Why = value
		case "runtime_api":
			c.RuntimeAPI = value
		}
	}
	return c, nil
}

// A wire collects lines. Empty values are left out.
type wire struct {
	text bytes.Buffer
	err  error
}

func (w *wire) add(name, value string) {
	if strings.Contains(value, "\n") {
		w.err = fmt.Errorf("the %s has the end of a line in it", name)
	}
	if value != "" {
		w.text.WriteString(name + " " + value + "\n")
	}
}

func (w *wire) say(name string, so bool) {
	if so {
		w.text.WriteString(name + "\n")
	}
}
