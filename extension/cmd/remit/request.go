package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy/aws"
)

// A rawRequest is a request as --jsonl has it.
type rawRequest struct {
	ID      json.RawMessage   `json:"id"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body_base64"`

	Unsigned bool `json:"unsigned"` // and is not yet to be signed

	// Of a line of the decision log.
	Service   string        `json:"service"`
	Operation string        `json:"operation"`
	Region    string        `json:"region"`
	Principal string        `json:"principal"`
	Requests  []requestRead `json:"requests"`
}

type requestRead struct {
	Action   string              `json:"action"`
	Resource string              `json:"resource"`
	Context  map[string][]string `json:"context"`
}

// read reads a line of standard input. What stands before the object is passed
// over: `aws logs tail` writes the time there, and the stream.
func (raw *rawRequest) read(line []byte) error {
	if i := bytes.IndexByte(line, '{'); i > 0 {
		line = line[i:]
	}
	err := json.Unmarshal(line, raw)
	var other *json.UnmarshalTypeError
	switch {
	case errors.As(err, &other) && other.Field == "":
		return fmt.Errorf("it is a JSON %s, and no object", other.Value)
	case errors.As(err, &other):
		return fmt.Errorf("%q in it is a JSON %s", other.Field, other.Value)
	case err != nil:
		return err
	case raw.URL == "" && len(raw.Requests) == 0:
		return errors.New("it has neither a url nor requests")
	}
	return nil
}

// request makes of raw what the proxy hands to the cloud: the target byte for
// byte, and the host only where the client knew it.
func (raw rawRequest) request() (*http.Request, error) {
	body, err := base64.StdEncoding.DecodeString(raw.Body)
	if err != nil {
		return nil, fmt.Errorf("body_base64: %v", err)
	}
	scheme, rest, ok := strings.Cut(raw.URL, "://")
	if !ok || scheme != "http" && scheme != "https" {
		return nil, fmt.Errorf("url %.80q is not an http or https URL", raw.URL)
	}
	host, target := rest, "/"
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host, target = rest[:i], rest[i:]
	}
	target, _, _ = strings.Cut(target, "#")
	if !strings.HasPrefix(target, "/") {
		target = "/" + target
	}
	if strings.Contains(host, "@") || host == "" {
		return nil, fmt.Errorf("url %.80q names no plain host", raw.URL)
	}
	r := &http.Request{
		Method: raw.Method, RequestURI: target, URL: &url.URL{}, Host: host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header), ContentLength: int64(len(body)), Body: http.NoBody,
	}
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	for name, value := range raw.Headers {
		switch http.CanonicalHeaderKey(name) {
		case "Host":
			r.Host = value
		case "Content-Length", "Transfer-Encoding": // net/http keeps them elsewhere
		default:
			r.Header.Add(name, value)
		}
	}
	if len(body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	name := strings.ToLower(host)
	if bare, _, found := strings.Cut(name, ":"); aws.Claims(bare) {
		if found && (scheme == "https" && name != bare+":443" || scheme == "http" && name != bare+":80") {
			return nil, fmt.Errorf("url %.80q names a port that no service listens on", raw.URL)
		}
		r.URL.Scheme, r.URL.Host = scheme, bare
	}
	return r, nil
}

// contextOf reads the condition keys that flags give.
func contextOf(cmd *cobra.Command, flags []string) (map[string][]string, error) {
	var keys map[string][]string
	for _, f := range flags {
		name, value, ok := strings.Cut(f, "=")
		if !ok || name == "" {
			return nil, usage(cmd, fmt.Errorf("context %q is not of the form s3:prefix=uploads/", f))
		}
		if keys == nil {
			keys = make(map[string][]string)
		}
		name = strings.ToLower(name)
		keys[name] = append(keys[name], value)
	}
	return keys, nil
}

// asked reads the request that --action, --resource and --context name.
func asked(cmd *cobra.Command, t *tui, action, resource string, context []string) (manifest.Request, error) {
	if err := checkRequest(cmd, t, action, resource); err != nil {
		return manifest.Request{}, err
	}
	keys, err := contextOf(cmd, context)
	return manifest.Request{Action: action, Resource: resource, Context: keys}, err
}

// checkRequest refuses what is no action or no resource, and notes an action that
// AWS's lists do not have: a typing mistake is denied like anything else, which
// says nothing of the manifest.
func checkRequest(cmd *cobra.Command, t *tui, action, resource string) error {
	service, name, ok := strings.Cut(action, ":")
	if !ok || service == "" || name == "" || strings.ContainsAny(action, "*?") {
		return usage(cmd, fmt.Errorf("action %q is not one action of IAM's, as s3:GetObject is", action))
	}
	if resource != "*" && strings.Count(resource, ":") < 5 || resource != "*" && !strings.HasPrefix(resource, "arn:") {
		return usage(cmd, fmt.Errorf("resource %q is neither an ARN nor \"*\"", resource))
	}
	line, err := json.Marshal(action)
	if err != nil {
		return err
	}
	_, err = manifest.Parse("", fmt.Appendf(nil, "credentials: {role: self}\nallow: {actions: %s, resources: \"*\"}", line), manifest.Options{})
	for _, e := range manifest.Errors(err) {
		t.note("%s", e.Text)
	}
	return nil
}

// form makes a form of a POST's body that no header says anything of, as curl does.
func (raw *rawRequest) form() {
	for name := range raw.Headers {
		if name = http.CanonicalHeaderKey(name); name == "Content-Type" || name == "X-Amz-Target" {
			return
		}
	}
	if raw.Method == http.MethodPost && raw.Body != "" {
		raw.Headers["Content-Type"] = "application/x-www-form-urlencoded"
	}
}

// bodyOf is a body as curl's --data has it.
func bodyOf(t *tui, data string) ([]byte, error) {
	if name, file := strings.CutPrefix(data, "@"); file {
		return read(t, name)
	}
	return []byte(data), nil
}

// wayOf says which of the ways to name requests was taken, and refuses two at
// once, and flags of another: what is not heeded would be taken for answered.
func wayOf(cmd *cobra.Command) (string, error) {
	// Beside each way, the flags that go with it alone.
	ways := []struct {
		name string
		with []string
	}{
		{"url", []string{"method", "header", "data", "unsigned"}},
		{"action", []string{"resource", "context"}},
		{"jsonl", nil},
		{"hosts", nil},
	}
	taken := ""
	for _, w := range ways {
		switch {
		case !cmd.Flags().Changed(w.name):
		case taken != "":
			return "", usage(cmd, fmt.Errorf("--%s and --%s name different requests: give one of them", taken, w.name))
		default:
			taken = w.name
		}
	}
	if taken == "" {
		return "", usage(cmd, errors.New("name a request by --url, or by --action and --resource, or give --jsonl or --hosts"))
	}
	for _, w := range ways {
		for _, flag := range w.with {
			if w.name != taken && cmd.Flags().Changed(flag) {
				return "", usage(cmd, fmt.Errorf("--%s goes with --%s, and not with --%s", flag, w.name, taken))
			}
		}
	}
	switch named := cmd.Flags().Changed("manifest"); {
	case taken == "action" && !named:
		return "", usage(cmd, errors.New("--action asks what a manifest says: name it with --manifest"))
	case taken == "hosts" && named:
		return "", usage(cmd, errors.New("--hosts says what hosts are to AWS: it goes with no manifest"))
	}
	return taken, nil
}
