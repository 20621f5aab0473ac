package credentials

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
)

func newTest(t testing.TB) *Issuer {
	t.Helper()
	i, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func ask(i *Issuer, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/credentials", nil)
	r.Host = "127.0.0.1:9001"
	r.Header.Set("Authorization", i.Token())
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	i.ServeHTTP(w, r)
	return w
}

func TestTheTokenGetsTheSealedCredentials(t *testing.T) {
	i := newTest(t)
	w := ask(i, nil)
	if w.Code != 200 {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	var got map[string]string
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	c, ok := i.Sealed(got["AccessKeyId"])
	if !ok {
		t.Fatalf("access key %q is not sealed", got["AccessKeyId"])
	}
	if got["SecretAccessKey"] != c.SecretAccessKey || got["Token"] != c.SessionToken {
		t.Error("the answer's credentials are not the sealed ones")
	}
	if _, ok := got["AccountId"]; ok {
		t.Error("an account is told that nobody set")
	}
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("got content type %q", got)
	}
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("got cache control %q", got)
	}
}

func TestCredentialsLookLikeTemporaryOnes(t *testing.T) {
	i := newTest(t)
	c := i.sealed
	for what, ok := range map[string]bool{
		"access key id": regexp.MustCompile(`^ASIAREMIT[A-Z2-7]{11}$`).MatchString(c.AccessKeyID),
		"secret":        regexp.MustCompile(`^[A-Za-z0-9/+]{40}$`).MatchString(c.SecretAccessKey),
		"session token": regexp.MustCompile(`^[A-Za-z0-9/+]{64}$`).MatchString(c.SessionToken),
		"bearer token":  regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`).MatchString(i.Token()),
	} {
		if !ok {
			t.Errorf("%s has another form", what)
		}
	}
	other := newTest(t)
	if other.sealed.AccessKeyID == c.AccessKeyID || other.sealed.SecretAccessKey == c.SecretAccessKey || other.Token() == i.Token() {
		t.Error("two issuers agree")
	}
}

func TestExpirationIsAlwaysFarAhead(t *testing.T) {
	i := newTest(t)
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	i.now = func() time.Time { return now }
	for range 3 {
		var got struct{ Expiration time.Time }
		if err := json.Unmarshal(ask(i, nil).Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if ahead := got.Expiration.Sub(now); ahead < 6*time.Hour {
			t.Errorf("at %s: got an expiration %s ahead", now, ahead)
		}
		now = now.Add(30 * time.Hour) // frozen
	}
}

func TestTheAccountIsToldIfItIsSet(t *testing.T) {
	i := newTest(t)
	for account, want := range map[string]string{"123456789012": `"AccountId":"123456789012"`, "": ""} {
		i.Account = func() string { return account }
		if body := ask(i, nil).Body.String(); !strings.Contains(body, want) || want == "" && strings.Contains(body, "AccountId") {
			t.Errorf("account %q: got a body without %q", account, want)
		}
	}
}

func TestOthersAreRefused(t *testing.T) {
	i := newTest(t)
	set := func(name string, values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header[name] = values }
	}
	host := func(h string) func(*http.Request) { return func(r *http.Request) { r.Host = h } }
	target := func(uri string) func(*http.Request) {
		return func(r *http.Request) { r.URL = httptest.NewRequest("GET", uri, nil).URL }
	}
	method := func(m string) func(*http.Request) { return func(r *http.Request) { r.Method = m } }
	for name, test := range map[string]struct {
		change func(*http.Request)
		want   int
	}{
		"no token":             {set("Authorization"), 403},
		"empty token":          {set("Authorization", ""), 403},
		"wrong token":          {set("Authorization", "."+i.Token()[1:]), 403},
		"token with more":      {set("Authorization", i.Token()+"x"), 403},
		"token as bearer":      {set("Authorization", "Bearer "+i.Token()), 403},
		"token twice":          {set("Authorization", i.Token(), i.Token()), 403},
		"origin":               {set("Origin", "http://127.0.0.1:9001"), 403},
		"null origin":          {set("Origin", "null"), 403},
		"rebound name":         {host("evil.example:9001"), 403},
		"no host":              {host(""), 403},
		"unspecified address":  {host("0.0.0.0:9001"), 403},
		"metadata address":     {host("169.254.169.254"), 403},
		"name like localhost":  {host("localhost.evil.example:9001"), 403},
		"decimal loopback":     {host("2130706433:9001"), 403},
		"name with a loopback": {host("127.0.0.1.evil.example"), 403},
		"odd port":             {host("localhost:http"), 403},
		"odd brackets":         {host("127.0.0.1]"), 403},
		"post":                 {method("POST"), 405},
		"head":                 {method("HEAD"), 405},
		"options":              {method("OPTIONS"), 405},
		"other path":           {target("/"), 404},
		"longer path":          {target("/credentials/"), 404},
		"doubled slash":        {target("//credentials"), 404},
		"encoded path":         {target("/%63redentials"), 404},
		"query":                {target("/credentials?x=1"), 404},
		"empty query":          {target("/credentials?"), 404},
	} {
		w := ask(i, test.change)
		if w.Code != test.want {
			t.Errorf("%s: got %d, want %d", name, w.Code, test.want)
		}
		var got map[string]string
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got["code"] == "" || got["message"] == "" {
			t.Errorf("%s: got body %s, want code and message", name, w.Body)
		}
		if strings.Contains(w.Body.String(), i.sealed.SecretAccessKey) || strings.Contains(w.Body.String(), i.Token()) {
			t.Errorf("%s: the body tells a secret", name)
		}
	}
}

func TestEveryLoopbackHostIsAnswered(t *testing.T) {
	i := newTest(t)
	for _, host := range []string{"127.0.0.1:9001", "127.0.0.1", "127.1.2.3:80", "[::1]:9001", "[::1]", "localhost:9001", "localhost"} {
		if w := ask(i, func(r *http.Request) { r.Host = host }); w.Code != 200 {
			t.Errorf("%s: got %d %s", host, w.Code, w.Body)
		}
	}
}

func TestOnlyTheIssuersOwnKeyIsSealed(t *testing.T) {
	i := newTest(t)
	for _, id := range []string{"", "AKIAIOSFODNN7EXAMPLE", strings.ToLower(i.sealed.AccessKeyID), i.sealed.AccessKeyID + "A", newTest(t).sealed.AccessKeyID} {
		if c, ok := i.Sealed(id); ok || c.SecretAccessKey != "" {
			t.Errorf("Sealed(%q) got credentials", id)
		}
	}
}

func TestTheZeroIssuerHonoursNothing(t *testing.T) {
	var i Issuer
	if _, ok := i.Sealed(""); ok {
		t.Error("Sealed(\"\") got credentials")
	}
	for _, token := range [][]string{nil, {""}} {
		if w := ask(&i, func(r *http.Request) { r.Header["Authorization"] = token }); w.Code != 403 {
			t.Errorf("token %q: got %d", token, w.Code)
		}
	}
}

func TestARealSDKGetsTheCredentials(t *testing.T) {
	i := newTest(t)
	i.Account = func() string { return "123456789012" }
	server := httptest.NewServer(i)
	defer server.Close()
	provider := endpointcreds.New(server.URL+Path, func(o *endpointcreds.Options) { o.AuthorizationToken = i.Token() })
	got, err := provider.Retrieve(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	c := i.sealed
	if got.AccessKeyID != c.AccessKeyID || got.SecretAccessKey != c.SecretAccessKey || got.SessionToken != c.SessionToken {
		t.Error("the SDK got other credentials")
	}
	if !got.CanExpire || time.Until(got.Expires) < 6*time.Hour {
		t.Errorf("got expiry %s", got.Expires)
	}
	if got.AccountID != "123456789012" {
		t.Errorf("got account %q", got.AccountID)
	}

	provider = endpointcreds.New(server.URL+Path, func(o *endpointcreds.Options) { o.AuthorizationToken = "wrong" })
	if _, err := provider.Retrieve(context.Background()); err == nil || !strings.Contains(err.Error(), "InvalidToken") {
		t.Errorf("with a wrong token: got %v, want the answer's code in it", err)
	}
}

func TestTheIssuerDoesNotPrintItsSecrets(t *testing.T) {
	i := newTest(t)
	for _, v := range []any{i, *i, []*Issuer{i}, struct{ I *Issuer }{i}, struct{ I Issuer }{*i}} {
		var out strings.Builder
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		if b, err := json.Marshal(v); err == nil {
			out.Write(b)
		}
		if b, err := xml.Marshal(v); err == nil {
			out.Write(b)
		}
		for _, secret := range []string{i.Token(), i.sealed.SecretAccessKey, i.sealed.SessionToken} {
			if strings.Contains(out.String(), secret) || strings.Contains(out.String(), fmt.Sprintf("%x", secret)) {
				t.Errorf("%T prints a secret:\n%s", v, out.String())
				break
			}
		}
	}
}

func TestATokenStaysGoodWhenThereIsANewerOne(t *testing.T) {
	i, err := New()
	if err != nil {
		t.Fatal(err)
	}
	ask := func(token string) int {
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:1"+Path, nil)
		r.Header.Set("Authorization", token)
		w := httptest.NewRecorder()
		i.ServeHTTP(w, r)
		return w.Code
	}
	first := i.Token()
	var second string
	for n := range 2 * maxTokens {
		before := i.Token()
		if err := i.Renew(); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			second = i.Token()
		}
		if i.Token() == before {
			t.Fatal("the newer token is the older one")
		}
		for _, token := range []string{first, before, i.Token()} {
			if got := ask(token); got != 200 {
				t.Errorf("after %d: a token that was given out got %d, want 200", n+1, got)
			}
		}
	}
	if got := ask(second); got != 403 {
		t.Errorf("the second of %d tokens got %d, want 403", 2*maxTokens+1, got)
	}
}
