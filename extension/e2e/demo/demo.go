package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // decodes the thumbnail
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
)

// A demo is what the acts share.
type demo struct {
	page     *page
	checkout string
	servers  *e2e.Servers
	lambda   lambda
	task     string // the directory of the function's package
	manifest string
	topic    string
	secret   string
	other    string          // the topic that nobody granted
	lines    []line          // of the decision log, so far
	asked    []awstest.Asked // of STS, so far
}

// An answer is what the function returns.
type answer struct {
	Done []struct {
		Image, Thumbnail, Signature string
		Bytes                       int
	}
	Failed []struct {
		Job    map[string]any
		Raised string
	}
	Environment, Credentials map[string]string
}

// show plays the acts in their order.
func (d *demo) show(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "remit-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	defer func() {
		if d.lambda != nil {
			if err != nil {
				fmt.Fprintf(os.Stderr, "\nThe function's log:\n%s", d.lambda.Log())
			}
			d.lambda.Close()
		}
		if d.servers != nil {
			d.servers.Close()
		}
	}()
	fmt.Fprintln(os.Stderr, "demo: building the layer, and starting the servers and the function")
	note, err := d.prepare(ctx, dir)
	if err != nil {
		return err
	}
	d.page.say("%s S3 is MinIO, SNS and Secrets Manager are moto's server. STS checks a request as AWS does and has MinIO issue the "+
		"credentials for S3, so that what a session policy allows is decided by a server that nobody here wrote.", note)

	d.page.heading("The manifest")
	fmt.Print(indent(d.manifest))

	d.page.heading("An upload becomes a thumbnail")
	if err := d.good(ctx); err != nil {
		return err
	}
	d.page.heading("The same function, fed a malicious event")
	a, err := d.bad(ctx)
	if err != nil {
		return err
	}
	d.page.heading("The function's own environment")
	return d.environment(ctx, a)
}

// invoke calls the function with one of the example's events, and returns the
// decisions that this led to, of which there must be want.
func (d *demo) invoke(ctx context.Context, event string, want int) (a answer, lines []line, err error) {
	text, err := os.ReadFile(filepath.Join(d.checkout, "examples/generate-thumbnail", event))
	if err != nil {
		return a, nil, err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return a, nil, err
	}
	d.page.show("", "event", event+" "+compact.String())
	status, reply, err := d.lambda.Invoke(ctx, text)
	if err != nil {
		return a, nil, err
	}
	if err := json.Unmarshal(reply, &a); err != nil || status != 200 {
		return a, nil, fmt.Errorf("the function answered %d: %s", status, reply)
	}
	all := settled(ctx, d.lambda, len(d.lines)+want)
	lines, d.lines = all[len(d.lines):], all
	if len(lines) != want {
		return a, nil, fmt.Errorf("the log has %d decisions for %s, want %d: %v", len(lines), event, want, lines)
	}
	d.asked = append(d.asked, d.servers.Asked()...)
	return a, lines, nil
}

