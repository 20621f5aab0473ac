package iam

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

const (
	here  = "123456789012"
	there = "999999999999"
)

// A die chooses, by bytes that were thrown before; when they are used up, always
// the first.
type die struct{ data []byte }

func (d *die) roll(n int) int {
	if len(d.data) == 0 || n == 0 {
		return 0
	}
	b := d.data[0]
	d.data = d.data[1:]
	return int(b) % n
}

func pick[T any](d *die, from ...T) T { return from[d.roll(len(from))] }

// key returns an object's key or a pattern's literal part, full of what policies
// and JSON give a meaning to.
func (d *die) key(odd string) string {
	var b strings.Builder
	for range 1 + d.roll(3) {
		b.WriteString(pick(d, "in/", "out/", "a", "*", "?", "$", "${", "}", "${*}", "$${$}", "{", `"`, `\`, `\u002a`,
			"é", "日本", "😀", "\x01", "\n", "\t", "\x7f", "\u2028", "//", "../", "/object/", "-??????", "${aws:PrincipalAccount}", "\uFFFD", odd))
	}
	return b.String()
}

func (d *die) action() string {
	return pick(d, "s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:GetObjectVersion", "sns:Publish", "s3:DeleteObject", "kms:Decrypt")
}

func escaped(s string) string {
	return strings.NewReplacer("*", "${*}", "?", "${?}", "$", "${$}").Replace(s)
}

// grant returns a grant over few names, so that grants overlap.
func (d *die) grant(id int, odd string) *manifest.Grant {
	odd = strings.ToValidUTF8(odd, "") // what a manifest has is UTF-8; what a request has need not be
	g := &manifest.Grant{ID: fmt.Sprint("allow[", id, "]")}
	for range 1 + d.roll(2) {
		g.Actions = append(g.Actions, pick(d, "s3:GetObject", "s3:PutObject", "s3:Get*", "s3:*Object", "S3:getobject", "s3:*", "s3:ListBucket", "sns:Publish", "kms:Decrypt", "*", "s3:???Object"))
	}
	for range 1 + d.roll(2) {
		bucket := "arn:aws:s3:::" + pick(d, "b", "c")
		g.Resources = append(g.Resources, manifest.Pattern(pick(d,
			bucket+"/"+escaped(d.key(odd))+"*",
			bucket+"/"+escaped(d.key(odd)),
			bucket,
			bucket+"/*",
			"arn:aws:s3:::?/a*",
			"*",
			"arn:aws:sns:eu-west-1:${aws:PrincipalAccount}:topic",
			"?")))
	}
	for range d.roll(3) {
		if d.roll(2) == 0 {
			g.Conditions = append(g.Conditions, d.condition(odd))
			continue
		}
		g.Conditions = append(g.Conditions, pick(d,
			manifest.Condition{Operator: "StringEquals", Key: "aws:ResourceAccount", Values: []string{"${aws:PrincipalAccount}"}},
			manifest.Condition{Operator: "StringEquals", Key: "aws:ResourceAccount", Values: []string{there}},
			manifest.Condition{Operator: "StringLike", Key: "s3:prefix", Values: []string{escaped(d.key(odd)) + "*", ""}},
			manifest.Condition{Operator: "StringEquals", Key: "S3:Prefix", Values: []string{"a", "in/"}},
			manifest.Condition{Operator: "StringNotEquals", Key: "s3:prefix", Values: []string{"a", escaped(odd)}},
			manifest.Condition{Operator: "Null", Key: "s3:x-amz-acl", Values: []string{"true"}},
			manifest.Condition{Operator: "Null", Key: "s3:prefix", Values: []string{"false"}},
			manifest.Condition{Operator: "StringLike", Key: "kms:ViaService", Values: []string{"s3.*.amazonaws.com"}},
		))
	}
	return g
}

// sorts are condition keys of every sort, and what their values can be. Of each,
// one is told by the request and one is known to AWS alone.
var sorts = []struct {
	operators []string
	keys      []string
	values    []string
}{
	{[]string{"StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"},
		[]string{"s3:delimiter", "aws:username", "dynamodb:LeadingKeys", "s3:versionid"}, []string{"a", "A", "b", "", "in/*", "${aws:username}", "${s3:versionid}", "${*}"}},
	{[]string{"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals"},
		[]string{"s3:max-keys", "s3:TlsVersion", "dynamodb:Attributes"}, []string{"1", "2", "2.0", "-1", "10"}},
	{[]string{"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"},
		[]string{"aws:CurrentTime", "aws:TokenIssueTime"}, []string{"2026-11-21T00:00:00Z", "2026-11-21T01:00:00+01:00", "2026-11-22", "1795219200", "1795219201"}},
	{[]string{"Bool"}, []string{"s3:ObjectCreationOperation", "aws:MultiFactorAuthPresent"}, []string{"true", "false"}},
	{[]string{"BinaryEquals"}, []string{"s3:x-amz-content-sha256", "s3:AccessGrantsInstanceArn"}, []string{"YQ==", "Yg=="}},
	{[]string{"IpAddress", "NotIpAddress"}, []string{"aws:SourceIp", "sns:Endpoint"}, []string{"10.0.0.1", "10.0.0.0/24", "10.0.1.7", "2001:db8::1", "2001:db8::/32"}},
	{[]string{"ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"}, []string{"aws:PrincipalArn", "secretsmanager:SecretId"},
		[]string{"arn:aws:iam::" + here + ":role/a", "arn:aws:iam::*:role/*", "arn:aws:iam::" + here + ":role/a:b", "arn:aws:s3:::${*}"}},
}

// condition returns a condition by any operator.
func (d *die) condition(odd string) manifest.Condition {
	sort := pick(d, sorts...)
	c := manifest.Condition{
		Operator: pick(d, "", "", "ForAllValues:", "ForAnyValue:") + pick(d, sort.operators...) + pick(d, "", "", "IfExists"),
		Key:      pick(d, sort.keys...),
	}
	for range 1 + d.roll(2) {
		c.Values = append(c.Values, pick(d, sort.values...))
	}
	return c
}

// context returns values for keys of one or the other half, of their sorts.
func (d *die) context(deferred bool) map[string][]string {
	context := make(map[string][]string)
	for _, sort := range sorts {
		for _, key := range sort.keys {
			if manifest.Deferred(key) != deferred || d.roll(2) == 0 {
				continue
			}
			for range 1 + d.roll(2) {
				v := pick(d, sort.values...)
				if strings.Contains(v, "/24") || strings.Contains(v, "/32") || strings.ContainsAny(v, "*$") && !strings.HasPrefix(sort.operators[0], "String") {
					continue // a range is no address, a pattern no ARN
				}
				context[strings.ToLower(key)] = append(context[strings.ToLower(key)], v)
				if key != "dynamodb:LeadingKeys" && key != "dynamodb:Attributes" {
					break
				}
			}
		}
	}
	return context
}

func (d *die) manifest(odd string) *manifest.Manifest {
	m := &manifest.Manifest{Account: here, Partition: "aws", Region: "eu-west-1"}
	for i := range 1 + d.roll(4) {
		m.Grants = append(m.Grants, d.grant(i, odd))
	}
	for _, v := range m.Grants {
		if slices.ContainsFunc(v.Conditions, func(c manifest.Condition) bool { return c.Key == "kms:ViaService" }) {
			for _, g := range m.Grants {
				if g != v && d.roll(2) == 0 {
					g.Needs = append(g.Needs, v)
				}
			}
		}
	}
	return m
}

// request returns a request, most likely near one of m's grants.
func (d *die) request(m *manifest.Manifest, odd string) manifest.Request {
	r := manifest.Request{Action: d.action()}
	switch d.roll(7) {
	case 6: // one that the call does not tell
		r.Resource, r.Partly = "*", true
		if a := pick(d, pick(d, m.Grants...).Actions...); !strings.ContainsAny(a, "*?") {
			r.Action = a
		}
	case 0, 1, 2: // of a grant's own
		g := pick(d, m.Grants...)
		s, _ := resolved(string(pick(d, g.Resources...)), here)
		r.Resource = strings.NewReplacer("${*}", "*", "${?}", "?", "${$}", "$", "*", d.key(odd), "?", "c").Replace(s)
		if a := pick(d, g.Actions...); !strings.ContainsAny(a, "*?") {
			r.Action = a
		}
	case 3:
		r.Resource = "arn:aws:s3:::" + pick(d, "b", "c") + "/" + d.key(odd)
	case 4:
		r.Resource = pick(d, "arn:aws:s3:::b", "arn:aws:sns:eu-west-1:"+here+":topic", "arn:aws:sns:eu-west-1:"+there+":topic")
	case 5:
		r.Resource = "*"
	}
	r.Context = d.context(false)
	if d.roll(2) == 1 {
		r.Context["s3:prefix"] = []string{pick(d, "a", "in/", "", d.key(odd))}
	}
	if d.roll(4) == 3 {
		r.Context["s3:x-amz-acl"] = []string{"public-read"}
	}
	return r
}

// near returns requests that differ a little from r.
func (d *die) near(m *manifest.Manifest, r manifest.Request, odd string) []manifest.Request {
	with := func(change func(*manifest.Request)) manifest.Request {
		n := r
		change(&n)
		return n
	}
	out := []manifest.Request{
		r,
		with(func(n *manifest.Request) { n.Action = d.action() }),
		with(func(n *manifest.Request) { n.Resource += d.key(odd) }),
		with(func(n *manifest.Request) { n.Resource = strings.TrimSuffix(n.Resource, "a") }),
		with(func(n *manifest.Request) { n.Resource = strings.NewReplacer("*", "x/y", "?", "z").Replace(n.Resource) }),
		with(func(n *manifest.Request) { n.Resource = strings.NewReplacer("$", "", "${*}", "*").Replace(n.Resource) }),
		with(func(n *manifest.Request) { n.Resource = strings.Replace(n.Resource, ":::b", ":::c", 1) }),
		with(func(n *manifest.Request) { n.Resource = "*" }),
		with(func(n *manifest.Request) { n.Context = nil }),
		with(func(n *manifest.Request) { n.Context = map[string][]string{"s3:prefix": {d.key(odd)}} }),
		with(func(n *manifest.Request) { n.Context = map[string][]string{"s3:x-amz-acl": {"private"}} }),
		with(func(n *manifest.Request) { n.Context = d.context(false) }),
		with(func(n *manifest.Request) { n.Context = d.context(false) }),
	}
	for range 6 {
		out = append(out, d.request(m, odd))
	}
	return out
}

func rolls(seed uint64) *die {
	r := rand.New(rand.NewPCG(seed, 0))
	data := make([]byte, 4000)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	return &die{data}
}
