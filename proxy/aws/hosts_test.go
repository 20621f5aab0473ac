package aws

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// testdata/hosts/hosts.txt has a host a line, and after a tab what it is.
const hostsFile = "testdata/hosts/hosts.txt"

// tell writes a place as hosts.txt has it.
func tell(p place, ok bool) string {
	if !ok {
		return "egress"
	}
	what := []string{strings.Join(p.services, ","), p.service, p.region, p.partition}
	for i := range what {
		if what[i] == "" {
			what[i] = "-"
		}
	}
	for _, flag := range []struct {
		name string
		set  bool
	}{{"fips", p.fips}, {"dualstack", p.dualstack}, {"global", p.global}, {"legacy", p.legacy}, {"vpce", p.vpce}} {
		if flag.set {
			what = append(what, flag.name)
		}
	}
	for _, named := range []struct{ name, value string }{{"plane", p.plane}, {"account", p.account}, {"bucket", p.bucket}, {"accesspoint", p.accessPoint}, {"mrap", p.mrap}, {"resource", p.resource}, {"api", p.api}} {
		if named.value != "" {
			what = append(what, named.name+"="+named.value)
		}
	}
	return strings.Join(what, " ")
}

func readHosts(t testing.TB) (lines []string) {
	t.Helper()
	b, err := os.ReadFile(hostsFile)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

func TestHostsAreToldApart(t *testing.T) {
	lines, n := readHosts(t), 0
	for i, l := range lines {
		host, want, _ := strings.Cut(l, "\t")
		if l == "" || strings.HasPrefix(l, "#") {
			continue
		}
		n++
		got := tell(placeOf(host))
		if *update {
			lines[i] = host + "\t" + got
		} else if got != want {
			t.Errorf("%s:%d: %s: got %q, want %q", hostsFile, i+1, host, got, want)
		}
	}
	if n < 100 {
		t.Errorf("%s has %d hosts, which are too few", hostsFile, n)
	}
	if *update {
		if err := os.WriteFile(hostsFile, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTablesOfHostsAreSorted(t *testing.T) {
	for name, table := range map[string]string{"hostPatterns": hostPatterns, "hostWays": hostWays, "customerPatterns": customerPatterns} {
		lines := strings.Split(strings.TrimSuffix(table, "\n"), "\n")
		if !slices.IsSorted(lines) {
			t.Errorf("%s is not sorted, so that what it has is not found", name)
		}
		for _, l := range lines {
			key, want, _ := strings.Cut(l, "\t")
			if got, ok := line(table, key); !ok || got != want {
				t.Errorf("%s has %q, and finds %q there", name, l, got)
			}
		}
	}
	for l := range strings.Lines(hostPatterns) {
		for _, id := range strings.Split(strings.Split(strings.TrimSuffix(l, "\n"), "\t")[1], ",") {
			if signingName(id) == "" {
				t.Errorf("%q: no way back to %q", l, id)
			}
		}
	}
}

func TestReadingAHostIsQuick(t *testing.T) {
	for host, most := range map[string]float64{"sqs.eu-west-1.amazonaws.com": 12, "api.ecr.eu-west-1.amazonaws.com": 12, "iam.amazonaws.com": 12} {
		if n := testing.AllocsPerRun(100, func() { placeOf(host) }); n > most {
			t.Errorf("%s: %v allocations, want at most %v", host, n, most)
		}
	}
}

func BenchmarkHost(b *testing.B) {
	for _, host := range []string{"sqs.eu-west-1.amazonaws.com", "iam.amazonaws.com", "123456789012.data-kinesis.eu-west-1.amazonaws.com", "shop-1.eu-west-1.elb.amazonaws.com"} {
		b.Run(host, func(b *testing.B) {
			for range b.N {
				placeOf(host)
			}
		})
	}
}

func BenchmarkWayBack(b *testing.B) {
	for range b.N {
		upstreamFor("sfn", "StartSyncExecution", "eu-west-1", place{})
	}
}

// What a host says is what another would have to be written as to say the same,
// and nothing that is put before or after it is taken for it.
func FuzzHost(f *testing.F) {
	for _, l := range readHosts(f) {
		if host, _, _ := strings.Cut(l, "\t"); host != "" && host[0] != '#' {
			f.Add(host, "evil")
		}
	}
	f.Fuzz(func(t *testing.T, host, more string) {
		p, ok := placeOf(host)
		if !ok {
			return
		}
		if !Claims(host) || host != strings.ToLower(host) {
			t.Fatalf("%q is a place, and not claimed", host)
		}
		if part := partitionOf(p.region); p.region != "" && part.name != p.partition {
			t.Fatalf("%q is in region %q and partition %q", host, p.region, p.partition)
		}
		for _, named := range []string{p.account, p.bucket, p.accessPoint, p.resource, p.mrap} {
			if !strings.Contains(host, named) {
				t.Fatalf("%q names %q", host, named)
			}
		}
		// The way back, of those that have one.
		for _, id := range p.services {
			u, _ := upstreamFor(id, "", p.region, p)
			if u == nil {
				t.Fatalf("%q has no way back to %q", host, id)
			}
			q, ok := placeOf(u.Host)
			if p.legacy {
				p.legacy, p.host, p.global = false, q.host, q.global
			}
			if p.host = q.host; !ok || p.endpoint == "" && fmt.Sprint(p) != fmt.Sprint(q) || tell(p, true) != tell(q, ok) {
				t.Fatalf("%q is %s; its way back is %q, which is %s", host, tell(p, true), u.Host, tell(q, ok))
			}
		}
		if !isLabel(more) || strings.HasPrefix(more, "vpce-") {
			return
		}
		if _, ok := placeOf(host + "." + more); ok && !Claims(host+"."+more) {
			t.Fatalf("%q with %q after it is a place", host, more)
		}
		// With a label before it, it is another one's, who is named by it.
		q, ok := placeOf(more + "." + host)
		if ok && !slices.ContainsFunc([]string{q.bucket, q.resource, q.accessPoint, q.account, q.mrap, q.region}, func(s string) bool { return strings.HasPrefix(more+"-", s) && s != "" || strings.HasPrefix(s, more) }) {
			t.Fatalf("%q with %q before it is %s", host, more, tell(q, ok))
		}
		if ok && (p.bucket != "" && q.bucket == p.bucket || p.account != "" && q.account == p.account) {
			t.Fatalf("%q with %q before it is still %s", host, more, tell(q, ok))
		}
	})
}

func TestLoadBalancersAndMachinesAreNotClaimed(t *testing.T) {
	for host, want := range map[string]bool{
		"shop-1234567890.eu-west-1.elb.amazonaws.com":           false,
		"internal-shop-1234567890.eu-west-1.elb.amazonaws.com":  false,
		"dualstack.shop-1234567890.eu-west-1.elb.amazonaws.com": false,
		"shop-0123456789abcdef.elb.eu-west-1.amazonaws.com":     false,
		"shop-0123456789abcdef.elb.eu-west-1.amazonaws.com.":    false,
		"shop-1.cn-north-1.elb.amazonaws.com.cn":                false,
		"ec2-192-0-2-1.eu-west-1.compute.amazonaws.com":         false,
		"ec2-192-0-2-1.compute-1.amazonaws.com":                 false,
		"elasticloadbalancing.eu-west-1.amazonaws.com":          true,
		"a.elb.s3.amazonaws.com":                                true, // a bucket's name
		"elb.s3.eu-west-1.amazonaws.com":                        true,
		"a.elb.s3-eu-west-1.amazonaws.com":                      true,
		"ec2-1.s3.eu-west-1.amazonaws.com":                      true,
		"ec2-1.compute.s3.amazonaws.com":                        true,
		"elb.eu-west-1.amazonaws.com":                           true, // no rule's, and of the form of a service's
		"a.b.elb.eu-west-1.amazonaws.com":                       true,
		"dualstack.a.b.elb.eu-west-1.amazonaws.com":             true,
		"ec2-metadata.eu-west-1.compute.amazonaws.com":          true,
		"ec2-.compute-1.amazonaws.com":                          true, // no machine's: the preloads think so too
		"dualstack.ec2-1.eu-west-1.compute.amazonaws.com":       true,
		"compute-1.amazonaws.com":                               true,
		"x.elb.us-east-1.amazonaws.com.attacker.example":        false,
		"s3.eu-west-1.amazonaws.com":                            true,
	} {
		if got := Claims(host); got != want {
			t.Errorf("%s is claimed: %v, want %v", host, got, want)
		}
		if _, ok := placeOf(strings.TrimSuffix(host, ".")); ok && !want {
			t.Errorf("%s is a place, and not claimed", host)
		}
	}
}
