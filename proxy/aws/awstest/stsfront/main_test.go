package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-remit/remit/proxy/aws/awstest"
)

// backend is an STS that stands for MinIO and moto both.
func backend(t *testing.T) string {
	s, server := awstest.NewSTS(t)
	s.Callers = []awstest.Caller{{Credentials: sdk.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}}}
	s.Pin, s.AnyHost = false, true
	return server.URL
}

func TestTheFrontServesUntilItsStarterIsGone(t *testing.T) {
	dir := t.TempDir()
	ready, log := filepath.Join(dir, "url"), filepath.Join(dir, "log")
	in, starter := io.Pipe()
	env := map[string]string{"AWS_ACCESS_KEY_ID": "ASIABASE000000000000", "AWS_SECRET_ACCESS_KEY": "base-secret", "AWS_SESSION_TOKEN": "base-token"}
	done := make(chan error, 1)
	url := backend(t)
	go func() {
		done <- run(context.Background(), []string{
			"--minio", url, "--minio-user", "test", "--minio-password", "test", "--moto", url,
			"--role", awstest.RoleARN, "--any-host", "--log", log, "--ready-file", ready,
		}, func(k string) string { return env[k] }, in, io.Discard)
	}()
	var text []byte
	for range 500 {
		var err error
		if text, err = os.ReadFile(ready); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	address := strings.TrimSpace(string(text))
	client := sts.New(sts.Options{
		Region: "eu-west-1", BaseEndpoint: &address, HTTPClient: http.DefaultClient,
		Credentials: credentials.NewStaticCredentialsProvider(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], env["AWS_SESSION_TOKEN"]),
	})
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/<k>","Condition":{"StringEquals":{"aws:ResourceAccount":"123456789012"}}}]}`
	out, err := client.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: sdk.String(awstest.RoleARN), RoleSessionName: sdk.String("thumbnail"), Policy: &policy})
	if err != nil {
		t.Fatal(err)
	}
	starter.Close()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("got %v, want no error", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("still serving 10s after its standard input ended")
	}

	text, err = os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	var line struct {
		Action, Role, Session, Policy, Backend string
		AccessKeyID                            string `json:"access_key_id"`
	}
	if err := json.Unmarshal(text, &line); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if line.Action != "AssumeRole" || line.Role != awstest.RoleARN || line.Session != "thumbnail" || line.Policy != policy || line.Backend != "minio" || line.AccessKeyID != *out.Credentials.AccessKeyId {
		t.Errorf("got %+v", line)
	}
	for _, secret := range []string{*out.Credentials.SecretAccessKey, *out.Credentials.SessionToken, "base-secret", "base-token"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the log holds a secret: %s", text)
		}
	}
}

func TestAFrontThatCannotWorkSaysWhy(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "no caller"},
		{[]string{"--base-access-key", "a", "--base-secret", "b"}, "no role"},
		{[]string{"--base-access-key", "a", "--base-secret", "b", "--role", awstest.RoleARN, "--listen", "127.0.0.1:nothing"}, "nothing"},
	} {
		err := run(t.Context(), c.args, func(string) string { return "" }, strings.NewReader(""), io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q in it", c.args, err, c.want)
		}
	}
}
