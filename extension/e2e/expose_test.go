package e2e_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/extension/environ"
	"github.com/lambda-remit/remit/extension/sidecar"
	"github.com/lambda-remit/remit/proxy/audit"
	"github.com/lambda-remit/remit/proxy/credentials"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

// signed is what testdata/expose.py prints.
type signed struct {
	URLs, Defaults       map[string]string
	Put, Identity, Token string
}

// signInside has boto3 sign, beside s, what is used elsewhere.
func signInside(t *testing.T, s *sidecar.Sidecar, way environ.Way, keys ...string) signed {
	t.Helper()
	c := client{way: way}
	script := filepath.Join(checkout, "extension/e2e/testdata/expose.py")
	cmd := exec.CommandContext(t.Context(), filepath.Join(checkout, ".venv/bin/python"), append([]string{script, "media-eu"}, keys...)...)
	cmd.Env = c.environment(t, s.Handshake())
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &complaints)
	}
	var got signed
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return got
}

// outside makes a presigned request without Remit, as anybody can who is given
// one: to MinIO, which stands where its host does.
func outside(t *testing.T, method, presigned, body string) (int, string) {
	t.Helper()
	u, err := url.Parse(presigned)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, presigned, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(servers.MinIO)
	if err != nil {
		t.Fatal(err)
	}
	r.URL.Scheme, r.URL.Host, r.Host = at.Scheme, at.Host, u.Host
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// through makes a presigned request through s, as the function does.
func through(t *testing.T, s *sidecar.Sidecar, presigned string) (int, string) {
	t.Helper()
	// In plain HTTP, where the proxy is told all of the URL.
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.Replace(presigned, "https:", "http:", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: s.Handshake().Proxy})}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// handed asks the credentials endpoint as SDKs do.
func handed(t *testing.T, h environ.Handshake) sigv4.Credentials {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.CredentialsURI, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", h.Token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var c struct{ AccessKeyID, SecretAccessKey, Token string }
	if err := json.NewDecoder(resp.Body).Decode(&c); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", resp.Status, err)
	}
	return sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.Token}
}

// TestAPresignedURLOfAnExposedGrantWorksAndNoOther: the function may read in/
// and out/, and only the latter is exposed.
func TestAPresignedURLOfAnExposedGrantWorksAndNoOther(t *testing.T) {
	const text = `
function: e2e
credentials: {role: ` + e2e.Role + `}
permissions:
  object_storage:
    - {bucket: media-eu, read_prefix: in/}
    - {bucket: media-eu, read: [in/ten.txt], expose: true}
log: all
`
	s, log := start(t, manifestOf(t, text+servers.Upstreams()))
	// Through Remit, the same credentials are held to the whole manifest.
	calls := []call{
		{Name: "exposed", Service: "s3", Operation: "GetObject", Input: map[string]any{"Bucket": "media-eu", "Key": "in/ten.txt"}, Want: map[string]any{"Body": object}},
		{Name: "not granted", Service: "s3", Operation: "GetObject", Input: map[string]any{"Bucket": "media-eu", "Key": "payroll/2026-10.csv"}, Error: "AccessDenied", By: "Remit"},
		{Name: "not granted to write", Service: "s3", Operation: "PutObject", Input: map[string]any{"Bucket": "media-eu", "Key": "in/ten.txt"}, Error: "AccessDenied", By: "Remit"},
	}
	for _, c := range clients() {
		outcomes := c.make(t, s.Handshake(), calls)
		for _, want := range calls {
			t.Run(c.name+"/"+want.Name, func(t *testing.T) { c.check(t, want, outcomes[want.Name]) })
		}
	}
	got := signInside(t, s, environ.Proxy, "in/ten.txt", "in/empty.txt", "payroll/2026-10.csv")
	if status, body := outside(t, http.MethodGet, got.URLs["in/ten.txt"], ""); status != http.StatusOK || body != object {
		t.Errorf("of the exposed grant: got %d %q", status, body)
	}
	for key, presigned := range map[string]string{"in/empty.txt": got.URLs["in/empty.txt"], "payroll/2026-10.csv": got.URLs["payroll/2026-10.csv"]} {
		if status, body := outside(t, http.MethodGet, presigned, ""); status != http.StatusForbidden || !strings.Contains(body, "AccessDenied") {
			t.Errorf("of %s, which is not exposed: got %d %q", key, status, body)
		}
	}
	if status, body := outside(t, http.MethodPut, got.Put, "overwritten"); status != http.StatusForbidden || !strings.Contains(body, "AccessDenied") {
		t.Errorf("a PUT of what may be read: got %d %q", status, body)
	}

	for _, urls := range []map[string]string{got.URLs, got.Defaults} {
		if strings.Contains(urls["in/ten.txt"], "AWSAccessKeyId=") != strings.Contains(urls["in/ten.txt"], ".s3.amazonaws.com/") {
			t.Errorf("presigned is %s", urls["in/ten.txt"])
		}
		if status, body := through(t, s, urls["in/ten.txt"]); status != http.StatusOK || body != object {
			t.Errorf("of the exposed grant, through Remit: got %d %q", status, body)
		}
		// What is granted is more than what is exposed, and Remit mints for it.
		if status, body := through(t, s, urls["in/empty.txt"]); status != http.StatusOK && status != http.StatusNotFound {
			t.Errorf("of what is granted, through Remit: got %d %q", status, body)
		}
		if status, body := through(t, s, urls["payroll/2026-10.csv"]); status != http.StatusForbidden || !strings.Contains(body, "(remit d-") {
			t.Errorf("of what is not granted, through Remit: got %d %q", status, body)
		}
	}

	exposed := handed(t, s.Handshake())
	if strings.HasPrefix(exposed.AccessKeyID, credentials.KeyPrefix) || exposed.AccessKeyID == servers.Base.AccessKeyID {
		t.Errorf("the function was given %s", exposed.AccessKeyID)
	}
	said := 0
	for line := range strings.Lines(log.String()) {
		var e audit.Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		switch {
		case e.Msg == audit.Exposed:
			said++
			if e.AccessKeyID != exposed.AccessKeyID || len(e.Grants) != 1 || !strings.HasSuffix(e.Grants[0], "object_storage[1].read") {
				t.Errorf("the log says that %s is exposed for %q", e.AccessKeyID, e.Grants)
			}
		case e.Decision == "allow" && e.AccessKeyID == exposed.AccessKeyID:
			t.Errorf("a call went on under the exposed key itself: %+v", e)
		}
	}
	if said != 1 {
		t.Errorf("%d lines say that something was exposed, want one", said)
	}
}

