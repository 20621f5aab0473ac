package aws

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/lambda-remit/remit/proxy/sigv4"
)

// A zone is S3 Express, as strict as AWS: it gives out sessions to who signs for
// one, each good for one bucket and one mode, and takes calls under them that
// are signed as AWS's own signer signs them.
type zone struct {
	rig *rig

	mu       sync.Mutex
	sessions map[string]zoneSession // by token
	errs     []string
	modes    []string // "bucket mode" of each session
	puts     []string
}

type zoneSession struct {
	sdk.Credentials
	bucket, mode string
}

func (z *zone) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	bucket, _, _ := strings.Cut(r.Host, ".")
	session, err := z.check(r, bucket)
	z.mu.Lock()
	defer z.mu.Unlock()
	switch {
	case err != nil:
		z.errs = append(z.errs, fmt.Sprintf("%s %s%s: %v", r.Method, r.Host, r.RequestURI, err))
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, "<Error><Code>SignatureDoesNotMatch</Code></Error>")
	case r.URL.Query().Has("session"):
		mode := r.Header.Get("X-Amz-Create-Session-Mode")
		z.modes = append(z.modes, bucket+" "+mode)
		n := len(z.sessions)
		s := zoneSession{sdk.Credentials{AccessKeyID: fmt.Sprintf("ASIAZONE%012d", n), SecretAccessKey: fmt.Sprintf("zone/secret+%d", n), SessionToken: fmt.Sprintf("zone/token+%d==", n)}, bucket, mode}
		z.sessions[s.SessionToken] = s
		fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?>
<CreateSessionResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Credentials><SessionToken>%s</SessionToken><SecretAccessKey>%s</SecretAccessKey><AccessKeyId>%s</AccessKeyId><Expiration>%s</Expiration></Credentials></CreateSessionResult>`,
			s.SessionToken, s.SecretAccessKey, s.AccessKeyID, time.Now().Add(5*time.Minute).UTC().Format(time.RFC3339))
	case r.Header.Get("X-Amz-Copy-Source") != "":
		io.WriteString(w, `<CopyObjectResult><ETag>"e"</ETag><LastModified>2026-11-21T00:00:00Z</LastModified></CopyObjectResult>`)
	case r.Method == http.MethodPut && session.mode == "ReadOnly":
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, "<Error><Code>AccessDenied</Code></Error>")
	case r.Method == http.MethodPut:
		z.puts = append(z.puts, r.URL.Path+" "+string(body))
	default:
		io.WriteString(w, "content of "+r.URL.Path)
	}
}

// check signs r again as whom it names, and compares.
func (z *zone) check(r *http.Request, bucket string) (session zoneSession, err error) {
	s, err := sigv4.Read(r)
	if err != nil {
		return session, err
	}
	z.rig.mu.Lock()
	c, minted := z.rig.minted[s.AccessKeyID]
	z.rig.mu.Unlock()
	token := r.Header.Get("X-Amz-S3session-Token")
	if token != "" {
		z.mu.Lock()
		session = z.sessions[token]
		z.mu.Unlock()
		c, minted = session.Credentials, false
	}
	switch {
	case token != "" && (session.bucket != bucket || session.AccessKeyID != s.AccessKeyID):
		return session, fmt.Errorf("the session is with %q", session.bucket)
	case token == "" && !minted:
		return session, fmt.Errorf("%q was not minted", s.AccessKeyID)
	case token == "" && r.Header.Get("X-Amz-Security-Token") != c.SessionToken, token != "" && r.Header.Get("X-Amz-Security-Token") != "":
		return session, fmt.Errorf("the token is %q", r.Header.Get("X-Amz-Security-Token"))
	case s.Scope.Service != "s3express" || s.Scope.Region != "eu-west-1":
		return session, fmt.Errorf("the scope is %v", s.Scope)
	}
	again := &http.Request{Method: r.Method, Host: r.Host, Header: make(http.Header), URL: &url.URL{Scheme: "https", Host: r.Host, Opaque: "//" + r.Host + strings.SplitN(r.RequestURI, "?", 2)[0], RawQuery: r.URL.RawQuery}}
	for _, name := range s.Signed {
		switch name {
		case "host":
		case "content-length":
			again.ContentLength = r.ContentLength
		default:
			again.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		}
	}
	if token != "" {
		c.SessionToken = ""
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if err := signer.SignHTTP(r.Context(), c, again, r.Header.Get("X-Amz-Content-Sha256"), "s3express", "eu-west-1", s.Time); err != nil {
		return session, err
	}
	if got, want := r.Header.Get("Authorization"), again.Header.Get("Authorization"); got != want {
		return session, fmt.Errorf("is signed by %q, want %q", got, want)
	}
	return session, nil
}

func TestSDKsUseDirectoryBuckets(t *testing.T) {
	checkout, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	python := filepath.Join(checkout, ".venv/bin/python")
	for _, tt := range []struct {
		name, double string // double: what stands before a key that this SDK sends to an endpoint
		argv         []string
	}{
		{"boto3, endpoint", "", []string{python, "testdata/express/boto.py", "endpoint"}},
		{"boto3, proxy", "", []string{python, "testdata/express/boto.py", "proxy"}},
		{"JavaScript, endpoint", "", []string{"node", "testdata/express/sdk.cjs", "endpoint"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &chunked{rig: newRig(t, expressly)}
			z := &zone{rig: c.rig, sessions: make(map[string]zoneSession)}
			server := httptest.NewServer(z)
			t.Cleanup(server.Close)
			c.manifest.Upstreams["s3express"], err = url.Parse(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			c.serve(t)
			cmd := exec.CommandContext(t.Context(), tt.argv[0], append(tt.argv[1:], c.address)...)
			cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+sealed.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+sealed.SecretAccessKey, "AWS_SESSION_TOKEN="+sealed.SessionToken,
				"AWS_REGION=eu-west-1", "AWS_DEFAULT_REGION=eu-west-1", "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_EC2_METADATA_DISABLED=true",
				"NODE_PATH="+filepath.Join(checkout, ".cache/js/node_modules"), "NODE_NO_WARNINGS=1")
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]string
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatalf("%s: %v", out, err)
			}
			for name, want := range map[string]string{
				"put": "ok", "get": "content of /in/a b", "get of a bucket to read": "content of /in/a", "copy": "ok",
				"get elsewhere": "AccessDenied", "put in a bucket to read": "AccessDenied", "another bucket": "AccessDenied", "delete": "AccessDenied",
			} {
				if got[name] != want {
					t.Errorf("%s: got %q, want %q", name, got[name], want)
				}
			}
			z.mu.Lock()
			defer z.mu.Unlock()
			for _, err := range z.errs {
				t.Error(err)
			}
			if modes := strings.Join(z.modes, ", "); !strings.Contains(modes, workExpress+" ,") || !strings.Contains(modes, mediaExpress+" ReadOnly") || strings.Contains(modes, "other") {
				t.Errorf("sessions were given for %s", modes)
			}
			if puts := strings.Join(z.puts, ", "); !strings.HasPrefix(puts, "/out/a b ") || !strings.Contains(puts, "hello") {
				t.Errorf("objects were put: %s", puts)
			}
			if t.Failed() {
				c.mu.Lock()
				defer c.mu.Unlock()
				for _, r := range c.records {
					t.Logf("%s: %s %v", r.Call.Operation, r.Decision.Reason, r.Err)
				}
			}
		})
	}
}