// good is the second act.
func (d *demo) good(ctx context.Context) error {
	a, lines, err := d.invoke(ctx, "event.json", 4)
	if err != nil {
		return err
	}
	if len(a.Done) != 1 || len(a.Failed) != 0 {
		return fmt.Errorf("the function did not make one thumbnail: %+v", a)
	}
	done := a.Done[0]
	small, err := d.servers.Get(ctx, "media-eu", done.Thumbnail)
	if err != nil {
		return err
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(small))
	if err != nil || format != "jpeg" || max(config.Width, config.Height) != 256 {
		return fmt.Errorf("%s is no thumbnail: %s of %d by %d, %v", done.Thumbnail, format, config.Width, config.Height, err)
	}
	mac := hmac.New(sha256.New, []byte(d.secret))
	mac.Write(small)
	if signature := hex.EncodeToString(mac.Sum(nil)); signature != done.Signature {
		return fmt.Errorf("signature %s, want %s", done.Signature, signature)
	}
	sent, err := d.servers.Published(ctx, d.topic)
	if err != nil || len(sent) != 1 || !strings.Contains(sent[0], done.Thumbnail) {
		return fmt.Errorf("published on %s: %q, %v", d.topic, sent, err)
	}
	d.page.show(green, "made", fmt.Sprintf("%s, a JPEG of %d by %d in %d bytes, now in MinIO", done.Thumbnail, config.Width, config.Height, len(small)))
	d.page.show(green, "published", sent[0])

	fmt.Println()
	d.page.say("The calls that were allowed, and the credentials that each was sent under: minted for it, good for nothing else.")
	want := []request{
		{"s3:GetObject", "arn:aws:s3:::media-eu/uploads/images/harbour.png"},
		{"secretsmanager:GetSecretValue", "arn:aws:secretsmanager:" + e2e.Region + ":" + e2e.Account + ":secret:image-signing-key-??????"},
		{"s3:PutObject", "arn:aws:s3:::media-eu/derived/thumbnails/harbour.jpg"},
		{"sns:Publish", d.topic},
	}
	issuer := map[string]string{"minio": "MinIO, which holds it to that policy", "moto": "moto, which holds it to nothing"}
	used := make(map[string]bool)
	for i, l := range lines {
		if l.Decision != "allow" || l.Status != 200 || len(l.Requests) != 1 || l.Requests[0] != want[i] {
			return fmt.Errorf("call %d: got %+v, want %s allowed", i+1, l, want[i])
		}
		asked, err := d.minted(l.AccessKeyID)
		if err != nil {
			return err
		}
		if err := narrow(asked.Policy, want[i]); err != nil {
			return err
		}
		if used[l.AccessKeyID] {
			return fmt.Errorf("%s was used for two calls", l.AccessKeyID)
		}
		used[l.AccessKeyID] = true
		fmt.Println()
		d.page.show(green, "allowed", l.Requests[0].Action+" on "+l.Requests[0].Resource)
		d.page.show("", "granted by", d.short(strings.Join(l.Grants, ", ")))
		d.page.show("", "policy", asked.Policy)
		d.page.show("", "key", l.AccessKeyID+", issued by "+issuer[asked.Issued.Backend])
	}
	return nil
}

// short leaves out where the manifest lies: it is the function's own.
func (d *demo) short(text string) string {
	return strings.NewReplacer("/var/task/", "", d.task+"/", "").Replace(text)
}

// minted finds the request to STS that had a key issued.
func (d *demo) minted(key string) (awstest.Asked, error) {
	i := slices.IndexFunc(d.asked, func(a awstest.Asked) bool { return a.Issued.AccessKeyID == key })
	if key == "" || i < 0 {
		return awstest.Asked{}, fmt.Errorf("STS issued no key %q", key)
	}
	return d.asked[i], nil
}

// narrow checks that a session policy allows one request alone.
func narrow(policy string, want request) error {
	var p struct {
		Statement []struct{ Effect, Action, Resource string }
	}
	if err := json.Unmarshal([]byte(policy), &p); err != nil {
		return fmt.Errorf("session policy %s: %w", policy, err)
	}
	if len(p.Statement) != 1 || p.Statement[0].Effect != "Allow" || p.Statement[0].Action != want.Action || p.Statement[0].Resource != want.Resource {
		return fmt.Errorf("session policy %s is not for %s on %s alone", policy, want.Action, want.Resource)
	}
	return nil
}

