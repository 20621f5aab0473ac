package environ

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// javaProperties are the system properties that lead a JVM's calls: ours stand
// in their place, with what the owner had said in them.
var javaProperties = []string{
	"javax.net.ssl.trustStore", "javax.net.ssl.trustStoreType", "javax.net.ssl.trustStorePassword",
	"https.proxyHost", "https.proxyPort", "http.proxyHost", "http.proxyPort", "http.nonProxyHosts",
}

// java gives a JVM the proxy, and a trust store with the authority in it, by
// system properties: the SDKs' HTTP clients differ in which variables they
// heed, but not in these. They go into the command line, where that is a JVM's:
// one that finds options in a variable says so on standard error, at each start.
func (m Maker) java(e *Environment, set map[string]string, kept []string) error {
	theirs := make(map[string]string)
	variables := make(map[string]string)
	take := func(words []string) (rest []string) {
		for _, word := range words {
			name, value, ok := strings.Cut(strings.TrimPrefix(unquote(word), "-D"), "=")
			if !strings.HasPrefix(unquote(word), "-D") || !ok || !slices.Contains(javaProperties, name) {
				rest = append(rest, word)
			} else {
				theirs[name] = value
			}
		}
		return rest
	}
	variable := func(name string) {
		old, ok := lookup(kept, name)
		if !ok {
			return
		}
		words := optionWords(old)
		if rest := take(words); len(rest) < len(words) {
			variables[name] = strings.Join(rest, " ")
		}
	}
	direct := len(m.Argv) > 0 && isJava(m.Argv[0])
	variable("JAVA_TOOL_OPTIONS")
	variable("JDK_JAVA_OPTIONS")
	end := 0
	if direct {
		end = javaOptions(m.Argv)
		e.Argv = append(append([]string{m.Argv[0]}, take(m.Argv[1:end])...), m.Argv[end:]...)
		end = len(e.Argv) - (len(m.Argv) - end)
	}
	variable("_JAVA_OPTIONS")

	store, err := m.javaStore(e, kept, theirs)
	if err != nil {
		return err
	}
	host, port := splitPort(m.Handshake.Proxy)
	// http too: the SDK's Apache and Netty clients take the property for the
	// scheme in which they speak to the proxy. (AWS SDK for Java 2.x Developer
	// Guide, "Configure HTTP proxies"; measured with 2.31.0.)
	ours := append(store, "-Dhttps.proxyHost="+host, "-Dhttps.proxyPort="+port, "-Dhttp.proxyHost="+host, "-Dhttp.proxyPort="+port, "-Dhttp.nonProxyHosts="+m.nonProxyHosts(e, theirs["http.nonProxyHosts"], set["NO_PROXY"]))
	for _, name := range []string{"https.proxyHost", "http.proxyHost"} {
		if old := theirs[name]; old != "" && old != host {
			e.note(name + " of the configuration is replaced by Remit's proxy, which goes on through HTTPS_PROXY, if you set that too")
		}
	}
	for name, value := range variables {
		set[name] = value
	}
	if direct {
		e.Argv = slices.Insert(e.Argv, end, ours...)
		return nil
	}
	old, ok := variables["JAVA_TOOL_OPTIONS"]
	if !ok {
		old, _ = lookup(kept, "JAVA_TOOL_OPTIONS")
	}
	for i, word := range ours {
		if strings.ContainsAny(word, " \t|") {
			ours[i] = `"` + word + `"`
		}
	}
	set["JAVA_TOOL_OPTIONS"] = strings.TrimSpace(strings.Join(ours, " ") + " " + old)
	return nil
}

// javaStore writes a trust store of what the JVM trusts, or its owner's, and the
// authority, and returns the options that name it. One that cannot be read
// stays in its place.
func (m Maker) javaStore(e *Environment, kept []string, theirs map[string]string) ([]string, error) {
	candidates := []string{theirs["javax.net.ssl.trustStore"]}
	if candidates[0] == "" {
		home, _ := lookup(kept, "JAVA_HOME")
		path, _ := lookup(kept, "PATH")
		candidates = javaStores(m.Argv, home, path)
	}
	var trusted [][]byte
	for _, path := range candidates {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if trusted, err = storeCertificates(b); err == nil {
			break
		}
		if path == theirs["javax.net.ssl.trustStore"] {
			e.note(fmt.Sprintf("javax.net.ssl.trustStore of the configuration stays as it is, and the function will not trust Remit: %q %v; make it a JKS", path, err))
			var kept []string
			for _, name := range javaProperties[:3] {
				if v, ok := theirs[name]; ok {
					kept = append(kept, "-D"+name+"="+v)
				}
			}
			return kept, nil
		}
	}
	if trusted == nil {
		from, pem := m.system()
		if from != nil {
			pem, _ = io.ReadAll(from) // what cannot be read is not trusted
			from.Close()
		}
		trusted = pemBlocks(pem)
	}
	if trusted == nil {
		e.note("the JVM's own trust store is not found: calls to AWS trust Remit alone, and all others nobody")
	}
	path := filepath.Join(e.Dir, trustStore)
	if err := create(path, nil, writeStore(append(trusted, pemBlocks([]byte(m.Handshake.CA))...))); err != nil {
		return nil, err
	}
	return []string{
		"-Djavax.net.ssl.trustStore=" + path,
		"-Djavax.net.ssl.trustStoreType=JKS",
		"-Djavax.net.ssl.trustStorePassword=" + storePassword,
	}, nil
}

