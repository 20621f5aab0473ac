package iam

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lambda-remit/remit/manifest"
)

// TestAGrantsPolicyIsThatOfACallThroughIt holds the two to one text: with two,
// the credentials that were asked for early would never be found.
func TestAGrantsPolicyIsThatOfACallThroughIt(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	alike := 0
	for range 20000 {
		d := &die{data: make([]byte, 64)}
		for i := range d.data {
			d.data[i] = byte(random.Uint32())
		}
		m := d.manifest("")
		g := m.Grants[0]
		m.Grants = m.Grants[:1]
		r := d.request(m, "")
		decided := m.Decide(r)
		if !decided.Allowed {
			continue
		}
		want, _, err := SessionPolicy(m, decided, []manifest.Request{r}, manifest.WidthGrant)
		if err != nil {
			continue
		}
		got, err := GrantPolicy(m, g)
		if err != nil || got != want {
			t.Fatalf("%+v on %q: got %q, %v, want %q", g, r.Resource, got, err, want)
		}
		alike++
	}
	if alike < 500 {
		t.Errorf("compared %d policies: the die is loaded", alike)
	}
}

func TestAGrantThatCannotBeWrittenHasNoPolicy(t *testing.T) {
	m, err := manifest.Parse("remit.yaml", []byte("credentials: {role: self}\npermissions: {topic: {publish: orders}}\n"), manifest.Options{Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	if p, err := GrantPolicy(m, m.Grants...); !errors.Is(err, ErrTooLarge) {
		t.Errorf("without an account: got %q, %v, want ErrTooLarge", p, err)
	}
	m = m.InAccount(here)
	const want = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sns:Publish","Resource":"arn:aws:sns:eu-west-1:123456789012:orders"}]}`
	if p, err := GrantPolicy(m, m.Grants...); err != nil || p != want {
		t.Errorf("with one: got %q, %v, want %q", p, err, want)
	}
	if p, err := GrantPolicy(m); err == nil {
		t.Errorf("of nothing: got %q, want an error", p)
	}
	long := &manifest.Grant{Actions: []string{"s3:GetObject"}}
	for range 50 {
		long.Resources = append(long.Resources, manifest.Pattern(fmt.Sprintf("arn:aws:s3:::media/%060d", len(long.Resources))))
	}
	if p, err := GrantPolicy(m, long); !errors.Is(err, ErrTooLarge) {
		t.Errorf("of fifty long keys: got %d characters, %v, want ErrTooLarge", len(p), err)
	}
}
