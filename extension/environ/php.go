package environ

import (
	"os"
	"path/filepath"
	"strings"
)

// phpSettings is a file of PHP's own settings. PHP reads it after the owner's.
const phpSettings = "remit.ini"

// phpTrust are the settings that name a file of certificates, curl's and that of
// streams, and the file that takes its place where the owner has set one.
var phpTrust = []struct{ setting, file string }{
	{"curl.cainfo", "curl.cainfo.pem"},
	{"openssl.cafile", "openssl.cafile.pem"},
}

// maxSettings is how much of a file of settings is read, and maxFiles how many
// files.
const (
	maxSettings = 256 << 10
	maxFiles    = 256
)

// phpOwn returns what the owner's files set a setting to: those in the
// directories of PHP_INI_SCAN_DIR, and the one that PHPRC names. The directories
// that PHP was built with it alone knows: where PHP's own settings name
// certificates there, PHP_INI_SCAN_DIR has to name the directory. (PHP Manual,
// "The configuration file": the last one wins, files of a directory in the
// order of their names.)
func phpOwn(environ []string, setting string) (value string) {
	var files []string
	if rc, _ := lookup(environ, "PHPRC"); rc != "" {
		files = append(files, rc, filepath.Join(rc, "php.ini"))
	}
	scanned, _ := lookup(environ, "PHP_INI_SCAN_DIR")
	for _, dir := range filepath.SplitList(scanned) {
		if dir == "" {
			continue
		}
		found, _ := filepath.Glob(filepath.Join(dir, "*.ini"))
		files = append(files, found...)
	}
	for _, path := range files[:min(len(files), maxFiles)] {
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxSettings {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if v, ok := phpSet(line, setting); ok {
				value = v
			}
		}
	}
	return value
}

// phpSet reads a line of PHP's settings: name = value, with or without quotes,
// and a remark behind a semicolon. A value with a variable or a constant in it is
// none that can be known here.
func phpSet(line, setting string) (value string, ok bool) {
	name, value, ok := strings.Cut(line, "=")
	if !ok || strings.TrimSpace(name) != setting {
		return "", false
	}
	value = strings.TrimSpace(value)
	if value != "" && strings.ContainsRune("\"'", rune(value[0])) {
		value, _, ok = strings.Cut(value[1:], value[:1])
	} else {
		value, _, _ = strings.Cut(value, ";")
		value = strings.TrimSpace(value)
	}
	return value, ok
}
