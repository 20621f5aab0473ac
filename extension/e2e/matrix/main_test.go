package matrix_test

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
)

var (
	checkout string
	servers  *e2e.Servers
	earth    *world
	issuer   *httptest.Server // STS

	// named puts the names of what has others in every run into cases.yaml and remit.yaml.
	named *strings.Replacer
)

// asClient says, in its environment, that the test program is to make calls with
// the AWS SDK for Go v2: net/http reads HTTPS_PROXY and SSL_CERT_FILE once.
const asClient = "REMIT_MATRIX_CLIENT"

func TestMain(m *testing.M) {
	if os.Getenv(asClient) != "" {
		os.Exit(goMain())
	}
	// SDKs wait, for what is throttled and for themselves: more of them run at once than
	// there are cores.
	flag.Parse()
	if parallel := flag.Lookup("test.parallel").Value; parallel.String() == fmt.Sprint(runtime.GOMAXPROCS(0)) {
		if err := parallel.Set(fmt.Sprint(2 * runtime.GOMAXPROCS(0))); err != nil {
			panic(err)
		}
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "matrix:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx := context.Background()
	if checkout, err = e2e.Checkout(); err != nil {
		return 1, err
	}
	if servers, err = e2e.Start(ctx, checkout, e2e.Role); err != nil {
		return 1, err
	}
	defer servers.Close()
	if earth, err = newWorld(servers); err != nil {
		return 1, err
	}
	defer earth.Close()
	if err := stock(ctx); err != nil {
		return 1, err
	}
	front := &awstest.Front{MinIO: servers.MinIO, User: servers.Admin.AccessKeyID, Password: servers.Admin.SecretAccessKey, Moto: servers.Moto}
	issuer = httptest.NewServer(&awstest.STS{
		Callers: []awstest.Caller{{Credentials: servers.Base, ARN: awstest.CallerARN}, {Credentials: servers.Admin, ARN: awstest.CallerARN}},
		Roles:   []string{e2e.Role}, Pin: true, AnyHost: true,
		Issue: func(ctx context.Context, a awstest.Asked) (awstest.Issued, error) {
			issued, err := front.Issue(ctx, a)
			if err == nil {
				earth.issued(issued.Credentials)
			}
			return issued, err
		},
	})
	defer issuer.Close()
	earth.sts = issuer.Config.Handler
	code = m.Run()
	refused, closed := earth.complaints()
	for _, r := range refused {
		fmt.Fprintln(os.Stderr, "AWS would not have understood", r)
		code = 1
	}
	for _, r := range closed {
		fmt.Fprintln(os.Stderr, "what nobody is granted was reached:", r)
		code = 1
	}
	return code, nil
}

// trusted is the configuration of who speaks TLS with the world.
func (w *world) trusted() *tls.Config { return &tls.Config{RootCAs: w.roots} }

// stock makes what the cases find.
func stock(ctx context.Context) error {
	if err := servers.MakeBucket(ctx, "matrix-eu"); err != nil {
		return err
	}
	if err := servers.MakeMotoBucket(ctx, "moto-eu"); err != nil {
		return err
	}
	if err := servers.Put(ctx, "matrix-eu", "open/large", make([]byte, 30<<20)); err != nil {
		return err
	}
	if err := servers.Put(ctx, "matrix-eu", "closed/a.txt", []byte("0123456789")); err != nil {
		return err
	}
	key, err := servers.MakeKey(ctx, "alias/open")
	if err != nil {
		return err
	}
	ciphertext, err := servers.Encrypt(ctx, key, "hello")
	if err != nil {
		return err
	}
	if earth.closedKey, err = servers.MakeKey(ctx, "alias/closed"); err != nil {
		return err
	}
	named = strings.NewReplacer("{key}", key, "{ciphertext}", ciphertext, "{closed key}", earth.closedKey)
	for _, name := range []string{"open", "closed"} {
		if err := servers.MakeParameter(ctx, name, "of "+name); err != nil {
			return err
		}
		if err := servers.MakeBus(ctx, name); err != nil {
			return err
		}
		if err := servers.MakeSecret(ctx, name, "of "+name); err != nil {
			return err
		}
		if _, err := servers.MakeTopic(ctx, name); err != nil {
			return err
		}
		if err := servers.MakeTable(ctx, name); err != nil {
			return err
		}
		if err := servers.MakeQueue(ctx, name); err != nil {
			return err
		}
	}
	return nil
}
