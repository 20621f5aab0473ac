package credentials

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lambda-remit/remit/proxy/sigv4"
)

func testSession() Session {
	return Session{
		Real:    sigv4.Credentials{AccessKeyID: "ASIAREALREALREALREAL", SecretAccessKey: "real-secret", SessionToken: strings.Repeat("real-token", 150)},
		Expires: time.Unix(1795000000, 0), Principal: "arn:aws:iam::210987654321:role/reader", Account: "210987654321",
		Bound: true, Service: "s3express", Resource: "media--use1-az4--x-s3",
	}
}

func TestWhatWasSealedIsOpenedByItsKeyAndToken(t *testing.T) {
	var s Sealer
	want := testSession()
	c, err := s.Seal(want)
	if err != nil {
		t.Fatal(err)
	}
	opened, got, ok := s.Open(c.AccessKeyID, c.SessionToken)
	if !ok || opened != c {
		t.Fatalf("got %v, %v, want %v", opened, ok, c)
	}
	if got != want {
		t.Errorf("got another session: %v", got)
	}
	if !strings.HasPrefix(c.AccessKeyID, KeyPrefix) || len(c.AccessKeyID) != 20 || len(c.SecretAccessKey) != 40 {
		t.Errorf("%q does not look like an access key", c.AccessKeyID)
	}
}

func TestASealedTokenTellsNothing(t *testing.T) {
	var s Sealer
	want := testSession()
	c, err := s.Seal(want)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(c.SessionToken)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{want.Real.AccessKeyID, want.Real.SecretAccessKey, want.Real.SessionToken[:10], c.SecretAccessKey} {
		if strings.Contains(string(raw), secret) || strings.Contains(c.SessionToken, secret) {
			t.Errorf("the token holds %q", secret)
		}
	}
	again, _ := s.Seal(want)
	if again.AccessKeyID == c.AccessKeyID || again.SecretAccessKey == c.SecretAccessKey || again.SessionToken == c.SessionToken {
		t.Error("sealed twice, one part is the same")
	}
}

func TestWhatWasNotSealedHereIsNotOpened(t *testing.T) {
	var s, other Sealer
	a, err1 := s.Seal(testSession())
	b, err2 := s.Seal(testSession())
	foreign, err3 := other.Seal(testSession())
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	flip := func(i int) string {
		raw, _ := base64.StdEncoding.DecodeString(a.SessionToken)
		raw[(i+len(raw))%len(raw)] ^= 1
		return base64.StdEncoding.EncodeToString(raw)
	}
	for name, tt := range map[string]struct{ id, token string }{
		"another set's token":       {a.AccessKeyID, b.SessionToken},
		"another sandbox's":         {foreign.AccessKeyID, foreign.SessionToken},
		"no token":                  {a.AccessKeyID, ""},
		"no id":                     {"", a.SessionToken},
		"id in small letters":       {strings.ToLower(a.AccessKeyID), a.SessionToken},
		"first bit turned":          {a.AccessKeyID, flip(0)},
		"last bit turned":           {a.AccessKeyID, flip(-1)},
		"a bit amid turned":         {a.AccessKeyID, flip(100)},
		"cut short":                 {a.AccessKeyID, a.SessionToken[:8]},
		"with a newline":            {a.AccessKeyID, a.SessionToken[:8] + "\n" + a.SessionToken[8:]},
		"with more behind":          {a.AccessKeyID, a.SessionToken + "AAAA"},
		"the token in URL's base64": {a.AccessKeyID, strings.NewReplacer("+", "-", "/", "_").Replace(a.SessionToken) + "-"},
	} {
		if c, x, ok := s.Open(tt.id, tt.token); ok || c.SecretAccessKey != "" || x.Real.SecretAccessKey != "" {
			t.Errorf("%s: opened", name)
		}
	}
	var zero Sealer
	if _, _, ok := zero.Open(a.AccessKeyID, a.SessionToken); ok {
		t.Error("a fresh Sealer opens another's")
	}
}

func TestASessionDoesNotPrintItsCredentials(t *testing.T) {
	x := testSession()
	for _, v := range []any{x, &x, struct{ S Session }{x}} {
		var out strings.Builder
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		if b, err := json.Marshal(v); err == nil {
			out.Write(b)
		}
		for _, secret := range []string{x.Real.SecretAccessKey, x.Real.SessionToken} {
			if strings.Contains(out.String(), secret) || strings.Contains(out.String(), fmt.Sprintf("%x", secret)) {
				t.Errorf("%T prints a secret", v)
			}
		}
	}
}

func TestASessionOfTwoLinesIsNotSealed(t *testing.T) {
	x := testSession()
	x.Principal += "\n210987654321"
	if c, err := new(Sealer).Seal(x); err == nil {
		t.Errorf("sealed as %v", c)
	}
}

func FuzzNothingButASealedSetIsOpened(f *testing.F) {
	var s Sealer
	c, err := s.Seal(testSession())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(c.AccessKeyID, c.SessionToken)
	f.Add(c.AccessKeyID, c.SessionToken[1:])
	f.Add("ASIAREMITAAAAAAAAAAA", "AAAA")
	f.Fuzz(func(t *testing.T, id, token string) {
		if _, _, ok := s.Open(id, token); ok != (id == c.AccessKeyID && token == c.SessionToken) {
			t.Errorf("Open(%q, %q) reports %v", id, token, ok)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	var s Sealer
	c, err := s.Seal(testSession())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, ok := s.Open(c.AccessKeyID, c.SessionToken); !ok {
			b.Fatal("not opened")
		}
	}
}
