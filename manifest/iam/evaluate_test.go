package iam

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/lambda-remit/remit/manifest"
)

// This file is IAM as the tests understand it: an evaluator of policy documents,
// and one of grants. Neither calls the package it judges nor manifest's decider;
// wildcards are regular expressions here.

// A verdict is what a policy says of a request.
type verdict string

const (
	allowed  verdict = "allowed"
	denied   verdict = "explicitly denied"
	implicit verdict = "implicitly denied"
)

// An attempt is a request as AWS sees it: by its own names of resources, with
// every key that it knows.
type attempt struct {
	action, resource string
	context          map[string][]string
}

// evaluate returns what policy says of a.
func evaluate(policy string, a attempt) (verdict, error) {
	var doc struct {
		Version   string
		Statement []map[string]json.RawMessage
	}
	d := json.NewDecoder(strings.NewReader(policy))
	d.DisallowUnknownFields()
	if err := d.Decode(&doc); err != nil {
		return "", err
	}
	if doc.Version != "2012-10-17" || len(doc.Statement) == 0 {
		return "", fmt.Errorf("version %q, %d statements", doc.Version, len(doc.Statement))
	}
	out := implicit
	for _, s := range doc.Statement {
		applies, err := applies(s, a)
		if err != nil {
			return "", err
		}
		if !applies {
			continue
		}
		switch string(s["Effect"]) {
		case `"Deny"`:
			return denied, nil
		case `"Allow"`:
			out = allowed
		default:
			return "", fmt.Errorf("effect %s", s["Effect"])
		}
	}
	return out, nil
}

func applies(s map[string]json.RawMessage, a attempt) (bool, error) {
	for name := range s {
		switch name {
		case "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition":
		default:
			return false, fmt.Errorf("element %q", name)
		}
	}
	one := func(positive, negative string, match func(string) (bool, error)) (bool, error) {
		raw, ok := s[positive]
		not := !ok
		if not {
			raw, ok = s[negative]
		}
		if !ok || s[positive] != nil && s[negative] != nil {
			return false, fmt.Errorf("not one of %s and %s", positive, negative)
		}
		list, err := strings1(raw)
		if err != nil {
			return false, err
		}
		for _, v := range list {
			m, err := match(v)
			if err != nil {
				return false, err
			}
			if m {
				return !not, nil
			}
		}
		return not, nil
	}
	if ok, err := one("Action", "NotAction", func(p string) (bool, error) {
		if strings.Contains(p, "$") {
			return false, fmt.Errorf("action %q", p)
		}
		return wild(strings.ToLower(p), true).MatchString(strings.ToLower(a.action)), nil
	}); !ok || err != nil {
		return false, err
	}
	if ok, err := one("Resource", "NotResource", func(p string) (bool, error) {
		if p != "*" && !strings.HasPrefix(p, "arn:") {
			return false, fmt.Errorf("resource %q", p)
		}
		if err := escapesOnly(p); err != nil {
			return false, err
		}
		return wild(p, true).MatchString(a.resource), nil
	}); !ok || err != nil {
		return false, err
	}
	var conditions map[string]map[string]json.RawMessage
	if raw, ok := s["Condition"]; ok {
		if err := json.Unmarshal(raw, &conditions); err != nil {
			return false, err
		}
	}
	for operator, keys := range conditions {
		for key, raw := range keys {
			values, err := strings1(raw)
			if err != nil {
				return false, err
			}
			if ok, err := holds(operator, key, values, a.context); !ok || err != nil {
				return false, err
			}
		}
	}
	return true, nil
}

