package manifest

import (
	"bytes"
	"encoding/base64"
	"math/big"
	"net/netip"
	"strings"
	"time"
)

// A answer is what a comparison comes to. What cannot be compared, a word with
// a number, comes to neither: no condition holds by it, a negated one no more
// than another.
type answer int

const (
	unclear answer = iota
	yes
	no
)

func answerOf(b bool) answer {
	if b {
		return yes
	}
	return no
}

// compareValue compares a value of the request with one of a condition. The
// values of strings and ARNs are compared elsewhere, since they have variables.
func (c comparison) compareValue(got, want string) answer {
	switch c {
	case boolean:
		g, ok1 := parseBool(got)
		w, ok2 := parseBool(want)
		if ok1 && ok2 {
			return answerOf(g == w)
		}
	case binaryEquals:
		g, err1 := base64.StdEncoding.DecodeString(got)
		w, err2 := base64.StdEncoding.DecodeString(want)
		if err1 == nil && err2 == nil {
			return answerOf(bytes.Equal(g, w))
		}
	case ipAddress:
		g, ok1 := parseRange(got)
		w, ok2 := parseRange(want)
		if ok1 && ok2 && g.IsSingleIP() {
			return answerOf(w.Contains(g.Addr()))
		}
	case numericEquals, numericLess, numericLessEq, numericMore, numericMoreEq:
		g, ok1 := parseNumber(got)
		w, ok2 := parseNumber(want)
		if ok1 && ok2 {
			return answerOf(c.order(g.Cmp(w)))
		}
	case dateEquals, dateLess, dateLessEq, dateMore, dateMoreEq:
		g, ok1 := parseDate(got)
		w, ok2 := parseDate(want)
		if ok1 && ok2 {
			return answerOf(c.order(g.Compare(w)))
		}
	}
	return unclear
}

// order reports whether c holds of two values that differ so.
func (c comparison) order(cmp int) bool {
	switch c {
	case numericLess, dateLess:
		return cmp < 0
	case numericLessEq, dateLessEq:
		return cmp <= 0
	case numericMore, dateMore:
		return cmp > 0
	case numericMoreEq, dateMoreEq:
		return cmp >= 0
	}
	return cmp == 0
}

// check returns what value has to be to be compared by c, or "" if it is that.
func (c comparison) check(value string) string {
	ok, what := true, ""
	switch c {
	case boolean, null:
		_, ok = parseBool(value)
		what = "true or false"
	case binaryEquals:
		_, err := base64.StdEncoding.DecodeString(value)
		ok, what = err == nil, "binary data, in base-64"
	case ipAddress:
		_, ok = parseRange(value)
		what = "an IP address or a range such as 203.0.113.0/24"
	case numericEquals, numericLess, numericLessEq, numericMore, numericMoreEq:
		_, ok = parseNumber(value)
		what = "a number"
	case dateEquals, dateLess, dateLessEq, dateMore, dateMoreEq:
		_, ok = parseDate(value)
		what = "a date such as 2026-11-21T00:00:00Z, or seconds since 1970"
	}
	if ok {
		return ""
	}
	return what
}

func parseBool(s string) (value, ok bool) {
	value = strings.EqualFold(s, "true")
	return value, value || strings.EqualFold(s, "false")
}

// parseNumber reads an integer or a decimal fraction. Its length is bounded
// since some are what a caller wrote.
func parseNumber(s string) (*big.Rat, bool) {
	t := strings.TrimLeft(s, "+-")
	whole, fraction, point := strings.Cut(t, ".")
	if len(s)-len(t) > 1 || len(t) > 64 || !made(whole+fraction, digits) || whole == "" || point && fraction == "" {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

// parseDate reads a date of the W3C's profile of ISO 8601, or seconds since
// 1970, which are longer than a year is. Without a zone it is UTC's.
// (W3C Note "Date and Time Formats".)
func parseDate(s string) (time.Time, bool) {
	if len(s) > 4 && len(s) <= 12 && made(s, digits) {
		n := int64(0)
		for _, c := range s {
			n = n*10 + int64(c-'0')
		}
		return time.Unix(n, 0), true
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02", "2006-01", "2006"} {
		// time.Parse takes a comma for the point, and an hour of one digit.
		if t, err := time.Parse(layout, s); err == nil && !strings.Contains(s, ",") && (len(s) <= 10 || s[13] == ':') {
			return t, true
		}
	}
	return time.Time{}, false
}

// parseRange reads an address, which is a range of one, or a range. An IPv4
// address in IPv6's clothes is that address.
func parseRange(s string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(s)
	if err != nil || p.Addr().Is4In6() {
		return p, false
	}
	return p.Masked(), true
}
