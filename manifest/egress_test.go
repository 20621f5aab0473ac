package manifest_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/lambda-remit/remit/manifest"
)

func TestWhereItMayConnectToIsAsWritten(t *testing.T) {
	corpus(t, "testdata/reach/*.txtar", func(t *testing.T, a *txtar.Archive) {
		cases(t, a, func(t *testing.T, name string, src []byte, o manifest.Options) {
			m, err := manifest.Parse(name+".yaml", src, o)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == name+".reached" })
			if i < 0 {
				t.Fatalf("%s.reached is missing", name)
			}
			var got strings.Builder
			for line := range strings.Lines(string(a.Files[i].Data)) {
				asked, _, _ := strings.Cut(strings.TrimSpace(line), " => ")
				host, port, _ := strings.Cut(asked, " ")
				n, err := strconv.ParseUint(port, 10, 16)
				if err != nil {
					t.Fatalf("%q: %v", asked, err)
				}
				fmt.Fprintf(&got, "%s => %s\n", asked, verdict(m.Reach(host, uint16(n))))
			}
			want(t, a, name+".yaml", name+".reached", got.String())
		})
	})
}

func TestWithoutAnEgressAllIsReached(t *testing.T) {
	for _, m := range []*manifest.Manifest{nil, {}} {
		if d := m.Reach("api.example.com", 443); !d.Allowed {
			t.Errorf("%v: got %q", m, d.Reason)
		}
	}
}

// A pattern means what a regular expression made of it means, and a name that is
// written twice, once with capitals and a dot, is one name.
func FuzzReach(f *testing.F) {
	for _, seed := range [][2]string{
		{"*.example.com", "a.b.example.com"}, {"*.example.com", "example.com"}, {"*.*.c", "a.b.c"},
		{"a*b*c.d", "abcbc.d"}, {"a*b.d", "a.b.d"}, {"*", "x"}, {"*", ""}, {"x-*", "x-"}, {"*.a-*.c", "a-.a-x.c"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, host string) {
		if strings.ContainsAny(pattern, "$\\\"") {
			return
		}
		m, err := manifest.Parse("f.yaml", []byte("egress: ["+strconv.Quote(pattern+":7")+"]"), manifest.Options{Region: "eu-west-1"})
		if err != nil || m.Egress[0].Host == "" {
			return
		}
		host = strings.ToLower(host)
		if strings.HasSuffix(host, ".") || regexp.MustCompile(`(^|\.)[0-9]+$`).MatchString(host) || strings.ContainsAny(host, ":%") || len(host) > 253 {
			return // an address, or the same name again
		}
		expression := regexp.QuoteMeta(m.Egress[0].Host)
		if expression == `\*` {
			expression = `(?s:.+)`
		} else {
			if rest, ok := strings.CutPrefix(expression, `\*\.`); ok {
				expression = `([^.]+\.)+` + rest
			}
			expression = strings.ReplaceAll(expression, `\*`, `[^.]*`)
		}
		whole := regexp.MustCompile(`^` + expression + `$`).MatchString(host)
		if strings.HasPrefix(host, ".") || strings.Contains(host, "..") {
			whole = false // no name has an empty label
		}
		for _, h := range []string{host, strings.ToUpper(host), host + "."} {
			if strings.ToLower(strings.ToUpper(h)) != h && h == strings.ToUpper(host) {
				continue // beyond ASCII, capitals are other letters
			}
			if got := m.Reach(h, 7).Allowed; got != whole {
				t.Errorf("%q reaches %q: %v, want %v by %s", pattern, h, got, whole, expression)
			}
		}
		if m.Reach(host, 8).Allowed {
			t.Errorf("%q reaches another port of %q", pattern, host)
		}
	})
}
