package extension

import (
	"fmt"
	"path/filepath"
)

// distrust takes SSL_CERT_FILE and SSL_CERT_DIR out of this process's
// environment where they name what the function can write: they say whom
// crypto/x509 believes to be AWS, and Lambda hands an extension the function's
// variables. /tmp survives a restart of the sandbox's processes, so what lies
// there may be of an earlier function's making. The function itself keeps them.
// It must be called before the first certificate is verified.
func distrust(getenv func(string) string, unset func(string) error, kept ...string) (notes []string) {
	for _, name := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR"} {
		value := getenv(name)
		if value == "" {
			continue
		}
		paths := []string{value}
		if name == "SSL_CERT_DIR" {
			paths = filepath.SplitList(value)
		}
		for _, path := range paths {
			if readOnly(path, kept) {
				continue
			}
			unset(name)
			notes = append(notes, fmt.Sprintf("%s of the configuration is not heeded by the extension: %q is not, or not in what a sandbox cannot write", name, path))
			break
		}
	}
	return notes
}

// readOnly reports whether what path leads to is there, and lies in the image,
// the function's package or a layer. (AWS Lambda Developer Guide, "Configure
// ephemeral storage": /tmp alone is writable; a mounted file system is below
// /mnt.)
func readOnly(path string, kept []string) bool {
	real, err := filepath.EvalSymlinks(path)
	if err != nil || !filepath.IsAbs(real) {
		return false
	}
	for _, dir := range append(kept, "/etc", "/usr", "/opt", "/var/task", "/var/lang", "/var/runtime") {
		rel, err := filepath.Rel(dir, real)
		if err == nil && filepath.IsLocal(rel) {
			return true
		}
	}
	return false
}
