package environ

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// HandshakeVersion is the version of [Handshake] that this package speaks.
const HandshakeVersion = 3

// A Handshake is what a process has to know of the proxy beside it. The
// extension writes it, by [Handshake.Encode], to everyone of its own user who
// connects to its socket. All of it ends up in the function's environment:
// nothing in it is secret from the function.
type Handshake struct {
	Version        int
	Proxy          string   // "127.0.0.1:40127": the proxy, and the endpoint
	CredentialsURI string   // of the sealed credentials
	Token          string   // that the credentials' server asks for
	CA             string   // PEM, to be trusted
	Domains        []string // whose hosts the proxy answers for

	// TLS is where who asks for one of the proxy's hosts in TLS is answered
	// without more: Python is led there. Empty: nowhere.
	TLS string

	// Where they are not what the wrapper would do by itself:
	TokenFile  string // has the token, and after a restore a newer one
	RuntimeAPI string // "127.0.0.1:40129": where the Runtime API is passed on

	// Hosts are others that the proxy answers for, by their whole names: an
	// API's own domain.
	Hosts []string

	// Egress says that connections to hosts that are not AWS's are decided too.
	Egress bool

	// Parameters is where AWS's Parameters and Secrets extension is answered
	// for, and SessionToken what it is to be shown; both are empty where there
	// is no such extension.
	Parameters   string
	SessionToken string

	// Keys are the sealed credentials, where the owner wants them to stand in
	// the function's environment; else the zero Keys.
	Keys Keys

	// Bearer has the sealed tokens, by the variable that they stand in.
	Bearer map[string]string
}

// Keys are credentials as they stand in an environment.
type Keys struct{ ID, Secret, Token string }

// String leaves them out.
func (k Keys) String() string { return "keys " + k.ID }

// GoString leaves them out too.
func (k Keys) GoString() string { return k.String() }

// String leaves the token out.
func (h Handshake) String() string {
	return fmt.Sprintf("handshake %d with %s", h.Version, h.Proxy)
}

// GoString leaves it out too.
func (h Handshake) GoString() string { return h.String() }

// check finds what would make an environment that leads anywhere but to the
// proxy beside.
func (h Handshake) check() error {
	if h.Version != HandshakeVersion {
		return fmt.Errorf("handshake has version %d, want %d: extension and wrapper are of different layers", h.Version, HandshakeVersion)
	}
	if a, err := netip.ParseAddrPort(h.Proxy); err != nil || !a.Addr().IsLoopback() || a.Port() == 0 {
		return fmt.Errorf("handshake names the proxy %q, which is no loopback address", h.Proxy)
	}
	if a, err := netip.ParseAddrPort(h.TLS); h.TLS != "" && (err != nil || !a.Addr().IsLoopback() || a.Port() == 0) {
		return fmt.Errorf("handshake names %q for TLS, which is no loopback address", h.TLS)
	}
	rest, ok := strings.CutPrefix(h.CredentialsURI, "http://")
	host, _, _ := strings.Cut(rest, "/")
	if a, err := netip.ParseAddrPort(host); !ok || err != nil || !a.Addr().IsLoopback() {
		return fmt.Errorf("handshake names the credentials URI %q, which is not on loopback", h.CredentialsURI)
	}
	if a, err := netip.ParseAddrPort(h.RuntimeAPI); h.RuntimeAPI != "" && (err != nil || !a.Addr().IsLoopback() || a.Port() == 0) {
		return fmt.Errorf("handshake names the Runtime API %q, which is no loopback address", h.RuntimeAPI)
	}
	if h.TokenFile != "" && (!filepath.IsAbs(h.TokenFile) || strings.ContainsFunc(h.TokenFile, func(r rune) bool { return r <= ' ' || r > '~' })) {
		return fmt.Errorf("handshake names the token's file %q, which is no absolute path", h.TokenFile)
	}
	if h.Parameters != "" {
		if a, err := netip.ParseAddrPort(h.Parameters); err != nil || !a.Addr().IsLoopback() || a.Port() == 0 {
			return fmt.Errorf("handshake names %q for parameters and secrets, which is no loopback address", h.Parameters)
		}
		if h.SessionToken == "" || strings.ContainsFunc(h.SessionToken, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return errors.New("handshake has a session token that is empty or not printable")
		}
	}
	for _, host := range slices.Concat(h.Domains, h.Hosts) {
		if host == "" || strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789-._") != "" {
			return fmt.Errorf("handshake names the host %q, which is none", host)
		}
	}
	for name, value := range map[string]string{"token": h.Token, "credentials URI": h.CredentialsURI} {
		// They become header values and variables.
		if value == "" || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return fmt.Errorf("handshake has a %s that is empty or not printable", name)
		}
	}
	if k := h.Keys; k != (Keys{}) {
		for _, value := range []string{k.ID, k.Secret, k.Token} {
			if value == "" || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) {
				return errors.New("handshake has keys that are empty or not printable")
			}
		}
	}
	for name, token := range h.Bearer {
		if !strings.HasPrefix(name, bearerToken) || strings.ContainsAny(name, "=\x00") || token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return fmt.Errorf("handshake has a bearer token for %q that is none", name)
		}
	}
	if !strings.Contains(h.CA, "-----BEGIN CERTIFICATE-----") {
		return errors.New("handshake has no certificate")
	}
	return nil
}

