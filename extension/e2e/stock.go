package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Call signs one request with creds and sends it to a server, past Remit.
func Call(ctx context.Context, creds aws.Credentials, service, method, url string, header http.Header, body []byte) (status int, answer []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	for name, values := range header {
		r.Header[name] = values
	}
	if host := header.Get("Host"); host != "" {
		r.Host = host
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	r.Header.Set("X-Amz-Content-Sha256", hash)
	if err := v4.NewSigner().SignHTTP(ctx, creds, r, hash, service, Region, time.Now(), func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" }); err != nil {
		return 0, nil, err
	}
	a, err := direct.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer a.Body.Close()
	answer, err = io.ReadAll(a.Body)
	return a.StatusCode, answer, err
}

// must is Call, for what has to succeed.
func must(ctx context.Context, creds aws.Credentials, service, method, url string, header http.Header, body []byte) ([]byte, error) {
	status, answer, err := Call(ctx, creds, service, method, url, header, body)
	if err == nil && status/100 != 2 {
		err = fmt.Errorf("%s %s: %d: %s", method, url, status, answer)
	}
	return answer, err
}

// anyone is what moto takes for credentials: anything.
var anyone = aws.Credentials{AccessKeyID: "AKIAANYONE", SecretAccessKey: "anything"}

// MakeBucket makes a bucket, in MinIO, which says that it is ready a moment
// before it is.
func (s *Servers) MakeBucket(ctx context.Context, name string) error {
	for tries := 0; ; tries++ {
		status, answer, err := Call(ctx, s.Admin, "s3", http.MethodPut, s.MinIO+"/"+name, nil, nil)
		switch {
		case err != nil:
			return err
		case status == http.StatusServiceUnavailable && tries < 100:
			time.Sleep(50 * time.Millisecond)
		case status != http.StatusOK:
			return fmt.Errorf("bucket %q: %d: %s", name, status, answer)
		default:
			return nil
		}
	}
}

// MakeMotoBucket makes a bucket, in moto.
func (s *Servers) MakeMotoBucket(ctx context.Context, name string) error {
	_, err := must(ctx, anyone, "s3", http.MethodPut, s.Moto+"/"+name, nil, []byte(
		`<CreateBucketConfiguration><LocationConstraint>`+Region+`</LocationConstraint></CreateBucketConfiguration>`))
	return err
}

// Put writes an object into MinIO.
func (s *Servers) Put(ctx context.Context, bucket, key string, body []byte) error {
	_, err := must(ctx, s.Admin, "s3", http.MethodPut, s.MinIO+"/"+bucket+"/"+key, nil, body)
	return err
}

// Get reads an object out of MinIO.
func (s *Servers) Get(ctx context.Context, bucket, key string) ([]byte, error) {
	return must(ctx, s.Admin, "s3", http.MethodGet, s.MinIO+"/"+bucket+"/"+key, nil, nil)
}

// MakeTopic makes a topic and returns its ARN.
func (s *Servers) MakeTopic(ctx context.Context, name string) (arn string, err error) {
	form := url.Values{"Action": {"CreateTopic"}, "Version": {"2010-03-31"}, "Name": {name}}
	_, err = must(ctx, anyone, "sns", http.MethodPost, s.Moto+"/", http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"},
	}, []byte(form.Encode()))
	return "arn:aws:sns:" + Region + ":" + Account + ":" + name, err
}

// Published returns the messages that were published on a topic.
func (s *Servers) Published(ctx context.Context, arn string) (messages []string, err error) {
	answer, err := must(ctx, anyone, "sns", http.MethodGet, s.Moto+"/moto-api/data.json", nil, nil)
	if err != nil {
		return nil, err
	}
	var data struct {
		SNS struct {
			Topic []struct {
				ARN  string  `json:"arn"`
				Sent [][]any `json:"sent_notifications"` // id, message, subject, …
			}
		} `json:"sns"`
	}
	if err := json.Unmarshal(answer, &data); err != nil {
		return nil, err
	}
	for _, topic := range data.SNS.Topic {
		for _, sent := range topic.Sent {
			if topic.ARN == arn && len(sent) > 1 {
				messages = append(messages, fmt.Sprint(sent[1]))
			}
		}
	}
	return messages, nil
}

// Upstreams are the servers, as a manifest's `upstreams` names them.
func (s *Servers) Upstreams() string {
	var b strings.Builder
	b.WriteString("upstreams:\n")
	fmt.Fprintf(&b, "  s3: %q\n  sts: %q\n", s.MinIO, s.STS)
	for _, service := range []string{"athena", "dynamodb", "kinesis", "kms", "lambda", "logs", "secretsmanager", "ses", "sns", "sqs", "ssm"} {
		fmt.Fprintf(&b, "  %s: %q\n", service, s.Moto)
	}
	return b.String()
}
