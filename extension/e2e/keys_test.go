package e2e_test

import (
	"fmt"
	"strings"
	"testing"
)

// oddKeys are S3 keys that something on the way might clean, decode or encode
// once too often. S3's keys are bytes; none of this means anything to S3.
var oddKeys = []string{
	"a b", " leading and trailing ", "a+b", "a%20b", "a%2Fb", "a%252Fb", "100%", "a%41",
	"ünï", "e\u0301", "日本語", "😀",
	"a&b=c", "a;b", "a:b", "a@b", "a,b", "a#b", `a"b`, "a'b", "a<b>", "a^b", "a|b", "a{b}", "a[b]", `a\b`, "a~b", "a`b",
	"(a)", "a!b", "a=b", "x-id", "list-type=2",
	strings.Repeat("long/", 150),
}

// mistakableKeys are those that MinIO refuses, or whose session policy it does
// not understand: `*`, `?` and `$` are escaped in it as IAM wants, and MinIO
// knows no escapes.
var mistakableKeys = []string{
	"a*b", "*", "a?b", "a$b", "${aws:username}", "a?versionId=1", "a//b", "/a", "a/", "a//", "./a", "a/./b", "../a", "a/../b", "../../payroll/2026-10.csv", "..", ".",
}

// keyCalls are calls on one key under the granted prefix, and on the same key
// under another.
func keyCalls(c client, key string) []call {
	own := "out/" + c.name + "/" + key
	input := func(key string) map[string]any { return map[string]any{"Bucket": "media-eu", "Key": key} }
	put := func(key string) map[string]any {
		in := input(key)
		in["Body"] = key
		return in
	}
	return []call{
		{Name: "put", Service: "s3", Operation: "PutObject", Input: put(own)},
		{Name: "get", Service: "s3", Operation: "GetObject", Input: input(own), Want: map[string]any{"Body": own}},
		{Name: "put elsewhere", Service: "s3", Operation: "PutObject", Input: put("no/" + key), Error: "AccessDenied"},
		{Name: "get elsewhere", Service: "s3", Operation: "GetObject", Input: input("no/" + key), Error: "AccessDenied"},
		{Name: "delete", Service: "s3", Operation: "DeleteObject", Input: input(own)},
	}
}

func TestKeysArriveAsTheyWereWritten(t *testing.T) {
	onMoto := strings.Replace(servers.Upstreams(), servers.MinIO, servers.Moto, 1)
	for _, on := range []struct {
		name, upstreams string
		keys            []string
	}{
		{"minio", servers.Upstreams(), oddKeys},
		{"moto", onMoto, append(oddKeys, mistakableKeys...)},
	} {
		for _, c := range clients() {
			if strings.HasPrefix(c.name, "cli-") {
				continue // it is botocore, as boto3 is, at half a second a call
			}
			t.Run(on.name+"/"+c.name, func(t *testing.T) {
				s, _ := start(t, manifestOf(t, remit+on.upstreams))
				var calls []call
				for _, key := range on.keys {
					for _, one := range keyCalls(c, key) {
						one.Name = fmt.Sprintf("%s %q", one.Name, key)
						calls = append(calls, one)
					}
				}
				outcomes := c.make(t, s.Handshake(), calls)
				for _, want := range calls {
					t.Run(want.Name, func(t *testing.T) { c.check(t, want, outcomes[want.Name]) })
				}
			})
		}
	}
}
