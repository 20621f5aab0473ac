package environ

import (
	"bytes"
	"os"
	"strings"
)

// A Runtime is what runs a function, as far as it matters to how its calls are
// led to the proxy. The empty one is not known: a program of the function's
// own, or a shell script that starts it.
type Runtime string

// The runtimes that need something of their own.
const (
	Node   Runtime = "node"
	Python Runtime = "python"
	Java   Runtime = "java"
	Ruby   Runtime = "ruby"
	PHP    Runtime = "php"
)

// Choose returns the way in for a program, if nobody asked for one.
func Choose(r Runtime) Way {
	if r == Node || r == Python {
		return Preload
	}
	return Proxy
}

// RuntimeOf returns what the program argv[0] is, started with environ, or what
// it starts: its name says it, or the interpreter in its first line, or else
// Lambda.
func RuntimeOf(argv, environ []string) Runtime {
	if len(argv) > 0 {
		if r, known := named(argv[0]); known {
			return r
		}
		if r, known := named(interpreter(argv[0])); known {
			return r
		}
	}
	// Lambda's own bootstrap sets it before it runs the wrapper. It tells where
	// argv is a script, or another wrapper.
	if running, _ := lookup(environ, "AWS_EXECUTION_ENV"); running != "" {
		switch rest := strings.TrimPrefix(running, "AWS_Lambda_"); {
		case strings.HasPrefix(rest, "nodejs"):
			return Node
		case strings.HasPrefix(rest, "python"):
			return Python
		case strings.HasPrefix(rest, "java"):
			return Java
		case strings.HasPrefix(rest, "ruby"):
			return Ruby
		case !strings.HasPrefix(rest, "provided"):
			return ""
		}
	}
	// An image or a layer of one's own says what is in it, as all images with a
	// JDK do, Bref's layers, and Docker's images of Python.
	if home, _ := lookup(environ, "JAVA_HOME"); home != "" {
		return Java
	}
	if scan, _ := lookup(environ, "PHP_INI_SCAN_DIR"); scan != "" {
		return PHP
	}
	if version, _ := lookup(environ, "PYTHON_VERSION"); version != "" {
		return Python
	}
	return ""
}

// named returns the runtime that a program of that path is. It reports false
// for what it has not heard of: that may start any other.
func named(path string) (r Runtime, known bool) {
	base := path[strings.LastIndexByte(path, '/')+1:]
	// "python3.13", "node-20", "php8.2"
	switch name := strings.TrimRight(base, "0123456789.-"); name {
	case "node", "nodejs", "npx", "npm", "yarn", "pnpm", "tsx", "ts-node":
		return Node, true
	case "java":
		return Java, true
	case "ruby", "bundle", "aws_lambda_ric":
		return Ruby, true
	case "php", "php-fpm":
		return PHP, true
	case "python", "pypy":
		return Python, true
	case "dotnet", "aws", "bun", "deno":
		return "", true
	}
	return "", false
}

// interpreter returns the program that the kernel runs in place of the script
// at path, or an empty string where it is no script.
func interpreter(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	head := make([]byte, 256) // of which the kernel reads as many: execve(2)
	n, _ := file.Read(head)
	line, ok := bytes.CutPrefix(head[:n], []byte("#!"))
	if !ok {
		return ""
	}
	line, _, _ = bytes.Cut(line, []byte("\n"))
	words := strings.Fields(string(line))
	if len(words) == 0 {
		return ""
	}
	if words[0][strings.LastIndexByte(words[0], '/')+1:] != "env" {
		return words[0]
	}
	for _, w := range words[1:] {
		if !strings.HasPrefix(w, "-") && !strings.Contains(w, "=") {
			return w // "env -S node --flag"
		}
	}
	return ""
}
