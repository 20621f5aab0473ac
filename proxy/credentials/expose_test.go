package credentials

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lambda-remit/remit/proxy/sigv4"
)

func TestExposedCredentialsAreHandedOutInPlaceOfSealedOnes(t *testing.T) {
	i, err := New()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	i.now = func() time.Time { return now }
	given, failing := 0, error(nil)
	i.Expose = func(context.Context) (Exposed, error) {
		given++
		return Exposed{
			Credentials: sigv4.Credentials{AccessKeyID: fmt.Sprintf("ASIAEXPOSED%09d", given), SecretAccessKey: "secret", SessionToken: "token"},
			Expires:     now.Add(time.Hour),
		}, failing
	}
	ask := func() (int, string) {
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:9"+Path, nil)
		r.Header.Set("Authorization", i.Token())
		w := httptest.NewRecorder()
		i.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	if status, body := ask(); status != http.StatusOK || !strings.Contains(body, `"ASIAEXPOSED000000001"`) || !strings.Contains(body, `"2026-11-22T09:00:00Z"`) || strings.Contains(body, KeyPrefix) {
		t.Errorf("got %d %s", status, body)
	}
	// The proxy honours what the function may hold still, until it expires.
	for range maxHandedOut - 1 {
		ask()
	}
	for id, want := range map[string]bool{
		"ASIAEXPOSED000000001": true, "ASIAEXPOSED000000008": true, "ASIAEXPOSED000000009": false, "": false, i.sealed.AccessKeyID: true,
	} {
		if c, ok := i.Sealed(id); ok != want || ok && c.AccessKeyID != id {
			t.Errorf("%q is honoured: %v, as %q; want %v", id, ok, c.AccessKeyID, want)
		}
	}
	now = now.Add(time.Hour)
	if _, ok := i.Sealed("ASIAEXPOSED000000008"); ok {
		t.Error("expired credentials are honoured")
	}
	// Where they cannot be had, nothing stands in their place.
	failing = errors.New("STS throttled the request")
	if status, body := ask(); status != http.StatusServiceUnavailable || !strings.Contains(body, "STS throttled") || strings.Contains(body, "SecretAccessKey") {
		t.Errorf("got %d %s", status, body)
	}
	if text := fmt.Sprintf("%v %+v %#v %s", i, i, i, Exposed{Credentials: sigv4.Credentials{AccessKeyID: "a", SecretAccessKey: "hush"}}); strings.Contains(text, "secret") || strings.Contains(text, "hush") {
		t.Errorf("printed as %s", text)
	}
}