func TestAPresignedURLUnderSealedCredentialsIsWorthNothing(t *testing.T) {
	s, _ := start(t, manifestOf(t, `
credentials: {role: `+e2e.Role+`}
permissions:
  object_storage: {bucket: media-eu, read_prefix: in/}
`+servers.Upstreams()))
	got := signInside(t, s, environ.Proxy, "in/ten.txt")
	if status, body := outside(t, http.MethodGet, got.URLs["in/ten.txt"], ""); status != http.StatusForbidden || !strings.Contains(body, "InvalidAccessKeyId") {
		t.Errorf("got %d %q", status, body)
	}
}

// TestATokenOfAnExposedGrantLogsInToItsDatabaseAndNoOther verifies the token as
// the database does, by its signature and by IAM: nothing here plays RDS. (Amazon
// RDS User Guide, "Connecting to your DB instance using IAM authentication".)
func TestATokenOfAnExposedGrantLogsInToItsDatabaseAndNoOther(t *testing.T) {
	servers.Asked()
	s, _ := start(t, manifestOf(t, `
credentials: {role: `+e2e.Role+`}
permissions:
  database: {connect: cluster-ABCDEFGHIJKL01234/app, expose: true}
  topic: {publish: results}
`+servers.Upstreams()))
	got := signInside(t, s, environ.Proxy, "in/ten.txt")
	exposed := handed(t, s.Handshake())
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+got.Token, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.RequestURI = r.URL.RequestURI()
	signature, err := sigv4.Read(r)
	if err != nil {
		t.Fatal(err)
	}
	// The hash of no body.
	o := sigv4.Options{Body: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
	if err := signature.Verify(r, exposed, o); err != nil || r.URL.Query().Get("DBUser") != "app" || r.URL.Query().Get("Action") != "connect" {
		t.Errorf("the token %s: %v", got.Token, err)
	}
	if err := signature.Verify(r, sigv4.Credentials{AccessKeyID: exposed.AccessKeyID, SecretAccessKey: "another", SessionToken: exposed.SessionToken}, o); err == nil {
		t.Error("the token verifies under another key")
	}
	policy := ""
	for _, a := range servers.Asked() {
		if strings.Contains(a.Policy, "rds-db") {
			policy = a.Policy
		}
	}
	if policy == "" {
		t.Fatal("STS was not asked for a policy of rds-db")
	}
	user := func(of string) question {
		return question{Name: of, Session: policy, Action: "rds-db:connect", Resource: "arn:aws:rds-db:" + e2e.Region + ":" + e2e.Account + ":dbuser:" + of, Account: e2e.Account, Context: map[string][]string{}}
	}
	own := user("cluster-ABCDEFGHIJKL01234/app")
	own.allowed = true
	publish := question{Name: "what is granted and not exposed", Session: policy, Action: "sns:Publish", Resource: "arn:aws:sns:" + e2e.Region + ":" + e2e.Account + ":results", Account: e2e.Account, Context: map[string][]string{}}
	ask(t, []question{own, user("cluster-ABCDEFGHIJKL01234/admin"), user("cluster-ZZZZZZZZZZZZZZZZZ/app"), publish}, nil)
}
