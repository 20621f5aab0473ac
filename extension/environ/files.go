package environ

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// trust are the variables that name a file of certificates, and what each
// means to the program that heeds it.
var trust = []struct {
	name string
	adds bool // to what the program trusts anyway; else it replaces that
	own  bool // it is heeded for calls to AWS alone
}{
	{name: "AWS_CA_BUNDLE", own: true}, // Ruby; botocore and Go, which heed another as well
	{name: "REQUESTS_CA_BUNDLE"},       // Python's requests; botocore, failing AWS_CA_BUNDLE
	{name: "CURL_CA_BUNDLE"},           // curl, and libraries over it
	{name: "SSL_CERT_FILE"},            // OpenSSL, Go, Rust, .NET
	{name: "NODE_EXTRA_CA_CERTS", adds: true},
}

// bundles are where Linux distributions keep the system's roots.
var bundles = []string{
	"/etc/pki/tls/certs/ca-bundle.crt", // Amazon Linux: Lambda's own images
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/cert.pem",
	"/etc/ssl/ca-bundle.pem",
}

// packaged are patterns of the roots that Python packages carry, for images
// that have none of the system's.
var packaged = []string{
	"certifi/cacert.pem", "python/certifi/cacert.pem",
	"python/lib/python3*/site-packages/certifi/cacert.pem",
	"botocore/cacert.pem",
}

// files are what the environment names, and where each lies.
type files struct {
	dir, token, credentials, config string
	preload, python                 string
	bundles                         map[string]string // by variable
	notes                           []string
}

// write makes the files for a process that would have had environ.
func (m Maker) write(environ []string, python bool) (f *files, err error) {
	parent := m.Parent
	if parent == "" {
		parent = "/tmp"
	}
	dir, err := Directory(parent)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	f = &files{dir: dir, bundles: make(map[string]string)}
	put := func(name string, parts ...[]byte) string {
		path := filepath.Join(dir, name)
		if err == nil {
			err = create(path, nil, parts...)
		}
		return path
	}
	// The SDK for JavaScript warns in the function's log where both the variable
	// and the file are there: it has the file only where that is renewed.
	if f.token = m.Handshake.TokenFile; f.token == "" && m.Way != Preload {
		f.token = put("token", []byte(m.Handshake.Token))
	}
	f.credentials = put("credentials")
	config := "[default]\n"
	if region, _ := lookup(environ, "AWS_REGION", "AWS_DEFAULT_REGION"); isRegion(region) {
		config += "region = " + region + "\n"
	}
	f.config = put("config", []byte(config))
	if f.preload = m.Preload; f.preload == "" && m.Way != Endpoint {
		f.preload = put(preloadName, preload)
	}
	if f.python = m.Python; f.python == "" && python {
		f.python = filepath.Join(dir, pythonName)
		if err == nil {
			err = os.Mkdir(f.python, 0o700)
		}
		put(pythonName+"/sitecustomize.py", sitecustomize)
		put(pythonName+"/usercustomize.py", usercustomize)
		put(pythonName + "/__pycache__") // a file: Python is to leave none of its own here
	}
	if m.Way != Proxy || err != nil {
		return f, err
	}

	ours := []byte(m.Handshake.CA)
	alone := false // the system has none
	system := ""   // where the system's roots and ours are; empty: not looked for yet
	for _, v := range trust {
		old, named := lookup(environ, v.name)
		name := strings.ToLower(v.name) + ".pem"
		switch {
		case named && old != "":
			theirs := certificates(old)
			if len(theirs) == 0 {
				f.notes = append(f.notes, fmt.Sprintf("%s of the configuration holds no certificate: %q", v.name, old))
			}
			f.bundles[v.name] = put(name, theirs, ours)
		case v.adds:
			f.bundles[v.name] = put("remit.pem", ours)
		default:
			if system == "" {
				from, pem := m.system()
				alone = from == nil && len(pem) == 0
				system = filepath.Join(dir, "system.pem")
				err = create(system, from, pem, ours)
			}
			if alone && !v.own {
				// No roots to add to: set, the variable would take away
				// what the program brings along itself.
				continue
			}
			if v.own && !alone && m.Runtime != Ruby {
				// With it, Go's SDK refuses to start where a function has an HTTP
				// client of its own. botocore and the CLI heed REQUESTS_CA_BUNDLE
				// as well, and Go SSL_CERT_FILE.
				continue
			}
			f.bundles[v.name] = system
		}
		if err != nil {
			return nil, err
		}
	}
	if path := f.bundles["CURL_CA_BUNDLE"]; m.Runtime == PHP && path != "" {
		var text bytes.Buffer
		for _, of := range phpTrust {
			path := path
			if theirs := certificates(phpOwn(environ, of.setting)); len(theirs) > 0 {
				path = put(of.file, theirs, ours)
			}
			fmt.Fprintf(&text, "%s = \"%s\"\n", of.setting, path)
		}
		put(phpSettings, text.Bytes())
	}
	return f, err
}

// Directory makes a directory in parent that only this user can enter. Its name
// is one that nobody could have guessed and put something under before: /tmp
// outlives the processes of a sandbox. [Sweep] removes it once this process has
// ended.
func Directory(parent string) (string, error) {
	return os.MkdirTemp(parent, fmt.Sprintf("%s%d-", prefix(), os.Getpid()))
}

