package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/aws"
)

func explainCommand(t *tui) *cobra.Command {
	var s source
	var in rawRequest
	var headers []string
	var data, action, resource string
	var context []string
	var asJSON bool
	c := &cobra.Command{
		Use:   "explain [flags] [URL]",
		Short: "Say what a request asks for, and what a manifest says to it",
		Long: `Explain reads a request as the proxy would and says which service and operation
it is, which actions on which resources it asks for, where it would go, and,
with a manifest, whether it is granted, by what, or why not. Where it is not, or
there is no manifest, the answer has the lines that would grant it: a new entry,
or what to add to one that the manifest has.

Signatures and dates are not checked: a recorded request can be explained later.
One that has no signature is decided as if the function had yet to sign it. With
--unsigned, or where it has a User-Agent, which every client sends and nobody
types, it is decided as the proxy does: as nobody's, which only a grant that says
"anonymous: true" allows.
The answer to a request that could not be read has the reason "unread".

With --jsonl, requests are read from standard input, one JSON object a line:
{id, method, url, headers, body_base64, unsigned}; one answer a line is written, in their
order: {id, service, operation, region, principal, requests:[{action,resource}],
upstream, decision, reason, missing:[{line,yaml,add,to,at}], error}. A URL whose host is not
AWS's is one that came to the proxy as to an endpoint. In place of a URL, requests
may stand there, as they do in the lines of the decision log:
{id, principal, requests:[{action,resource,context}]}. What stands before the
object is passed over, such as the time that "aws logs tail" writes.

With --hosts, names of hosts are read from standard input, one a line, and for
each a line says what it is: {host, service, region, partition, bucket, account,
fips, dualstack}. The service is a list where the host alone leaves several, and
null where it is none of AWS's.`,
		Example: `  remit explain https://media.s3.eu-west-1.amazonaws.com/uploads/a.jpg
  remit explain -m remit.yaml --action s3:GetObject --resource arn:aws:s3:::media/uploads/a.jpg
  remit explain -m remit.yaml --jsonl < calls.jsonl | jq -c 'select(.decision == "deny")'
  aws logs tail /aws/lambda/checkout | grep '"decision":"deny"' | remit explain -m remit.yaml --jsonl | jq -r '.missing[]?.line'
  echo maps.geo.eu-west-1.amazonaws.com | remit explain --hosts`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && strings.Contains(args[0], "://") && !cmd.Flags().Changed("url") {
				return cmd.Flags().Set("url", args[0]) // as curl takes it
			}
			return noArguments(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			way, err := wayOf(cmd)
			if err != nil {
				return err
			}
			if way == "hosts" {
				return hosts(t)
			}
			if err := s.check(cmd); err != nil {
				return err
			}
			e := explainer{cloud: &aws.Cloud{Region: s.region, Account: func() string { return s.account }}, none: &manifest.Manifest{Region: s.region, Account: s.account}}
			if s.manifest != "" {
				var err error
				if e.manifest, err = s.load(t, s.manifest); err != nil {
					return err
				}
				e.cloud.Manifest = func() *manifest.Manifest { return e.manifest }
				if s.account == "" {
					s.account = e.manifest.Account
				}
			}
			switch way {
			case "jsonl":
				return e.lines(t)
			case "action":
				r, err := asked(cmd, t, action, resource, context)
				if err != nil {
					return err
				}
				return e.tell(t, e.decide(explanation{}, []manifest.Request{r}), asJSON)
			}
			in.Headers = make(map[string]string)
			for _, h := range headers {
				name, value, ok := strings.Cut(h, ":")
				if !ok {
					return usage(cmd, fmt.Errorf("header %q has no colon", h))
				}
				in.Headers[name] = strings.TrimSpace(value)
			}
			body, err := bodyOf(t, data)
			if err != nil {
				return err
			}
			in.Body = base64.StdEncoding.EncodeToString(body)
			if cmd.Flags().Changed("data") && !cmd.Flags().Changed("method") {
				in.Method = http.MethodPost
			}
			in.form()
			return e.tell(t, e.explain(in), asJSON)
		},
	}
	f := c.Flags()
	f.StringVarP(&in.Method, "method", "X", "GET", "the request's `method`")
	f.StringVar(&in.URL, "url", "", "the request's `URL`; it may be the argument, too")
	f.BoolVar(&in.Unsigned, "unsigned", false, "nobody signs the request")
	f.StringArrayVarP(&headers, "header", "H", nil, "a header (`\"Name: value\"`); may be given again")
	f.StringVarP(&data, "data", "d", "", "the `body`, of a POST unless --method says otherwise; @FILE is a file's, @- standard input's")
	f.StringVar(&action, "action", "", "an IAM `action`, in place of a request")
	f.StringVar(&resource, "resource", "*", "the `ARN` that goes with --action")
	f.StringArrayVar(&context, "context", nil, "a condition key that goes with --action (`KEY=VALUE`); may be given again")
	f.Bool("jsonl", false, "requests on standard input, answers on standard output, one a line")
	f.Bool("hosts", false, "hosts on standard input, what each is on standard output, one a line")
	f.BoolVar(&asJSON, "json", false, "the answer as a JSON object, as --jsonl writes it")
	s.flags(c)
	return c
}