// A Place is where a layer lies, which says where its parts are found. In
// Lambda it is "/opt".
type Place string

// PlaceOf returns the place of the layer that the program at exe is a part of:
// of its extension, its wrapper, or its bootstrap.
func PlaceOf(exe string) Place {
	dir := filepath.Dir(exe)
	if base := filepath.Base(dir); base == "extensions" || base == "remit" {
		dir = filepath.Dir(dir)
	}
	return Place(dir)
}

// Extension is the path of the extension.
func (p Place) Extension() string { return filepath.Join(string(p), "extensions", "remit") }

// Preload is the path of the file that Node loads, or empty where the layer at
// p has none: in an image that has only the programs.
func (p Place) Preload() string {
	path := filepath.Join(string(p), "remit", preloadName)
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	return path
}

// Socket is the name of the abstract socket on which the extension answers:
// "@remit:4026531836" in Lambda. The number is the PID namespace's, which the
// layer's programs share, and no other sandbox beside this one on its machine
// does. Anywhere but in /opt it has the place's name as well.
func (p Place) Socket() string {
	name := "@remit:" + pidSpace()
	if p == "/opt" {
		return name
	}
	// The kernel's limit for a name, with its leading byte, is 108. (unix(7))
	// Long paths differ at their ends.
	return name + ":" + string(p[max(0, len(p)-80):])
}

// pidSpace is the number of this process's PID namespace.
func pidSpace() string {
	space, _ := os.Readlink("/proc/self/ns/pid") // "pid:[4026531836]"
	return strings.Trim(space, "pid:[]")
}

// An Answer is the extension's, which waits for [Answer.Tell] to be the last
// word.
type Answer struct {
	Handshake
	fd int
}

// Tell tells the extension what the process that asked has done to itself, and
// ends the conversation.
func (a *Answer) Tell(c Confinement) error {
	defer syscall.Close(a.fd)
	_, err := syscall.Write(a.fd, c.encode()) // at once: it is short
	return err
}

// Ask gets the handshake from the extension of the layer at p, and makes sure
// that it is the extension that answers: a process of the same user, whose
// command line is the extension's path, and whose program is no other. A
// process that outlived an earlier runtime could have taken the socket's name.
func Ask(p Place, limit time.Duration) (*Answer, error) {
	began := time.Now()
	a, err := ask(p.Socket(), p.Extension(), began.Add(limit))
	for err != nil && time.Since(began) < min(limit, absence) {
		time.Sleep(10 * time.Millisecond)
		a, err = ask(p.Socket(), p.Extension(), began.Add(limit))
	}
	if err != nil {
		return nil, fmt.Errorf("handshake with %s on %s: %w", p.Extension(), p.Socket(), err)
	}
	return a, nil
}