// prefix begins the name of every such directory. It has the id of
// the PID namespace; the process's own follows, which it keeps when it becomes
// another program. The dot has it left alone by a function that empties /tmp
// between two invocations with "rm -rf /tmp/*".
func prefix() string {
	return ".remit-" + pidSpace() + "-"
}

// Sweep removes the directories in parent that were made for processes which
// have ended. Lambda keeps /tmp when it starts a sandbox's processes again: a
// function that times out each time would fill it, a quarter of a megabyte a
// time. It is the extension's to call, beside all else: a directory that the
// function has filled keeps no start waiting.
func Sweep(parent string) {
	// Nothing that a name in it links to is reached, not even while it is swept.
	root, err := os.OpenRoot(parent)
	if err != nil {
		return
	}
	defer root.Close()
	dir, err := root.Open(".")
	if err != nil {
		return
	}
	defer dir.Close()
	entries, err := dir.Readdirnames(-1)
	if err != nil {
		return
	}
	// Containers may share the directory: of their processes nothing is known.
	prefix := prefix()
	for _, entry := range entries {
		rest, ok := strings.CutPrefix(entry, prefix)
		if !ok {
			continue
		}
		digits, _, _ := strings.Cut(rest, "-")
		pid, err := strconv.Atoi(digits)
		if err != nil {
			continue
		}
		if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); err == nil {
			continue
		}
		// By name: a directory of another's making could have any content,
		// and take for ever.
		for _, name := range names() {
			root.Remove(filepath.Join(entry, name))
		}
		root.Remove(entry)
	}
}

// names are the names of all files that write may make.
func names() []string {
	list := []string{"token", "credentials", "config", "remit.pem", "system.pem", preloadName, trustStore, phpSettings}
	for _, of := range phpTrust {
		list = append(list, of.file)
	}
	for _, name := range []string{"/sitecustomize.py", "/usercustomize.py", "/__pycache__", ""} {
		list = append(list, pythonName+name)
	}
	for _, v := range trust {
		list = append(list, strings.ToLower(v.name)+".pem")
	}
	return list
}

// create writes a file that nobody else can read: all of from, which it closes,
// if that is not nil, and the parts. Files that two variables share are written
// once.
func create(path string, from *os.File, parts ...[]byte) error {
	if from != nil {
		defer from.Close()
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if os.IsExist(err) {
		return nil // ours: nobody else can enter the directory
	}
	if err != nil {
		return err
	}
	if from != nil {
		// The kernel copies it, where it can: the memory for the system's
		// roots costs more than the roots.
		n, err := io.Copy(file, from)
		last := []byte{'\n'}
		if err == nil && n > 0 {
			_, err = from.ReadAt(last, n-1)
		}
		if err == nil && last[0] != '\n' {
			_, err = file.WriteString("\n")
		}
		if err != nil {
			file.Close()
			return err
		}
	}
	for _, p := range parts {
		if len(p) > 0 && p[len(p)-1] != '\n' && len(parts) > 1 {
			p = append(bytes.Clone(p), '\n')
		}
		if _, err := file.Write(p); err != nil {
			file.Close()
			return err
		}
	}
	return file.Close()
}

// system returns the file of the system's root certificates, else a Python
// package's certificates, else neither.
func (m Maker) system() (file *os.File, pem []byte) {
	paths := m.Bundles
	if paths == nil {
		paths = bundles
	}
	for _, path := range paths {
		// As it stands: a file of 200 KB is not parsed at every start.
		if file, err := os.Open(path); err == nil {
			if hasCertificate(file) {
				return file, nil
			}
			file.Close()
		}
	}
	if m.Bundles != nil {
		return nil, nil
	}
	for _, root := range []string{"/var/task", "/var/runtime", "/var/lang", "/opt"} {
		for _, pattern := range packaged {
			found, _ := filepath.Glob(filepath.Join(root, pattern))
			for _, path := range found {
				if pem := certificates(path); len(pem) > 0 {
					return nil, pem
				}
			}
		}
	}
	return nil, nil
}

// hasCertificate reports whether a certificate begins in file, which is at its
// beginning again then.
func hasCertificate(file *os.File) bool {
	const begin = "-----BEGIN CERTIFICATE-----"
	var buf [4096]byte // where there is any, one is in the first
	kept := 0
	for {
		n, err := file.Read(buf[kept:])
		if bytes.Contains(buf[:kept+n], []byte(begin)) {
			_, err := file.Seek(0, io.SeekStart)
			return err == nil
		}
		if err != nil {
			return false
		}
		// A line may lie across two reads.
		kept = copy(buf[:], buf[max(0, kept+n-len(begin)):kept+n])
	}
}

// certificates returns the certificates in the file at path, or in the files of
// the directory at path, and nothing else of them: such files can hold a key.
func certificates(path string) []byte {
	paths := []string{path}
	if entries, err := os.ReadDir(path); err == nil {
		paths = nil
		for _, entry := range entries {
			paths = append(paths, filepath.Join(path, entry.Name()))
		}
	}
	var out bytes.Buffer
	for _, path := range paths {
		rest, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		for {
			var block *pem.Block
			if block, rest = pem.Decode(rest); block == nil {
				break
			}
			if block.Type == "CERTIFICATE" || block.Type == "TRUSTED CERTIFICATE" || block.Type == "X509 CERTIFICATE" {
				pem.Encode(&out, &pem.Block{Type: block.Type, Bytes: block.Bytes})
			}
		}
	}
	return out.Bytes()
}

// isRegion reports whether s has only the characters of a region's name, so
// that it can stand in a file of settings.
func isRegion(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