// An explanation is the answer to one.
type explanation struct {
	ID        json.RawMessage `json:"id,omitempty"`
	Service   string          `json:"service,omitempty"`
	Operation string          `json:"operation,omitempty"`
	Region    string          `json:"region,omitempty"`
	Principal string          `json:"principal,omitempty"` // "anonymous", if nobody has signed it
	Requests  []requestJSON   `json:"requests"`
	Upstream  string          `json:"upstream,omitempty"`
	Decision  string          `json:"decision,omitempty"` // "allow" or "deny"; without a manifest only "deny", of what is unread
	Reason    string          `json:"reason,omitempty"`
	Grants    []string        `json:"grants,omitempty"`
	Nearest   string          `json:"nearest,omitempty"`
	Missing   []missingJSON   `json:"missing,omitempty"`
	Error     string          `json:"error,omitempty"`
}

// A missingJSON is a line that would grant what is not granted.
type missingJSON struct {
	Line string `json:"line"`          // in the shortest words
	YAML string `json:"yaml"`          // as a manifest has it
	Add  string `json:"add,omitempty"` // what to add to what the manifest has
	To   string `json:"to,omitempty"`
	At   string `json:"at,omitempty"` // file:line
}

type requestJSON struct {
	Action   string `json:"action"`
	Resource string `json:"resource"`
}

// An explainer explains requests.
type explainer struct {
	cloud    *aws.Cloud
	manifest *manifest.Manifest // nil: no decision
	none     *manifest.Manifest // what is missing where there is no manifest
}

func (e explainer) lines(t *tui) error {
	in := bufio.NewReaderSize(t.in, 1<<20)
	out := bufio.NewWriter(t.out)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for {
		line, err := in.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			var raw rawRequest
			var x explanation
			if err := raw.read(line); err != nil {
				x = explanation{ID: raw.ID, Requests: []requestJSON{}, Decision: "deny", Reason: string(proxy.Unread), Error: fmt.Sprintf("the line is no request: %v", err)}
			} else {
				x = e.explain(raw)
			}
			if err := enc.Encode(x); err != nil {
				return err
			}
			if in.Buffered() == 0 { // somebody may be waiting for the answer before they ask on
				if err := out.Flush(); err != nil {
					return err
				}
			}
		}
		if err == io.EOF {
			return out.Flush()
		}
		if err != nil {
			return err
		}
	}
}

