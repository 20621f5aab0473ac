// Package e2e runs what Remit is shown against, end to end: MinIO and moto,
// an STS that has both of them issue credentials, and AWS's Runtime Interface
// Emulator with the layer at /opt.
//
// The programs come from `make setup`. Everything listens on the loopback, on
// ports of its own, and ends with the process that started it. Only tests and
// the demo import this package.
package e2e

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-remit/remit/proxy/aws/awstest"
)

// Where all of it is, as AWS sees it.
const (
	Account = awstest.Account
	Region  = "eu-west-1"
	Role    = "arn:aws:iam::" + Account + ":role/generate-thumbnail-calls"
	Assumed = "arn:aws:iam::" + Account + ":role/reports" // that the function itself may assume
)

// Servers are running. S3 is MinIO's; all else is moto's, which has an S3 too.
type Servers struct {
	MinIO, Moto, STS string // URLs

	// Admin is MinIO's root: it makes buckets, and no function has it.
	Admin aws.Credentials

	// Base is what STS knows the execution role by. It is invented here, and
	// neither MinIO nor moto has ever heard of it.
	Base aws.Credentials

	dir    string
	minio  *process
	moto   *process
	front  *http.Server
	served sync.WaitGroup

	mu    sync.Mutex // guards asked
	asked []awstest.Asked
}

// Start starts the servers, which roles may be assumed at, out of the programs
// in checkout.
func Start(ctx context.Context, checkout string, roles ...string) (s *Servers, err error) {
	minio, python := filepath.Join(checkout, ".cache/bin/minio"), filepath.Join(checkout, ".venv/bin/python")
	for _, path := range []string{minio, python} {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("%w: run `make setup` first", err)
		}
	}
	s = &Servers{
		Admin: aws.Credentials{AccessKeyID: "root" + rand.Text()[:12], SecretAccessKey: rand.Text()},
		Base:  aws.Credentials{AccessKeyID: "ASIA" + rand.Text()[:16], SecretAccessKey: rand.Text() + rand.Text()[:14], SessionToken: rand.Text() + rand.Text()},
	}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.dir, err = os.MkdirTemp("", "remit-e2e-"); err != nil {
		return s, err
	}
	address, err := freeAddress()
	if err != nil {
		return s, err
	}
	s.MinIO = "http://" + address
	s.minio, err = start([]string{
		"HOME=" + s.dir, "PATH=" + os.Getenv("PATH"),
		"MINIO_ROOT_USER=" + s.Admin.AccessKeyID, "MINIO_ROOT_PASSWORD=" + s.Admin.SecretAccessKey,
		"MINIO_UPDATE=off", "MINIO_BROWSER=off",
		// Virtual-hosted names, as AWS's SDKs send them; MinIO takes several.
		"MINIO_DOMAIN=s3." + Region + ".amazonaws.com,s3.amazonaws.com",
	}, minio, "server", "--quiet", "--address", address, filepath.Join(s.dir, "minio"))
	if err != nil {
		return s, err
	}
	if address, err = freeAddress(); err != nil {
		return s, err
	}
	s.Moto = "http://" + address
	_, port, _ := net.SplitHostPort(address)
	s.moto, err = start([]string{
		"HOME=" + s.dir, "PATH=" + os.Getenv("PATH"), "PYTHONUNBUFFERED=1", "AWS_EC2_METADATA_DISABLED=true",
		"MOTO_ACCOUNT_ID=" + Account,
	}, python, "-m", "moto.server", "-H", "127.0.0.1", "-p", port)
	if err != nil {
		return s, err
	}
	if err := s.serveSTS(roles); err != nil {
		return s, err
	}
	return s, errors.Join(
		s.minio.answering(ctx, "MinIO", s.MinIO+"/minio/health/ready", "MinIO"),
		s.moto.answering(ctx, "moto", s.Moto+"/moto-api/", "Werkzeug/"),
	)
}

// serveSTS starts the STS: as strict as AWS's, with credentials issued by
// MinIO where a policy is about S3.
func (s *Servers) serveSTS(roles []string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.STS = "http://" + l.Addr().String()
	issuer := &awstest.Front{MinIO: s.MinIO, User: s.Admin.AccessKeyID, Password: s.Admin.SecretAccessKey, Moto: s.Moto}
	sts := &awstest.STS{
		Callers: []awstest.Caller{{Credentials: s.Base, ARN: awstest.CallerARN}},
		Roles:   roles,
		Chained: []string{Assumed},
		Pin:     true,
		Issue:   issuer.Issue,
		Each: func(a awstest.Asked) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.asked = append(s.asked, a)
		},
	}
	s.front = &http.Server{Handler: sts, ReadHeaderTimeout: 10 * time.Second}
	s.served.Go(func() { s.front.Serve(l) })
	return nil
}

// Asked returns what STS was asked since the last time that Asked was called.
func (s *Servers) Asked() []awstest.Asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

// Close ends the servers and removes what they kept.
func (s *Servers) Close() error {
	var ending sync.WaitGroup
	for _, p := range []*process{s.minio, s.moto} {
		if p != nil {
			ending.Go(func() { p.stop(syscall.SIGTERM) })
		}
	}
	if s.front != nil {
		s.front.Close()
		s.served.Wait()
	}
	ending.Wait()
	if s.dir == "" {
		return nil
	}
	return os.RemoveAll(s.dir)
}
