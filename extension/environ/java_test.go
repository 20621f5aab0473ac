package environ

import (
	"slices"
	"strings"
	"testing"
)

// FuzzOptionWords holds the splitting of a JVM's variables to what is done with
// it: words that are joined again are the same words.
func FuzzOptionWords(f *testing.F) {
	f.Add(`-javaagent:/opt/a.jar "-Dhttps.proxyHost=corp.example" -Dmsg='a b'`)
	f.Add("-Da=\"b 'c' d\"\t-De=f\n")
	f.Add(`"unterminated -Dx=y`)
	f.Fuzz(func(t *testing.T, s string) {
		words := optionWords(s)
		if again := optionWords(strings.Join(words, " ")); !slices.Equal(words, again) {
			t.Fatalf("%q: got %q, and then %q", s, words, again)
		}
		for _, w := range words {
			if w == "" || len(unquote(w)) > len(w) || !strings.Contains(s, w) {
				t.Fatalf("%q: got the word %q", s, w)
			}
		}
	})
}

func TestTheOptionsOfAJVMEndWhereItsProgramBegins(t *testing.T) {
	for line, want := range map[string]int{
		"java":                                 1,
		"java -jar a.jar -Dx=y":                1,
		"java -Xmx1g -jar a.jar":               2,
		"java -cp a:b Main -x":                 3,
		"java --add-opens a/b=c -m mod/Main":   3,
		"java @args Main":                      2,
		"java -cp":                             2,
		"java -Dx=y --module-path p Main -Dz=": 4,
	} {
		if got := javaOptions(strings.Fields(line)); got != want {
			t.Errorf("%s: got %d, want %d", line, got, want)
		}
	}
}