// javaStores are the trust stores that the JVM behind argv would read, the one
// it prefers first. (JSSE Reference Guide, "Customizing the Default Keystores
// and Truststores".)
func javaStores(argv []string, home, path string) (paths []string) {
	var homes []string
	program := ""
	if len(argv) > 0 && isJava(argv[0]) {
		program = argv[0]
	} else if home != "" {
		homes = append(homes, home)
	} else {
		program, _ = LookUp("java", path)
	}
	if real, err := filepath.EvalSymlinks(program); err == nil && program != "" {
		homes = append(homes, filepath.Dir(filepath.Dir(real)))
	}
	for _, home := range append(homes, "/var/lang") {
		for _, dir := range []string{"lib/security", "jre/lib/security"} {
			for _, name := range []string{"jssecacerts", "cacerts"} {
				paths = append(paths, filepath.Join(home, dir, name))
			}
		}
	}
	return paths
}

// nonProxyHosts is the value of http.nonProxyHosts: what stood there, without
// what leads AWS's hosts past the proxy, and what NO_PROXY has, in the words of
// Java: hosts with a * at either end, no networks. The first three are Java's
// own where the property is not set; what is on the link the proxy refuses. (Java documentation, "Networking
// Properties".)
func (m Maker) nonProxyHosts(e *Environment, old, direct string) string {
	list := []string{"localhost", "127.*", "[::1]", "169.254.*"}
	for host := range strings.SplitSeq(old, "|") {
		switch {
		case host == "" || slices.Contains(list, host):
		case m.covers(strings.TrimRight(host, "*.")) || m.covers(host):
			e.note(fmt.Sprintf("http.nonProxyHosts of the configuration loses %q: calls to AWS that go round the proxy carry no credentials that work", host))
		default:
			list = append(list, host)
		}
	}
	for host := range strings.SplitSeq(direct, ",") {
		host = hostOf(host)
		if host == "" || strings.ContainsAny(host, "/|") {
			continue
		}
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		if strings.HasPrefix(host, ".") {
			host = "*" + host
		}
		if host != "127.0.0.1" && !strings.HasPrefix(host, "169.254.") && !slices.Contains(list, host) {
			list = append(list, host)
		}
	}
	return strings.Join(list, "|")
}

func isJava(path string) bool {
	r, known := named(path)
	return known && r == Java
}

// withValue are options of the launcher whose value is the next word.
var withValue = []string{
	"-cp", "-classpath", "--class-path", "-p", "--module-path", "--upgrade-module-path", "--add-modules", "--add-reads", "--add-exports",
	"--add-opens", "--limit-modules", "--patch-module", "--enable-native-access", "--source",
}

// javaOptions returns how many words of a JVM's command line are its own name
// and options: what follows is -jar, a module or the main class, and the
// program's own.
func javaOptions(argv []string) int {
	i := 1
	for i < len(argv) {
		word := argv[i]
		switch {
		case slices.Contains(withValue, word):
			i += 2
		case word == "-jar" || word == "-m" || word == "--module" || !strings.HasPrefix(word, "-") && !strings.HasPrefix(word, "@"):
			return i
		default:
			i++
		}
	}
	return min(i, len(argv))
}

// optionWords splits the value of a variable with options of a JVM at spaces
// that are not in quotes. The words keep theirs.
func optionWords(s string) (words []string) {
	var quote byte
	begin := -1
	for i := range len(s) {
		c := s[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f':
			if begin >= 0 {
				words = append(words, s[begin:i])
			}
			begin = -1
			continue
		case c == '"' || c == '\'':
			quote = c
		}
		if begin < 0 {
			begin = i
		}
	}
	if begin >= 0 {
		words = append(words, s[begin:])
	}
	return words
}

// unquote returns word as the JVM takes it: without its quotes.
func unquote(word string) string {
	var out strings.Builder
	var quote byte
	for i := range len(word) {
		switch c := word[i]; {
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote != 0 && c == quote:
			quote = 0
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

func splitPort(address string) (host, port string) {
	i := strings.LastIndexByte(address, ':')
	return strings.Trim(address[:i], "[]"), address[i+1:]
}
