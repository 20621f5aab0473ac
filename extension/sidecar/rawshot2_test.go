package sidecar

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// sign2 signs head by S3's Signature Version 2, in its query. What options say,
// besides key, token and age of [shot.sign]:
//
//	resource=/b/k?acl   what is signed; else the target as it stands
//	expires=VALUE       in place of a time an hour from then
//	unsigned=a;b        headers not to sign
//	more=&a=b           what the query has that is not signed
//	header              in a header instead
func (s *shot) sign2(head []string, o map[string]string, age time.Duration, keys aws.Credentials) []string {
	method, rest, _ := strings.Cut(head[0], " ")
	target, proto, _ := strings.Cut(rest, " ")
	expires := o["expires"]
	if expires == "" {
		expires = fmt.Sprint(time.Now().Add(time.Hour - age).Unix())
	}
	var media string
	var amz []string
	for _, line := range head[1:] {
		name, value, _ := strings.Cut(line, ":")
		name, value = strings.ToLower(name), strings.TrimSpace(value)
		switch {
		case slices.Contains(strings.Split(o["unsigned"], ";"), name):
		case name == "content-type":
			media = value
		case strings.HasPrefix(name, "x-amz-"):
			amz = append(amz, name+":"+value+"\n")
		}
	}
	more := "AWSAccessKeyId=" + keys.AccessKeyID + "&Expires=" + expires
	if o["token"] != "none" && keys.SessionToken != "" {
		more += "&x-amz-security-token=" + url.QueryEscape(keys.SessionToken)
		amz = append(amz, "x-amz-security-token:"+keys.SessionToken+"\n")
	}
	path, query, _ := strings.Cut(target, "?")
	for part := range strings.SplitSeq(query, "&") { // as SDKs move them
		name, value, _ := strings.Cut(part, "=")
		if plain, err := url.PathUnescape(value); err == nil && strings.HasPrefix(name, "x-amz-") {
			amz = append(amz, name+":"+plain+"\n")
		}
	}
	slices.Sort(amz)
	resource := o["resource"]
	if resource == "" {
		resource = path
	}
	mac := hmac.New(sha1.New, []byte(keys.SecretAccessKey))
	mac.Write([]byte(method + "\n\n" + media + "\n" + expires + "\n" + strings.Join(amz, "") + resource))
	signature := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if _, ok := o["header"]; ok {
		return []string{"Authorization: AWS " + keys.AccessKeyID + ":" + signature}
	}
	if query != "" {
		query += "&"
	}
	head[0] = method + " " + path + "?" + query + more + "&Signature=" + url.QueryEscape(signature) + o["more"] + " " + proto
	return nil
}
