package awstest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// TestASignatureHoldsWhatItCovers has AWS's own signer sign, and changes what it
// has signed.
func TestASignatureHoldsWhatItCovers(t *testing.T) {
	creds := Base()
	keys := func(id string) (sdk.Credentials, bool) { return creds, id == creds.AccessKeyID }
	const body = `{"a":1}`
	for name, change := range map[string]func(*http.Request) string{
		"nothing":        nil,
		"the body":       func(*http.Request) string { return `{"a":2}` },
		"the path":       func(r *http.Request) string { r.RequestURI = "/other?b=1&a=c%20d"; return body },
		"the query":      func(r *http.Request) string { r.RequestURI = "/model/a%3A0/invoke?b=2&a=c%20d"; return body },
		"the host":       func(r *http.Request) string { r.Host = "sts.amazonaws.com"; return body },
		"the method":     func(r *http.Request) string { r.Method = "PUT"; return body },
		"the token":      func(r *http.Request) string { r.Header.Set("X-Amz-Security-Token", "other"); return body },
		"a header":       func(r *http.Request) string { r.Header.Set("X-Amz-Target", "Other.Call"); return body },
		"one more":       func(r *http.Request) string { r.Header.Set("X-Amz-Meta-More", "1"); return body },
		"the date":       func(r *http.Request) string { r.Header.Set("X-Amz-Date", "20200101T000000Z"); return body },
		"no signature":   func(r *http.Request) string { r.Header.Del("Authorization"); return body },
		"the order only": func(r *http.Request) string { r.RequestURI = "/model/a%3A0/invoke?a=c%20d&b=1"; return body },
	} {
		r := httptest.NewRequest("POST", "https://bedrock-runtime.eu-west-1.amazonaws.com/model/a%3A0/invoke?b=1&a=c%20d", bytes.NewReader([]byte(body)))
		r.RequestURI = r.URL.RequestURI()
		r.Header.Set("X-Amz-Target", "Some.Call")
		sum := sha256.Sum256([]byte(body))
		out := r.Clone(t.Context())
		out.RequestURI = ""
		if err := v4.NewSigner().SignHTTP(t.Context(), creds, out, hex.EncodeToString(sum[:]), "bedrock", "eu-west-1", time.Now()); err != nil {
			t.Fatal(err)
		}
		r.Header = out.Header
		sent := body
		if change != nil {
			sent = change(r)
		}
		s, err := CheckSignature(r, []byte(sent), keys)
		if right := change == nil || name == "the order only"; right != (err == nil) {
			t.Errorf("%s changed: got %v", name, err)
		}
		if err == nil && s.Service != "bedrock" {
			t.Errorf("got service %q, want bedrock", s.Service)
		}
	}
}

func TestChunksAreHeldToTheirFraming(t *testing.T) {
	for body, want := range map[string]string{
		"3\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n":                "abc",
		"3\r\nabc\r\n2;x=1\r\nde\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n": "abcde",
		"3\r\nabcd\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n":               "",
		"9\r\nabc\r\n0\r\n\r\n":                                             "",
		"3\r\nabc\r\n0\r\n\r\n":                                             "",
		"":                                                                  "",
	} {
		got, err := unchunked([]byte(body), "x-amz-checksum-crc32")
		if string(got) != want && err == nil || (want != "") != (err == nil) {
			t.Errorf("%q: got %q, %v, want %q", body, got, err, want)
		}
	}
}
