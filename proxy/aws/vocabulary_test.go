package aws

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

// Whatever way a text is written in that a server decodes, its words are found.
func FuzzVocabulary(f *testing.F) {
	f.Add("g.V().", "()", uint8(0))
	f.Add("MATCH (n)\n", "\tn", uint8(1))
	f.Add(`"\\`, `"`, uint8(2))
	f.Add("1", "ſ", uint8(3))
	f.Fuzz(func(t *testing.T, before, after string, how uint8) {
		if n := len(before); n > 0 && (isCapital(before[n-1]&^0x20) || before[n-1] == '_') || after != "" && (isCapital(after[0]&^0x20) || after[0] == '_' || '0' <= after[0] && after[0] <= '9') {
			return // part of another word
		}
		if strings.HasSuffix(strings.TrimRight(before, `\`)+`\`, before) && strings.HasSuffix(before, `\`) {
			return // an escape that hides the first letter hides the word
		}
		text := before + "dRop" + after
		switch how % 4 {
		case 1:
			b, err := json.Marshal(map[string]string{"query": text})
			if err != nil {
				t.Fatal(err)
			}
			text = string(b)
		case 2:
			text = "query=" + url.QueryEscape(text)
		case 3:
			if strings.Contains(before+after, "%") {
				return // "%70" goes on with the word, once it is decoded
			}
			text = strings.ReplaceAll(text, "d", "%64")
		}
		if !wordsIn([]string{text}).any([]string{"NONE", "DROP"}) {
			t.Errorf("%q: the word is not found", text)
		}
	})
}

func TestATextThatMayHideWordsHasThemAll(t *testing.T) {
	for _, text := range []string{"\xff\xfed\x00r\x00", "a\x00b", `\u0064rop`, `\U00000064rop`, `dr\157p`, `dr\x6fp`,
		// As JSON has what the query's language is to decode, or two of them.
		`{"gremlin":"g.V().\\u0064rop()"}`, `{"gremlin":"g.V().\\\\u0064rop()"}`, `\\\u0064rop`, `\uu0064rop`, `\u005cu0064rop`, `\u017fet`, `\u212a`, `\u0000`, `\u00`,
		"\\u00a0drop", "\\u200adrop", "\\u003edrop\\u003c", "drop\\u2028",
	} {
		if !wordsIn([]string{text}).any([]string{"DROP"}) {
			t.Errorf("%q: hides nothing", text)
		}
	}
	for _, text := range []string{"", "drops", "_drop", "drop_", "adrop", "drop1", `{"query":"RETURN \"a\""}`, "100%",
		// As Go, Python and Gson write what is no word's.
		`{"query":"MATCH (n {a: 'caf\u00e9'}) WHERE n.b \u003e 1 \u0026 RETURN \u0027\ud83d\ude00\u0027"}`, `{"query":"RETURN a =~ '\\d+'"}`,
	} {
		if wordsIn([]string{text}).any([]string{"DROP"}) {
			t.Errorf("%q: has the word", text)
		}
	}
}