// holds evaluates a condition as the User Guide's table of operators has it. A
// value of the wrong sort meets neither an operator nor its contrary.
func holds(operator, key string, values []string, context map[string][]string) (bool, error) {
	got := context[strings.ToLower(key)]
	if operator == "Null" {
		return (len(got) == 0) == (values[0] == "true"), nil
	}
	form := operatorForm.FindStringSubmatch(operator)
	set, name, ifExists := form[1], form[2], form[3] != ""
	not := strings.Contains(name, "Not")
	compare := comparisons[strings.Replace(name, "Not", "", 1)]
	if compare == nil {
		return false, fmt.Errorf("operator %q", operator)
	}
	if len(got) == 0 {
		return set == "ForAllValues" || ifExists || not && set == "", nil
	}
	passed := 0
	for _, v := range got {
		matched, odd := false, false
		for _, p := range values {
			p, known := filled(p, context)
			m, ok := compare(v, p)
			matched = matched || known && ok && m
			odd = odd || !known || !ok
		}
		if !not && matched || not && !matched && !odd {
			passed++
		}
	}
	if set == "ForAnyValue" {
		return passed > 0, nil
	}
	return passed == len(got), nil
}

var operatorForm = regexp.MustCompile(`^(?:(ForAllValues|ForAnyValue):)?(.*?)(IfExists)?$`)

// comparisons compare a value with one of a policy's; they are not ok if one of
// the two is not of their sort.
var comparisons = map[string]func(got, want string) (match, ok bool){
	"StringEquals": func(got, want string) (bool, bool) { return wild(want, false).MatchString(got), true },
	"StringLike":   func(got, want string) (bool, bool) { return wild(want, true).MatchString(got), true },
	"StringEqualsIgnoreCase": func(got, want string) (bool, bool) {
		return wild(strings.ToLower(want), false).MatchString(strings.ToLower(got)), true
	},
	"ArnEquals": sameARN,
	"ArnLike":   sameARN,
	"Bool": func(got, want string) (bool, bool) {
		return got == want, (got == "true" || got == "false") && (want == "true" || want == "false")
	},
	"BinaryEquals": func(got, want string) (bool, bool) {
		g, err1 := base64.StdEncoding.DecodeString(got)
		w, err2 := base64.StdEncoding.DecodeString(want)
		return string(g) == string(w), err1 == nil && err2 == nil
	},
	// NotIpAddress is "IpAddress" too once its Not is gone.
	"IpAddress": func(got, want string) (bool, bool) {
		if !strings.Contains(want, "/") {
			want += map[bool]string{true: "/32", false: "/128"}[strings.Contains(want, ".")]
		}
		_, block, err := net.ParseCIDR(want)
		ip := net.ParseIP(got)
		return err == nil && block.Contains(ip), err == nil && ip != nil
	},
	"NumericEquals":            number(func(g, w float64) bool { return g == w }),
	"NumericLessThan":          number(func(g, w float64) bool { return g < w }),
	"NumericLessThanEquals":    number(func(g, w float64) bool { return g <= w }),
	"NumericGreaterThan":       number(func(g, w float64) bool { return g > w }),
	"NumericGreaterThanEquals": number(func(g, w float64) bool { return g >= w }),
	"DateEquals":               date(func(g, w time.Time) bool { return g.Equal(w) }),
	"DateLessThan":             date(func(g, w time.Time) bool { return g.Before(w) }),
	"DateLessThanEquals":       date(func(g, w time.Time) bool { return !g.After(w) }),
	"DateGreaterThan":          date(func(g, w time.Time) bool { return g.After(w) }),
	"DateGreaterThanEquals":    date(func(g, w time.Time) bool { return !g.Before(w) }),
}

func sameARN(got, want string) (bool, bool) {
	g, w := strings.SplitN(got, ":", 6), strings.SplitN(want, ":", 6)
	if len(g) != 6 || len(w) != 6 {
		return false, false
	}
	for i := range g {
		if !wild(w[i], true).MatchString(g[i]) {
			return false, true
		}
	}
	return true, true
}

func number(f func(g, w float64) bool) func(string, string) (bool, bool) {
	return func(got, want string) (bool, bool) {
		g, err1 := strconv.ParseFloat(got, 64)
		w, err2 := strconv.ParseFloat(want, 64)
		return f(g, w), err1 == nil && err2 == nil
	}
}

