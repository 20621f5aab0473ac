package sidecar

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/lambda-remit/remit/manifest"
)

const realToken = "IQoJb3JpZ2luX2VjEXAMPLETOKEN"

// parametersExtension stands for AWS's Parameters and Secrets extension, as its
// documentation has it: a GET on loopback, under the real session token.
type parametersExtension struct {
	mu    sync.Mutex // guards asked
	asked []string
}

func (p *parametersExtension) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.RequestURI)
	p.mu.Unlock()
	if r.Header.Get(tokenHeader) != realToken {
		http.Error(w, "wrong token", http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, `{"SecretString":"of `+r.URL.Query().Get("secretId")+r.URL.Query().Get("name")+`","ResultMetadata":{}}`)
}

func parametersSidecar(t *testing.T, mode string) (s *Sidecar, behind *parametersExtension, log *bytes.Buffer) {
	t.Helper()
	behind = new(parametersExtension)
	far := httptest.NewServer(behind)
	t.Cleanup(far.Close)
	m, err := manifest.Parse("remit.yaml", []byte(mode+`
credentials: {unminted: true}
permissions:
  secrets: {read: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:signing-key-AbCdEf"}
  parameters: {read: [/app/host]}
`), manifest.Options{Region: "eu-west-1", Account: "123456789012"})
	if err != nil {
		t.Fatal(err)
	}
	log = new(bytes.Buffer) // read only after Close
	s, err = Start(t.Context(), Config{
		Manifest: m, Region: "eu-west-1", Account: "123456789012", Function: "fn", Log: log,
		Base:       credentials.StaticCredentialsProvider{Value: aws.Credentials{AccessKeyID: "ASIAREAL", SecretAccessKey: "the-real-secret", SessionToken: realToken}},
		Parameters: &Parameters{Address: "127.0.0.1:0", Behind: far.Listener.Addr().String()},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, behind, log
}

const (
	secretQuery = "/secretsmanager/get?secretId=arn%3Aaws%3Asecretsmanager%3Aeu-west-1%3A123456789012%3Asecret%3Asigning-key-AbCdEf"
	otherSecret = "/secretsmanager/get?secretId=arn%3Aaws%3Asecretsmanager%3Aeu-west-1%3A123456789012%3Asecret%3Apayment-key-AbCdEf"
	paramQuery  = "/systemsmanager/parameters/get?name=%2Fapp%2Fhost"
)

func TestAWSsParametersExtensionIsAskedForWhatTheManifestGrants(t *testing.T) {
	s, behind, log := parametersSidecar(t, "")
	h := s.Handshake()
	if h.SessionToken == realToken || h.SessionToken == "" {
		t.Fatalf("the function is given the token %q", h.SessionToken)
	}
	type token = []string
	sealed := token{h.SessionToken}
	for _, c := range []struct {
		name, method, target string
		token                token
		body                 string
		status               int
		text                 string
		sent                 string // that the extension is asked, empty: nothing
	}{
		{"a secret", "GET", secretQuery, sealed, "", 200, `{"SecretString":"of arn:aws:secretsmanager:eu-west-1:123456789012:secret:signing-key-AbCdEf","ResultMetadata":{}}`, secretQuery},
		{"a version of it", "GET", secretQuery + "&versionStage=AWSPREVIOUS", sealed, "", 200, "signing-key", secretQuery + "&versionStage=AWSPREVIOUS"},
		{"afresh", "GET", secretQuery + "&refreshNow=true", sealed, "", 200, "signing-key", "/secretsmanager/get?refreshNow=true&" + strings.TrimPrefix(secretQuery, "/secretsmanager/get?")},
		{"another secret", "GET", otherSecret, sealed, "", 400, "fn is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:eu-west-1:123456789012:secret:payment-key-AbCdEf because", ""},
		{"a parameter", "GET", paramQuery, sealed, "", 200, "of /app/host", paramQuery},
		{"a parameter, decrypted", "GET", paramQuery + "&withDecryption=false", sealed, "", 200, "of /app/host", paramQuery + "&withDecryption=false"},
		{"a parameter's version", "GET", paramQuery + "&version=2", sealed, "", 200, "of /app/host", paramQuery + "&version=2"},
		{"another parameter", "GET", "/systemsmanager/parameters/get?name=%2Fapp%2Fpassword", sealed, "", 400, "not authorized to perform: ssm:GetParameter", ""},
		{"another parameter, by a version", "GET", "/systemsmanager/parameters/get?name=%2Fapp%2Fhost%2Fx&version=1", sealed, "", 400, "not authorized to perform: ssm:GetParameter", ""},
		{"no token", "GET", secretQuery, nil, "", 401, "AWS_SESSION_TOKEN", ""},
		{"another token", "GET", secretQuery, token{"x"}, "", 401, "AWS_SESSION_TOKEN", ""},
		{"two tokens", "GET", secretQuery, token{h.SessionToken, "x"}, "", 401, "AWS_SESSION_TOKEN", ""},
		{"the real token", "GET", secretQuery, token{realToken}, "", 401, "AWS_SESSION_TOKEN", ""},
		{"two secrets", "GET", secretQuery + "&secretId=payment-key", sealed, "", 400, "because", ""},
		{"a parameter of ours that is none of theirs", "GET", secretQuery + "&secretid=payment-key", sealed, "", 400, "because", ""},
		{"a semicolon", "GET", secretQuery + ";secretId=payment-key", sealed, "", 400, "because", ""},
		{"nothing asked for", "GET", "/secretsmanager/get", sealed, "", 400, "because", ""},
		{"a version and a label", "GET", paramQuery + "&version=1&label=x", sealed, "", 400, "because", ""},
		{"another path", "GET", "/secretsmanager/put?secretId=x", sealed, "", 400, "because", ""},
		{"an encoded path", "GET", strings.Replace(secretQuery, "/get", "%2Fget", 1), sealed, "", 400, "because", ""},
		{"a body", "POST", secretQuery, sealed, "secretId=payment-key", 400, "because", ""},
	} {
		behind.asked = nil
		r, err := http.NewRequest(c.method, "http://"+h.Parameters+c.target, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header[tokenHeader] = c.token
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != c.status || !strings.Contains(string(body), c.text) || strings.Contains(string(body), realToken) {
			t.Errorf("%s: got %d %s, want %d %s", c.name, answer.StatusCode, body, c.status, c.text)
		}
		if got := strings.Join(behind.asked, " "); got != c.sent {
			t.Errorf("%s: the extension was asked %q, want %q", c.name, got, c.sent)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Error(err)
	}
	for _, want := range []string{`"operation":"GetSecretValue"`, `"operation":"GetParameter"`, `"reason":"no-resource"`, `"reason":"bad-signature"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %s", want)
		}
	}
	if strings.Contains(log.String(), realToken) || strings.Contains(log.String(), h.SessionToken) {
		t.Error("a token is in the log")
	}
}

func TestWhileObservingTheParametersExtensionIsAskedForAll(t *testing.T) {
	s, behind, _ := parametersSidecar(t, "mode: observe")
	for target, want := range map[string]int{otherSecret: 200, "/secretsmanager/put?secretId=x": 400} {
		r, err := http.NewRequest("GET", "http://"+s.Handshake().Parameters+target, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(tokenHeader, s.Handshake().SessionToken)
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s: got %d, want %d", target, answer.StatusCode, want)
		}
	}
	if len(behind.asked) != 1 {
		t.Errorf("the extension was asked %q", behind.asked)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s.Close(ctx)
}

// TestTheEnvironmentHasOneSessionToken has sealed keys and the token for that
// extension stand in one variable.
func TestTheEnvironmentHasOneSessionToken(t *testing.T) {
	s, err := Start(t.Context(), Config{
		Region: "eu-west-1", Base: credentials.NewStaticCredentialsProvider("ASIABASE", "secret", realToken), Log: io.Discard,
		Keys: true, Parameters: &Parameters{Address: "127.0.0.1:0", Behind: "127.0.0.1:1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	if h := s.Handshake(); h.SessionToken == "" || h.SessionToken != h.Keys.Token || h.SessionToken == realToken {
		t.Errorf("the tokens of the parameters and of the keys are one: %v", h.SessionToken == h.Keys.Token)
	}
}
