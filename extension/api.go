package extension

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// A client speaks the Lambda Extensions API. (AWS Lambda Developer Guide,
// "Using the Lambda Extensions API to create extensions".)
type client struct {
	base string // "http://169.254.100.1:9001/2020-01-01/extension/"
	name string
	id   string // given by register
	http *http.Client
}

// newClient returns a client of the Runtime API at address. It has no timeout:
// a sandbox is frozen while its extension waits for the next event. It heeds
// no proxy variable: those of the function's configuration are the function's.
func newClient(address, name string) *client {
	return &client{
		base: "http://" + address + "/2020-01-01/extension/",
		name: name,
		http: &http.Client{
			Transport: &http.Transport{DisableCompression: true, MaxIdleConns: 2},
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return errors.New("the Runtime API redirects")
			},
		},
	}
}

// A function is what registration tells.
type function struct {
	Name    string `json:"functionName"`
	Version string `json:"functionVersion"`
	Account string `json:"accountId"` // only where the platform knows it
}

// An event is what Next returns.
type event struct {
	Type     string `json:"eventType"`
	Deadline int64  `json:"deadlineMs"` // Unix time, in milliseconds
	// Of an INVOKE.
	Request  string `json:"requestId"`
	Function string `json:"invokedFunctionArn"`
	Tracing  struct {
		Value string `json:"value"` // an X-Amzn-Trace-Id
	} `json:"tracing"`
	// Of a SHUTDOWN.
	Reason string `json:"shutdownReason"`
}

// An apiError is an answer that is not the expected one.
type apiError struct {
	call   string
	status string
	code   int
	Type   string `json:"errorType"`
	Text   string `json:"errorMessage"`
}

func (e *apiError) Error() string {
	return fmt.Sprintf("%s: %s %s %s", e.call, e.status, e.Type, e.Text)
}

// register makes the extension known. Lambda Managed Instances run invocations
// side by side and have no INVOKE event to give: there, the answer is 403, and
// the extension asks for SHUTDOWN alone.
func (c *client) register(ctx context.Context) (function, error) {
	f, err := c.registerFor(ctx, "INVOKE", "SHUTDOWN")
	var refused *apiError
	if errors.As(err, &refused) && refused.code == http.StatusForbidden && refused.Type == "Extension.InvalidEventType" {
		return c.registerFor(ctx, "SHUTDOWN")
	}
	return f, err
}

func (c *client) registerFor(ctx context.Context, events ...string) (f function, err error) {
	body, _ := json.Marshal(map[string][]string{"events": events})
	header, answer, err := c.call(ctx, http.MethodPost, "register", http.Header{
		"Lambda-Extension-Name":           {c.name},
		"Lambda-Extension-Accept-Feature": {"accountId"},
	}, body, http.StatusOK)
	if err != nil {
		return f, err
	}
	if c.id = header.Get("Lambda-Extension-Identifier"); c.id == "" {
		return f, errors.New("register: the answer has no Lambda-Extension-Identifier")
	}
	if err := json.Unmarshal(answer, &f); err != nil {
		return f, fmt.Errorf("register: %w", err)
	}
	return f, nil
}

// next waits for the next event, for as long as it takes.
func (c *client) next(ctx context.Context) (e event, err error) {
	_, answer, err := c.call(ctx, http.MethodGet, "event/next", http.Header{
		"Lambda-Extension-Identifier": {c.id},
	}, nil, http.StatusOK)
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(answer, &e); err != nil {
		return e, fmt.Errorf("event/next: %w", err)
	}
	return e, nil
}

// fail reports why the extension ends: when is "init" or "exit".
func (c *client) fail(ctx context.Context, when, kind string, cause error) error {
	body, _ := json.Marshal(map[string]any{
		"errorType":    kind,
		"errorMessage": cause.Error(),
		"stackTrace":   []string{},
	})
	_, _, err := c.call(ctx, http.MethodPost, when+"/error", http.Header{
		"Lambda-Extension-Identifier":          {c.id},
		"Lambda-Extension-Function-Error-Type": {kind},
	}, body, http.StatusAccepted)
	return err
}

func (c *client) call(ctx context.Context, method, path string, header http.Header, body []byte, want int) (http.Header, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	for name, values := range header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	// An INVOKE event has no payload: it is small.
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	if resp.StatusCode != want {
		e := &apiError{call: path, status: resp.Status, code: resp.StatusCode}
		json.Unmarshal(answer, e)
		return nil, nil, e
	}
	return resp.Header, answer, nil
}

// accountOf returns the account in a function's ARN:
// arn:aws:lambda:eu-west-1:123456789012:function:name.
func accountOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 && parts[0] == "arn" && parts[2] == "lambda" {
		return parts[4]
	}
	return ""
}