func date(f func(g, w time.Time) bool) func(string, string) (bool, bool) {
	parse := func(s string) (time.Time, bool) {
		if n, err := strconv.Atoi(s); err == nil && n > 9999 {
			return time.Unix(int64(n), 0), true
		}
		for _, layout := range []string{time.RFC3339, time.DateOnly} {
			if t, err := time.Parse(layout, s); err == nil {
				return t, true
			}
		}
		return time.Time{}, false
	}
	return func(got, want string) (bool, bool) {
		g, ok1 := parse(got)
		w, ok2 := parse(want)
		return f(g, w), ok1 && ok2
	}
}

// filled replaces the variables of a value, but for the escapes, by what the
// context has for them.
func filled(p string, context map[string][]string) (string, bool) {
	known := true
	return variableForm.ReplaceAllStringFunc(p, func(v string) string {
		key := strings.ToLower(v[2 : len(v)-1])
		if key == "*" || key == "?" || key == "$" {
			return v
		}
		got := context[key]
		if len(got) != 1 {
			known = false
			return ""
		}
		return escaped(got[0])
	}), known
}

var variableForm = regexp.MustCompile(`\$\{[^{}]*\}`)

func strings1(raw json.RawMessage) (list []string, err error) {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return []string{s}, nil
	}
	if err := json.Unmarshal(raw, &list); err != nil || len(list) < 2 {
		return nil, fmt.Errorf("%s is neither a string nor a list of some", raw)
	}
	return list, nil
}

// escapesOnly refuses variables other than the three escapes.
func escapesOnly(p string) error {
	for _, part := range strings.Split(p, "${")[1:] {
		if len(part) < 2 || part[1] != '}' || !strings.Contains("*?$", part[:1]) {
			return fmt.Errorf("a variable in %q", p)
		}
	}
	return nil
}

// compiled keeps regular expressions, some at a time: they are what the tests
// spend their time on.
var compiled struct {
	sync.Mutex
	m map[string]*regexp.Regexp
}

// wild translates a pattern into a regular expression. Without wildcards only
// its variables mean something.
func wild(p string, wildcards bool) *regexp.Regexp {
	key := fmt.Sprint(wildcards, p)
	compiled.Lock()
	defer compiled.Unlock()
	if re, ok := compiled.m[key]; ok {
		return re
	}
	var b strings.Builder
	for p != "" {
		_, n := utf8.DecodeRuneInString(p)
		part := p[:n]
		if len(p) >= 4 && p[:2] == "${" && p[3] == '}' && strings.Contains("*?$", p[2:3]) {
			part, n = p[2:3], 4
		} else if wildcards && part == "*" {
			b.WriteString(".*")
			part = ""
		} else if wildcards && part == "?" {
			b.WriteString(".")
			part = ""
		}
		b.WriteString(regexp.QuoteMeta(part))
		p = p[n:]
	}
	re := regexp.MustCompile(`(?s)^` + b.String() + `$`)
	if len(compiled.m) == 0 || len(compiled.m) > 2000 {
		compiled.m = make(map[string]*regexp.Regexp)
	}
	compiled.m[key] = re
	return re
}

// grants reports whether g allows a, in account.
func grants(g *manifest.Grant, a attempt, account string) bool {
	ok := false
	for _, p := range g.Actions {
		ok = ok || wild(strings.ToLower(p), true).MatchString(strings.ToLower(a.action))
	}
	if !ok {
		return false
	}
	ok = false
	for _, p := range g.Resources {
		if p != "*" && !strings.HasPrefix(string(p), "arn:") {
			continue // IAM takes no such resource
		}
		if s, known := resolved(string(p), account); known {
			ok = ok || wild(s, true).MatchString(a.resource)
		}
	}
	if !ok {
		return false
	}
	for _, c := range g.Conditions {
		var values []string
		for _, v := range c.Values {
			s, _ := resolved(v, account)
			values = append(values, s)
		}
		if ok, err := holds(c.Operator, c.Key, values, a.context); !ok || err != nil {
			return false
		}
	}
	return true
}

func resolved(p, account string) (string, bool) {
	const variable = "${aws:PrincipalAccount}"
	return strings.ReplaceAll(p, variable, account), account != "" || !strings.Contains(p, variable)
}
