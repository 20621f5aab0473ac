package e2e_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/extension/e2e"
)

// One set of servers for all tests: they take two seconds to start.
var (
	checkout string
	servers  *e2e.Servers
	names    *strings.Replacer // what the servers named themselves: {key}
)

func TestMain(m *testing.M) {
	if os.Getenv(asClient) != "" {
		os.Exit(clientMain())
	}
	if len(os.Args) > 2 && os.Args[1] == withoutLandlock {
		fmt.Fprintln(os.Stderr, "e2e:", startWithoutLandlock(os.Args[2:]))
		os.Exit(1)
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
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
	if err := stock(ctx); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// stock makes what the calls find, and what they must not reach.
func stock(ctx context.Context) error {
	for _, bucket := range []string{"media-eu", "billing-eu"} {
		if err := servers.MakeBucket(ctx, bucket); err != nil {
			return err
		}
		if err := servers.MakeMotoBucket(ctx, bucket); err != nil {
			return err
		}
	}
	for _, o := range [][2]string{{"media-eu", "in/ten.txt"}, {"media-eu", "in/two.txt"}, {"media-eu", "payroll/2026-10.csv"}, {"billing-eu", "in/ten.txt"}} {
		if err := servers.Put(ctx, o[0], o[1], []byte("0123456789")); err != nil {
			return err
		}
	}
	for name, value := range map[string]string{"signing-key": "for signing", "payment-key": "for paying"} {
		if err := servers.MakeSecret(ctx, name, value); err != nil {
			return err
		}
	}
	for _, topic := range []string{"results", "all-customers"} {
		if _, err := servers.MakeTopic(ctx, topic); err != nil {
			return err
		}
	}
	if err := servers.MakeTable(ctx, "orders", "customer", "day"); err != nil {
		return err
	}
	if err := servers.MakeTable(ctx, "ledger"); err != nil {
		return err
	}
	if err := servers.MakeStreamingTable(ctx, "readings"); err != nil {
		return err
	}
	if err := servers.MakeStream(ctx, "readings"); err != nil {
		return err
	}
	if err := servers.MakeLogGroup(ctx, "/readings"); err != nil {
		return err
	}
	for _, queue := range []string{"jobs", "payments"} {
		if err := servers.MakeQueue(ctx, queue); err != nil {
			return err
		}
	}
	for _, name := range []string{"/app/host", "/app/flags/a", "/app/flags/b", "/app/password"} {
		if err := servers.MakeParameter(ctx, name, "of "+name); err != nil {
			return err
		}
	}
	key, err := servers.MakeKey(ctx, "alias/app")
	if err != nil {
		return err
	}
	other, err := servers.MakeKey(ctx, "alias/payroll")
	if err != nil {
		return err
	}
	names = strings.NewReplacer("{key}", key, "{other key}", other)
	if err := servers.MakeRole(ctx, "stock"); err != nil {
		return err
	}
	for _, name := range []string{"resize", "pay"} {
		if err := servers.MakeFunction(ctx, name); err != nil {
			return err
		}
	}
	return nil
}
