package sidecar

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A shot is a request as it is written in testdata/attacks, down to the byte:
// no HTTP client could be talked into sending most of them.
//
//	# ways tunnel             (else all three)
//	# host sns.eu-west-1.amazonaws.com
//	GET /media/granted/a?x HTTP/1.1
//	Host: {host}
//	{sign service=s3}
//
//	the body
//
// Lines end in CR LF. A backslash begins an escape of Go's. {host} is what a
// client of that way in would write, {len} the body's length. {sign} becomes
// the headers of a signature by the sealed credentials over what stands around
// it; its options are in [shot.sign]. It is not the SDK's signer, which would
// tidy up what it is given.
type shot struct {
	ways []string
	host string // that a tunnel is to, and an absolute URL names
	head []string
	body []byte
}

var allWays = []string{"endpoint", "tunnel", "absolute"}

func parseShot(t testing.TB, text string) *shot {
	t.Helper()
	s, err := readShot(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func readShot(text string) (*shot, error) {
	s := &shot{ways: allWays, host: "s3.eu-west-1.amazonaws.com"}
	for strings.HasPrefix(text, "#") {
		line, rest, _ := strings.Cut(text, "\n")
		text = rest
		if v, ok := strings.CutPrefix(line, "# ways "); ok {
			s.ways = strings.Fields(v)
		} else if v, ok := strings.CutPrefix(line, "# host "); ok {
			s.host = v
		}
	}
	head, text, _ := strings.Cut(text, "\n\n")
	for line := range strings.SplitSeq(strings.TrimSuffix(head, "\n"), "\n") {
		line, err := unescape(line)
		if err != nil {
			return nil, err
		}
		s.head = append(s.head, line)
	}
	body, err := unescape(strings.TrimSuffix(text, "\n"))
	s.body = []byte(body)
	return s, err
}

func unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	v, err := strconv.Unquote(`"` + strings.NewReplacer(`"`, `\"`, "\n", `\n`).Replace(s) + `"`)
	if err != nil {
		return "", fmt.Errorf("%q: %v", s, err)
	}
	return v, nil
}

// bytes returns s as it goes in by way, signed with keys, and its target.
func (s *shot) bytes(t testing.TB, way, address string, keys aws.Credentials) (wire []byte, target string) {
	t.Helper()
	host := s.host
	if way == "endpoint" {
		host = address
	}
	head := slices.Clone(s.head)
	for i := range head {
		head[i] = strings.NewReplacer("{host}", host, "{len}", strconv.Itoa(len(s.body))).Replace(head[i])
	}
	for i := range head {
		if options, ok := strings.CutPrefix(head[i], "{sign"); ok {
			added := s.sign(t, head, strings.Fields(strings.TrimSuffix(options, "}")), keys)
			head = slices.Replace(head, i, i+1, added...)
			break
		}
	}
	method, rest, _ := strings.Cut(head[0], " ")
	target, proto, _ := strings.Cut(rest, " ")
	if way == "absolute" && strings.HasPrefix(target, "/") {
		head[0] = method + " http://" + s.host + target + " " + proto
	}
	var b bytes.Buffer
	for _, line := range head {
		if line != "" { // a signature in the query adds no header
			b.WriteString(line + "\r\n")
		}
	}
	b.WriteString("\r\n")
	b.Write(s.body)
	return b.Bytes(), target
}

// sign returns the lines that sign head. What options say:
//
//	service=s3 region=eu-west-1   the scope
//	payload=VALUE                 x-amz-content-sha256; "hash" states the body's, "none" signs it unstated
//	signed=a;b                    headers to sign beside host and x-amz-*
//	unsigned=a;b                  headers not to
//	key=foreign                   keys that nobody handed out
//	token=none                    no session token
//	age=20m                       how old
//	query                         in the query, for an hour
//	v2                            by Signature Version 2: see [shot.sign2]
func (s *shot) sign(t testing.TB, head, options []string, keys aws.Credentials) []string {
	t.Helper()
	o := map[string]string{"service": "s3", "region": "eu-west-1", "payload": "hash", "age": "0s"}
	for _, option := range options {
		name, value, _ := strings.Cut(option, "=")
		if value == "" && o[name] != "" {
			continue // said without a value, which the fuzzer does: it stays as it is
		}
		o[name] = value
	}
	if o["key"] == "foreign" {
		keys = aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	}
	age, err := time.ParseDuration(o["age"])
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := o["v2"]; ok {
		return s.sign2(head, o, age, keys)
	}
	_, inQuery := o["query"]
	date := time.Now().Add(-age).UTC().Format("20060102T150405Z")
	scope := date[:8] + "/" + o["region"] + "/" + o["service"] + "/aws4_request"
	sum := sha256.Sum256(s.body)
	payload := hex.EncodeToString(sum[:])

	var added []string
	if !inQuery {
		added = append(added, "X-Amz-Date: "+date)
		if o["token"] != "none" && keys.SessionToken != "" {
			added = append(added, "X-Amz-Security-Token: "+keys.SessionToken)
		}
	}
	switch {
	case o["payload"] == "none":
	case o["payload"] != "hash":
		payload = o["payload"]
		fallthrough
	case o["service"] == "s3" && !inQuery:
		added = append(added, "X-Amz-Content-Sha256: "+payload)
	case inQuery && o["service"] == "s3":
		payload = "UNSIGNED-PAYLOAD"
	}

	values := make(map[string][]string)
	for _, line := range slices.Concat(head[1:], added) {
		name, value, _ := strings.Cut(line, ":")
		name = strings.ToLower(name)
		if name == "host" || strings.HasPrefix(name, "x-amz-") || slices.Contains(strings.Split(o["signed"], ";"), name) {
			values[name] = append(values[name], strings.Join(strings.Fields(value), " "))
		}
	}
	for name := range strings.SplitSeq(o["unsigned"], ";") {
		delete(values, name)
	}
	var names []string
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)

	method, rest, _ := strings.Cut(head[0], " ")
	target, proto, _ := strings.Cut(rest, " ")
	if _, after, ok := strings.Cut(target, "://"); ok {
		target = after[max(strings.IndexByte(after, '/'), 0):]
	}
	if inQuery {
		more := "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + url.QueryEscape(keys.AccessKeyID+"/"+scope) +
			"&X-Amz-Date=" + date + "&X-Amz-Expires=3600&X-Amz-SignedHeaders=" + strings.Join(names, "%3B") +
			"&X-Amz-Security-Token=" + url.QueryEscape(keys.SessionToken)
		if strings.Contains(target, "?") {
			target += "&" + more
		} else {
			target += "?" + more
		}
	}
	path, query, _ := strings.Cut(target, "?")
	if o["service"] != "s3" {
		path = strings.ReplaceAll(path, "%", "%25")
	}
	canonical := method + "\n" + path + "\n" + canonicalQuery(query) + "\n"
	for _, name := range names {
		canonical += name + ":" + strings.Join(values[name], ",") + "\n"
	}
	canonical += "\n" + strings.Join(names, ";") + "\n" + payload
	hash := sha256.Sum256([]byte(canonical))
	key := []byte("AWS4" + keys.SecretAccessKey)
	for _, part := range []string{date[:8], o["region"], o["service"], "aws4_request",
		"AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + hex.EncodeToString(hash[:])} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	if inQuery {
		head[0] = method + " " + target + "&X-Amz-Signature=" + hex.EncodeToString(key) + " " + proto
		return added
	}
	return append(added, fmt.Sprintf("Authorization: AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%x",
		keys.AccessKeyID, scope, strings.Join(names, ";"), key))
}

func canonicalQuery(query string) string {
	var pairs []string
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		pairs = append(pairs, recode(name)+"="+recode(value))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

func recode(s string) string {
	plain, err := url.PathUnescape(s)
	if err != nil {
		return s
	}
	return strings.ReplaceAll(url.QueryEscape(plain), "+", "%20")
}
