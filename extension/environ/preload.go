package environ

import (
	_ "embed"
	"strings"
)

// preload is what Node loads before the function: see the file itself.
//
//go:embed preload.cjs
var preload []byte

// preloadName is how it is called where no layer has it.
const preloadName = "preload.cjs"

// nodeOptions is the value of NODE_OPTIONS that has Node load the file at path,
// before whatever the owner's own value has it load: a tracer that wraps what
// we have changed sees AWS's hosts, as it did. (Node.js documentation,
// "Command-line API", NODE_OPTIONS: words are separated by spaces, and stand in
// double quotes where they have any, a backslash before what is not to end
// them.)
func nodeOptions(path, old string) string {
	if strings.ContainsAny(path, ` "\\`) {
		path = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(path) + `"`
	}
	ours := "--require " + path
	if strings.TrimSpace(old) == "" || strings.TrimSpace(old) == ours {
		return ours
	}
	return ours + " " + old
}