func (e explainer) explain(raw rawRequest) explanation {
	x := explanation{ID: raw.ID, Requests: []requestJSON{}}
	if raw.URL == "" && len(raw.Requests) > 0 {
		x.Service, x.Operation, x.Region = raw.Service, raw.Operation, raw.Region
		if raw.Principal == aws.Anonymous {
			x.Principal = raw.Principal
		}
		var reqs []manifest.Request
		for _, r := range raw.Requests {
			reqs = append(reqs, manifest.Request{Action: r.Action, Resource: r.Resource, Context: r.Context, Partly: strings.HasSuffix(r.Resource, "?"), Anonymous: raw.Principal == aws.Anonymous})
		}
		return e.decide(x, reqs)
	}
	r, err := raw.request()
	if err != nil {
		x.Decision, x.Reason, x.Error = "deny", string(proxy.Unread), err.Error()
		return x
	}
	identify := e.cloud.Identify
	if raw.Unsigned || r.Header.Get("User-Agent") != "" {
		identify = e.cloud.IdentifyAsSent
	}
	call, err := identify(r)
	x.Service, x.Operation, x.Region = call.Service, call.Operation, call.Region
	if call.Principal == aws.Anonymous {
		x.Principal = call.Principal
	}
	if err != nil {
		x.Decision, x.Reason, x.Error = "deny", string(proxy.Unread), err.Error()
		var refusal *proxy.Refusal
		if errors.As(err, &refusal) && refusal.Reason != "" {
			x.Reason = string(refusal.Reason)
		}
		return x
	}
	x.Upstream = call.Upstream.String()
	if call.Published {
		x.Decision = "allow"
		return x
	}
	return e.decide(x, call.Requests)
}

func (e explainer) decide(x explanation, reqs []manifest.Request) explanation {
	x.Requests = []requestJSON{}
	for _, r := range reqs {
		x.Requests = append(x.Requests, requestJSON{r.Action, r.Resource})
	}
	if e.manifest == nil {
		x.Missing = missing(e.none, reqs)
		return x
	}
	d := e.manifest.Decide(reqs...)
	if !d.Allowed {
		x.Missing = missing(e.manifest, reqs)
	}
	x.Decision, x.Reason = "deny", string(d.Reason)
	if d.Allowed {
		x.Decision = "allow"
	}
	for _, g := range d.Used() {
		x.Grants = append(x.Grants, g.String())
	}
	if d.Nearest != nil {
		x.Nearest = d.Nearest.String()
	}
	return x
}

// missing returns the lines that would grant what m does not grant of reqs.
func missing(m *manifest.Manifest, reqs []manifest.Request) (all []missingJSON) {
	// The log cuts what is too long for it.
	reqs = slices.DeleteFunc(slices.Clone(reqs), func(r manifest.Request) bool { return strings.HasSuffix(r.Resource, "…") })
	for _, p := range m.Missing(reqs...) {
		one := missingJSON{Line: p.String(), YAML: p.YAML(), Add: p.Add, To: p.To}
		if p.To != "" {
			one.At = fmt.Sprintf("%s:%d", p.Pos.File, p.Pos.Line)
		}
		all = append(all, one)
	}
	return all
}

// tell writes one explanation, for people unless they ask for JSON. It exits 1
// for what is denied.
func (e explainer) tell(t *tui, x explanation, asJSON bool) error {
	if asJSON {
		if err := t.json(x); err != nil {
			return err
		}
	} else {
		line := func(name, value string) {
			if value != "" {
				t.say("%-10s %s", name, value)
			}
		}
		line("service", x.Service)
		line("operation", x.Operation)
		line("region", x.Region)
		line("principal", x.Principal)
		line("upstream", x.Upstream)
		for _, r := range x.Requests {
			line("asks for", r.Action+" on "+r.Resource)
		}
		line("decision", x.Decision)
		line("reason", x.Reason)
		line("granted by", strings.Join(x.Grants, ", "))
		line("nearest", x.Nearest)
		for _, m := range x.Missing {
			if m.At != "" {
				m.Line += " (" + m.At + ")"
			}
			line("missing", m.Line)
		}
		line("error", x.Error)
	}
	if x.Decision == "deny" {
		return exitCode(1)
	}
	return nil
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
