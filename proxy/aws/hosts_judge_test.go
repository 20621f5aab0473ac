package aws

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The hosts that botocore's own resolver produces are the judge: its rule sets
// are none that hosts.mjs reads. What it says and the tables do not is in
// testdata/hosts/known.txt, which may only get shorter.
var shortenHosts = flag.Bool("shorten-hosts", false, "strike what holds by now from testdata/hosts/known.txt")

// A resolved is a line of testdata/hosts/resolve.py.
type resolved struct {
	host, service, signing, region, signed, partition string
	fips, dualstack                                   bool
	account, bucket, operation                        string
}

func resolveHosts(t *testing.T) []resolved {
	t.Helper()
	python := filepath.Join("../..", ".venv/bin/python")
	if _, err := os.Stat(python); err != nil {
		t.Fatalf("%v; make setup installs it", err)
	}
	cmd := exec.Command(python, "testdata/hosts/resolve.py")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []resolved
	for l := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(l, "\n"), "\t")
		if len(f) != 11 {
			t.Fatalf("resolve.py wrote %q", l)
		}
		all = append(all, resolved{f[0], f[1], f[2], f[3], f[4], f[5], f[6] == "1", f[7] == "1", f[8], f[9], f[10]})
	}
	if len(all) < 30_000 {
		t.Fatalf("resolve.py wrote %d hosts, which are too few", len(all))
	}
	return all
}

func TestEachHostThatBotocoreResolvesIsRead(t *testing.T) {
	all := resolveHosts(t)
	type kind struct{ fips, dualstack bool }
	// A host may be what several ask for, and a global one several partitions'.
	kinds, partitions, regions := make(map[string][]kind), make(map[string][]string), make(map[string][]string)
	for _, r := range all {
		kinds[r.host] = append(kinds[r.host], kind{r.fips, r.dualstack})
		partitions[r.host] = append(partitions[r.host], r.partition)
		regions[r.host] = append(regions[r.host], r.signed)
		if r.signed == "*" {
			regions[r.host] = append(regions[r.host], r.region)
		}
	}
	known := readKnown(t)
	failed := make(map[string]string)
	fail := func(r resolved, what, got, want string) {
		name, _, _ := strings.Cut(r.host, "."+r.region)
		key := strings.Join([]string{r.service, name, what}, " ")
		failed[key] = fmt.Sprintf("%s of %s, a host of %s: got %q, want %q", what, r.host, r.service, got, want)
	}
	shared := 0
	for _, r := range all {
		p, ok := placeOf(r.host)
		if signingName(r.service) == "" { // no source knows it: at least it is nobody else's
			if len(p.services) > 0 && p.service != r.signing && p.service != "" {
				fail(r, "stranger", strings.Join(p.services, ","), "no service")
			}
			continue
		}
		shared++
		if !ok {
			fail(r, "place", "", r.service)
			continue
		}
		if !slices.Contains(p.services, r.service) {
			fail(r, "service", strings.Join(p.services, ","), r.service)
		}
		if p.service != r.signing && p.service != "" {
			fail(r, "signing name", p.service, r.signing)
		}
		if !slices.Contains(regions[r.host], p.region) && p.region != "" {
			fail(r, "region", p.region, r.signed)
		}
		if !slices.Contains(partitions[r.host], p.partition) {
			fail(r, "partition", p.partition, r.partition)
		}
		if !slices.Contains(kinds[r.host], kind{p.fips, p.dualstack}) {
			fail(r, "kind", fmt.Sprint(p.fips, p.dualstack), fmt.Sprint(kinds[r.host]))
		}
		if p.account != r.account {
			fail(r, "account", p.account, r.account)
		}
		if p.bucket != r.bucket {
			fail(r, "bucket", p.bucket, r.bucket)
		}
		if r.operation == "?" { // what else the call says decides it
			continue
		}
		// And the way back.
		operation, asked := strings.TrimPrefix(r.operation, "-"), place{fips: r.fips, dualstack: r.dualstack, account: r.account, resource: "g-0123456789"}
		switch u, signed := upstreamFor(r.service, operation, r.region, asked); {
		case u == nil || u.Host != r.host:
			fail(r, strings.TrimSpace("way back "+operation), fmt.Sprint(u), r.host)
		case signed != r.signed:
			fail(r, strings.TrimSpace("way back's region "+operation), signed, r.signed)
		}
	}
	t.Logf("%d hosts, %d of them of services that have a client; %d failures", len(all), shared, len(failed))
	judgeHosts(t, known, failed)
}

// readKnown reads what is known to fail: a line each, after what says why.
func readKnown(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile("testdata/hosts/known.txt")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

// judgeHosts holds what failed to what is known to fail: nothing that is not,
// and nothing that holds by now.
func judgeHosts(t *testing.T, known []string, failed map[string]string) {
	t.Helper()
	for _, key := range slices.Sorted(maps.Keys(failed)) {
		if !slices.Contains(known, key) {
			t.Errorf("%s\n\t(%s)", failed[key], key)
		}
	}
	var kept []string
	for _, l := range known {
		if _, ok := failed[l]; ok || l == "" || strings.HasPrefix(l, "#") {
			kept = append(kept, l)
		} else if !*shortenHosts {
			t.Errorf("%q holds by now: strike it from known.txt, as -shorten-hosts does", l)
		}
	}
	if *shortenHosts {
		if err := os.WriteFile("testdata/hosts/known.txt", []byte(strings.Join(kept, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
