package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/manifest/iam"
	cloud "github.com/lambda-remit/remit/proxy/aws"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
	"github.com/lambda-remit/remit/proxy/mint"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

// A part is a step on a call's way, measured by itself.
type part struct {
	name   string
	p50    time.Duration
	allocs float64
}

// A read call is one that parts reads.
type readCall struct {
	name, service, method, target string
	header                        http.Header
	body                          string
}

var readCalls = []readCall{
	{"s3:GetObject", "s3", "GET", "/bench/in/1024", nil, ""},
	{"s3:PutObject", "s3", "PUT", "/bench/out/00", nil, strings.Repeat("x", small)},
	{"sns:Publish", "sns", "POST", "/", http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}},
		"Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3Aimage-processing-results&Message=" + strings.Repeat("m", 400)},
	{"dynamodb:PutItem", "dynamodb", "POST", "/", http.Header{"Content-Type": {"application/x-amz-json-1.0"}, "X-Amz-Target": {"DynamoDB_20120810.PutItem"}},
		`{"TableName":"orders","Item":{"customer":{"S":"c-17"},"order":{"S":"o-4711"},"lines":{"L":[{"M":{"sku":{"S":"a"},"n":{"N":"2"}}},{"M":{"sku":{"S":"b"},"n":{"N":"1"}}}]},"note":{"S":"` + strings.Repeat("n", 300) + `"}}}`},
	{"kinesis:PutRecord, by table", "kinesis", "POST", "/", http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"Kinesis_20131202.PutRecord"}},
		`{"StreamName":"orders","PartitionKey":"c-17","Data":"` + strings.Repeat("bm90", 100) + `"}`},
	{"scheduler:CreateSchedule, by table", "scheduler", "POST", "/schedules/nightly", http.Header{"Content-Type": {"application/json"}},
		`{"GroupName":"jobs","ScheduleExpression":"rate(1 day)","FlexibleTimeWindow":{"Mode":"OFF"},"Target":{"Arn":"arn:aws:lambda:eu-west-1:123456789012:function:f","RoleArn":"arn:aws:iam::123456789012:role/s"}}`},
	{"ec2:StopInstances, by table", "ec2", "POST", "/", http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}},
		"Action=StopInstances&Version=2016-11-15&InstanceId.1=i-0123456789abcdef0&InstanceId.2=i-0123456789abcdef1"},
}

// parts measures the steps of a call one by one, in this process.
func parts(ctx context.Context, b *bench) ([]part, error) {
	keys := sigv4.Credentials{AccessKeyID: "ASIAREMITAAAAAAAAAAA", SecretAccessKey: "sealed/secret/0123456789/0123456789/0123", SessionToken: strings.Repeat("t", 64)}
	m, err := manifest.Parse("remit.yaml", fmt.Appendf(nil, manifestText, awstest.RoleARN, b.atOnce, b.sts), manifest.Options{Region: region, Account: awstest.Account})
	if err != nil {
		return nil, err
	}
	base := awstest.Base()
	minter := &mint.Minter{Base: credentials.NewStaticCredentialsProvider(base.AccessKeyID, base.SecretAccessKey, base.SessionToken), Region: region, Endpoint: b.sts}
	defer minter.Close()
	c := &cloud.Cloud{
		Sealed:    func(id string) (sigv4.Credentials, bool) { return keys, id == keys.AccessKeyID },
		Minter:    minter,
		Transport: answers{},
		Region:    region,
		Account:   func() string { return awstest.Account },
		Session:   func() string { return "bench" },
	}
	var all []part
	var failed error
	add := func(name string, f func() error) {
		if failed == nil {
			var p part
			if p, failed = measure(name, f); failed == nil {
				all = append(all, p)
			}
		}
	}
	for _, rc := range readCalls {
		r, err := rc.request(ctx, keys)
		if err != nil {
			return nil, err
		}
		add("reading "+rc.name, func() error {
			r.Body = io.NopCloser(strings.NewReader(rc.body))
			_, err := c.Identify(r)
			return err
		})
	}
	r, err := readCalls[0].request(ctx, keys)
	if err != nil {
		return nil, err
	}
	var kept sigv4.Keys
	add("verifying a signature", func() error {
		s, err := sigv4.Read(r)
		if err != nil {
			return err
		}
		return s.Verify(r, keys, sigv4.Options{S3: true, Keys: &kept})
	})
	call, err := c.Read(r)
	if err != nil {
		return nil, err
	}
	var d manifest.Decision
	add("deciding", func() error {
		if d = m.Decide(call.Requests...); !d.Allowed {
			return fmt.Errorf("denied: %s", d.Reason)
		}
		return nil
	})
	var policy string
	add("writing its session policy", func() error {
		policy, _, err = iam.SessionPolicy(m, d, call.Requests, manifest.WidthCall)
		return err
	})
	ask := func(policy string) mint.Ask {
		return mint.Ask{Role: awstest.RoleARN, Session: "bench", Policy: policy}
	}
	add("credentials, kept", func() error {
		_, _, err := minter.Credentials(ctx, ask(policy))
		return err
	})
	add("authorizing and signing, the network left out", func() error {
		out := r.WithContext(ctx)
		out.Header, out.Body = r.Header.Clone(), http.NoBody
		out.URL = &url.URL{Scheme: "https", Host: s3Host, Path: r.URL.Path}
		resp, _, err := c.Send(out, call, m, d)
		if err == nil {
			resp.Body.Close()
		}
		return err
	})
	n := 0
	add("minting: STS, on loopback", func() error {
		n++
		_, _, err := minter.Credentials(ctx, ask(strings.Replace(policy, "in/1024", fmt.Sprintf("in/%d", n), 1)))
		return err
	})
	return all, failed
}

// answers is a transport that answers without asking anybody.
type answers struct{}

func (answers) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: make(http.Header), Body: http.NoBody, Request: r}, nil
}

// request is the call as net/http's server would deliver it.
func (rc readCall) request(ctx context.Context, keys sigv4.Credentials) (*http.Request, error) {
	sum := sha256.Sum256([]byte(rc.body))
	hash := hex.EncodeToString(sum[:])
	host := rc.service + "." + region + ".amazonaws.com"
	r, err := http.NewRequestWithContext(ctx, rc.method, "https://"+host+rc.target, nil)
	if err != nil {
		return nil, err
	}
	for name, values := range rc.header {
		r.Header[name] = values
	}
	if rc.service == "s3" {
		r.Header.Set("X-Amz-Content-Sha256", hash)
	}
	r.ContentLength = int64(len(rc.body))
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = rc.service == "s3" })
	sealed := aws.Credentials{AccessKeyID: keys.AccessKeyID, SecretAccessKey: keys.SecretAccessKey, SessionToken: keys.SessionToken}
	if err := signer.SignHTTP(ctx, sealed, r, hash, rc.service, region, time.Now()); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", rc.method, rc.target, host, len(rc.body))
	r.Header.Write(&text)
	text.WriteString("\r\n" + rc.body)
	return http.ReadRequest(bufio.NewReader(&text))
}

// measure returns the median of what f takes, over batches short enough that
// most are not interrupted.
func measure(name string, f func() error) (part, error) {
	const batch, total = 20, 300 * time.Millisecond
	var times []time.Duration
	for began := time.Now(); time.Since(began) < total || len(times) < 5; {
		at := time.Now()
		for range batch {
			if err := f(); err != nil {
				return part{}, fmt.Errorf("%s: %w", name, err)
			}
		}
		times = append(times, time.Since(at)/batch)
	}
	return part{name, median(times[len(times)/10:]), testing.AllocsPerRun(20, func() { f() })}, nil
}
