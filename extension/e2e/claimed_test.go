package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/proxy/aws"
)

// TestTheProxyAndBothPreloadsClaimTheSameHosts holds three to each other that
// say it in three languages: a host that one of them leads to the proxy has to be
// one that it answers for, and the other way round.
func TestTheProxyAndBothPreloadsClaimTheSameHosts(t *testing.T) {
	const named = "orders.example.com" // in the manifest
	seeds := []string{
		"amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "api.aws", "on.aws", "api.amazonwebservices.com.cn", "c2s.ic.gov", "xamazonaws.com", "amazonaws.com.example.com", "example.com", "aws",
		"s3.eu-west-1.amazonaws.com", "my.bucket_1.s3.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn", "s3.dualstack.eu-west-1.api.aws", "bucket--x-s3.s3express-euw1-az1.eu-west-1.amazonaws.com",
		"abc123.execute-api.eu-west-1.amazonaws.com", "abc.lambda-url.eu-west-1.on.aws", "shop.vpce-0a1b.s3.eu-west-1.vpce.amazonaws.com", "search-shop.eu-west-1.es.amazonaws.com",
		"shop.cluster-c1.eu-west-1.neptune.amazonaws.com", "a1-ats.iot.eu-west-1.amazonaws.com", "iot.eu-west-1.amazonaws.com", "data.jobs.iot.eu-west-1.amazonaws.com",
		"shop-1.eu-west-1.elb.amazonaws.com", "dualstack.shop-1.eu-west-1.elb.amazonaws.com", "shop-01.elb.eu-west-1.amazonaws.com", "shop-1.cn-north-1.elb.amazonaws.com.cn", "shop-1.eu-west-1.elb.amazonaws.eu",
		"a.b.eu-west-1.elb.amazonaws.com", "a.elb.s3.amazonaws.com", "elb.s3.eu-west-1.amazonaws.com", "elb.eu-west-1.amazonaws.com", "elasticloadbalancing.eu-west-1.amazonaws.com", "shop.us-gov-west-1.elb.amazonaws.com",
		"ec2-192-0-2-1.eu-west-1.compute.amazonaws.com", "ec2-192-0-2-1.compute-1.amazonaws.com", "ec2-.compute-1.amazonaws.com", "ec2-x.compute-1.amazonaws.com", "ec2.eu-west-1.amazonaws.com", "dualstack.ec2-1.eu-west-1.compute.amazonaws.com", "dualstack.ec2-1.compute-1.amazonaws.com", "ec2-1-1.eu-west.compute.amazonaws.com",
		"0123456789abcdef0123456789abcdef.gr7.eu-west-1.eks.amazonaws.com", "0123456789ABCDEF0123456789abcdef.yl4.cn-north-1.eks.amazonaws.com.cn", "0123456789abcdef0123456789abcde.gr7.eu-west-1.eks.amazonaws.com", "gr7.eu-west-1.eks.amazonaws.com",
		"0123456789abcdef0123456789abcdef.gr7.eu-west-1.s3.amazonaws.com", "0123456789abcdef0123456789abcdef.gr7.eks.eks.amazonaws.com", "0123456789abcdefg123456789abcdef.gr7.eu-west-1.eks.amazonaws.com", "0123456789abcdef0123456789abcdef.-gr7-.eu-west-1.eks.amazonaws.com", "0123456789abcdef0123456789abcdef.gr_7.eu-west-1.eks.amazonaws.com", "eks.eu-west-1.amazonaws.com",
		"dualstack.eu-west-1.elb.amazonaws.com", "dualstack.dualstack.eu-west-1.elb.amazonaws.com", "shop.eu--1.elb.amazonaws.com", "shop.EU-west-1.elb.amazonaws.com", "shop.eu-west-1a.elb.amazonaws.com", "shop.eu-west-1.elb.eu-west-1.amazonaws.com",
		named, "v1." + named, "x" + named, "localhost", "127.0.0.1", "", ".", "..", ".amazonaws.com", "a..amazonaws.com", "amazonaws.com:443", "s3.amazonaws.com/",
	}
	var hosts []string
	for _, seed := range seeds {
		first, rest, _ := strings.Cut(seed, ".")
		hosts = append(hosts, seed, strings.ToUpper(seed), seed+".", seed+"..", "a."+seed, seed+".example.com", "-"+seed, rest, first, first+".x."+rest, seed+".cn",
			strings.ReplaceAll(seed, "-", "--"), strings.ReplaceAll(seed, "1", "٣"), strings.ReplaceAll(seed, "k", "K"), strings.ReplaceAll(seed, "eu-west-1", "ap-southeast-2"))
	}
	in := strings.Join(hosts, "\n") + "\n"
	env := append(os.Environ(), "REMIT_PROXY=127.0.0.1:4000", "REMIT_TLS=127.0.0.1:4003", "REMIT_ROOT=AAAA", "REMIT_HOSTS="+strings.Join(aws.Domains(), ",")+",="+named)
	run := func(program string, args ...string) []string {
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Env, cmd.Stdin = env, strings.NewReader(in)
		out, err := cmd.Output()
		lines := strings.Split(string(out), "\n")
		if err != nil || len(lines) != len(hosts)+1 {
			t.Fatalf("%s: %v, %d answers", program, err, len(lines)-1)
		}
		return lines
	}
	node := run("node", "testdata/claimed.cjs", filepath.Join(checkout, "extension/environ/preload.cjs"))
	python := run(filepath.Join(checkout, ".venv/bin/python"), "testdata/claimed.py", filepath.Join(checkout, "extension/environ/python/sitecustomize.py"))
	count := 0
	for i, host := range hosts {
		lower := strings.ToLower(host)
		want := strings.TrimSuffix(lower, ".") == named || aws.Claims(lower)
		if want {
			count++
		}
		if got := node[i] == "true"; got != want {
			t.Errorf("%q: Node's is led: %v, the proxy's claim is %v", host, got, want)
		}
		// IoT's endpoints for devices speak MQTT too, and Python's look-up does not tell.
		if got := python[i] == "true"; got != (want && !strings.Contains(lower, ".iot.")) {
			t.Errorf("%q: Python's is led: %v, the proxy's claim is %v", host, got, want)
		}
	}
	if count < 200 || count > len(hosts)-200 {
		t.Errorf("of %d hosts %d are claimed, which says little", len(hosts), count)
	}
}