// bad is the third act.
func (d *demo) bad(ctx context.Context) (answer, error) {
	// Four are denied; what stands before them in the same jobs is allowed:
	// reading the image twice, the right secret and the thumbnail once.
	a, lines, err := d.invoke(ctx, "malicious.json", 4+4)
	if err != nil {
		return a, err
	}
	want := []struct {
		what, code string
		request
	}{
		{"another prefix", "AccessDenied", request{"s3:GetObject", "arn:aws:s3:::media-eu/payroll/2026-10.png"}},
		{"another bucket", "AccessDenied", request{"s3:GetObject", "arn:aws:s3:::billing-eu/uploads/images/harbour.png"}},
		{"another secret", "AccessDeniedException", request{"secretsmanager:GetSecretValue", "arn:aws:secretsmanager:" + e2e.Region + ":" + e2e.Account + ":secret:payment-gateway-key-??????"}},
		{"another topic", "AuthorizationError", request{"sns:Publish", d.other}},
	}
	denied := slices.DeleteFunc(slices.Clone(lines), func(l line) bool { return l.Decision != "deny" })
	if len(a.Done) != 0 || len(a.Failed) != len(want) || len(denied) != len(want) {
		return a, fmt.Errorf("%d jobs were done, %d failed and %d calls were denied; want 0, %d and %[4]d", len(a.Done), len(a.Failed), len(denied), len(want))
	}
	for i, w := range want {
		raised, l := a.Failed[i].Raised, denied[i]
		if !strings.Contains(raised, "An error occurred ("+w.code+") when calling the "+l.Operation+" operation") || !strings.Contains(raised, l.ID) || l.ID == "" {
			return a, fmt.Errorf("%s: boto3 raised %s, want %s with %s", w.what, raised, w.code, l.ID)
		}
		if len(l.Requests) != 1 || l.Requests[0] != w.request || l.AccessKeyID != "" {
			return a, fmt.Errorf("%s: the log has %s, want %s, sent under no key", w.what, l, w.request)
		}
		fmt.Println()
		d.page.show(bold, "wanted", w.what)
		d.page.show(red, "raised", raised)
		d.page.show(yellow, "log", d.short(l.String()))
	}
	for _, asked := range d.asked {
		for _, w := range want {
			if strings.Contains(asked.Policy, w.Resource) {
				return a, fmt.Errorf("STS was asked for %s", w.Resource)
			}
		}
	}
	if sent, err := d.servers.Published(ctx, d.other); err != nil || len(sent) != 0 {
		return a, fmt.Errorf("published on %s: %q, %v", d.other, sent, err)
	}
	fmt.Println()
	d.page.say("None of the four reached a server, and STS was asked for none of them.")
	return a, nil
}

// environment is the last act.
func (d *demo) environment(ctx context.Context, a answer) error {
	if len(a.Environment) == 0 || a.Credentials["access_key"] == "" {
		return fmt.Errorf("the function did not show its environment: %v, %v", a.Environment, a.Credentials)
	}
	for _, name := range slices.Sorted(maps.Keys(a.Environment)) {
		entry := []rune(name + "=" + a.Environment[name])
		if len(entry) > width-2 {
			entry = append(entry[:width-3], '…')
		}
		fmt.Println("  " + string(entry))
	}
	var everything strings.Builder
	for _, m := range []map[string]string{a.Environment, a.Credentials} {
		for name, value := range m {
			fmt.Fprintln(&everything, name, value)
		}
	}
	for _, secret := range []string{d.servers.Base.AccessKeyID, d.servers.Base.SecretAccessKey, d.servers.Base.SessionToken, d.servers.Admin.AccessKeyID, d.servers.Admin.SecretAccessKey} {
		if strings.Contains(everything.String(), secret) {
			return errors.New("the function has a key that AWS honours")
		}
	}
	for _, asked := range d.asked {
		if id := asked.Issued.AccessKeyID; id != "" && strings.Contains(everything.String(), id) {
			return errors.New("the function has a minted key")
		}
	}

	// First that the trial can succeed at all.
	if ok, err := opensMinIO(ctx, d.servers, d.servers.Admin); !ok {
		return fmt.Errorf("MinIO does not take its own root's key: %v", err)
	}
	if ok, err := opensSTS(ctx, d.servers, d.servers.Base); !ok {
		return fmt.Errorf("STS does not take the execution role's key: %v", err)
	}
	sealed := aws.Credentials{AccessKeyID: a.Credentials["access_key"], SecretAccessKey: a.Credentials["secret_key"], SessionToken: a.Credentials["token"]}
	all := candidates(a.Environment, a.Credentials)
	tries, taken, err := try(ctx, d.servers, all, sealed)
	if err != nil {
		return err
	}
	if len(taken) > 0 {
		return fmt.Errorf("these were taken: %s", strings.Join(taken, ", "))
	}
	fmt.Println()
	d.page.say("boto3 signs with %s, which came from AWS_CONTAINER_CREDENTIALS_FULL_URI and which only the proxy honours.", sealed.AccessKeyID)
	d.page.say("Of the %d strings in there that could be a key, each was tried with each as its secret at MinIO and at STS: "+
		"%d tries, none accepted. (MinIO's own root and the execution role, which the function has not, are accepted.)", len(all), tries)
	return nil
}