// An extension listens before the runtime is started. One that cannot has to
// register to be able to say so, which may start the runtime: it is given a
// moment, so that Lambda hears its error before the wrapper's.
const absence = 250 * time.Millisecond

// ask speaks to the socket by system calls: package net would double the size
// of the wrapper, and all that it pages in.
func ask(socket, path string, deadline time.Time) (a *Answer, err error) {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			syscall.Close(fd)
		}
	}()
	// Connecting to a socket whose backlog is full blocks as sending does.
	if err := setTimeout(fd, syscall.SO_SNDTIMEO, deadline); err != nil {
		return nil, err
	}
	if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: socket}); err == syscall.ECONNREFUSED {
		return nil, errors.New("nobody listens: the extension is not running")
	} else if err == syscall.EPERM {
		return nil, errors.New("this process is confined already: the wrapper is started by what it has started, and is to be named once, as AWS_LAMBDA_EXEC_WRAPPER or as an image's ENTRYPOINT")
	} else if err != nil {
		return nil, err
	}
	peer, err := syscall.GetsockoptUcred(fd, syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	if err != nil {
		return nil, err
	}
	if err := checkPeer(peer, path); err != nil {
		return nil, err
	}
	var answer []byte
	buf := make([]byte, 8192)
	for {
		if err := setTimeout(fd, syscall.SO_RCVTIMEO, deadline); err != nil {
			return nil, err
		}
		n, err := syscall.Read(fd, buf)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return nil, errors.New("no answer in time")
		case err != nil:
			return nil, err
		}
		if n == 0 {
			break
		}
		if answer = append(answer, buf[:n]...); len(answer) > 1<<20 {
			return nil, errors.New("the answer has no end")
		}
	}
	h, err := ParseHandshake(answer)
	if err != nil {
		return nil, err
	}
	return &Answer{h, fd}, nil
}

// checkPeer reports what is wrong with a peer that ought to be the program at
// path, run by this process's user or by root. /proc/PID/cmdline is readable by
// all, but is whatever its process was started with. Which program it runs, the
// kernel says of a process that can be inspected, and the extension cannot: so
// whoever can be has to be the program, where its mode was lost on the way here.
// (proc(5); measured: a process that is not dumpable keeps only its command line
// in the open.)
//
// Who makes itself uninspectable is believed, and gets nothing for it but to
// stand where the proxy would for a function whose environment has no key.
func checkPeer(peer *syscall.Ucred, path string) error {
	if peer.Uid != 0 && int(peer.Uid) != os.Getuid() {
		return fmt.Errorf("the listener is process %d of user %d", peer.Pid, peer.Uid)
	}
	if peer.Pid <= 0 {
		return errors.New("the listener is in another PID namespace")
	}
	proc := fmt.Sprintf("/proc/%d", peer.Pid)
	line, err := os.ReadFile(proc + "/cmdline")
	if err != nil {
		return err
	}
	if first, _, _ := strings.Cut(string(line), "\x00"); first != path {
		return fmt.Errorf("the listener is process %d, which is %q", peer.Pid, first)
	}
	program, err := os.Stat(proc + "/exe")
	if errors.Is(err, os.ErrPermission) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the listener is process %d, which has ended", peer.Pid)
	}
	if want, err := os.Stat(path); err != nil || !os.SameFile(program, want) {
		return fmt.Errorf("the listener is process %d, which calls itself %q and is another program", peer.Pid, path)
	}
	return nil
}

func setTimeout(fd, option int, deadline time.Time) error {
	left := time.Until(deadline)
	if left <= 0 {
		return errors.New("no answer in time")
	}
	tv := syscall.NsecToTimeval(int64(max(left, time.Millisecond)))
	return syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, option, &tv)
}
