package matrix_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// ownHeaders differ from call to call: dates, the ids of requests, and how busy MinIO is.
var ownHeaders = []string{"date", "x-amz-request-id", "x-amz-id-2", "x-amzn-requestid", "last-modified", "x-ratelimit-limit", "x-ratelimit-remaining"}

// ownMembers differ likewise, wherever they stand in an output.
var ownMembers = []string{"messageid", "sequencenumber", "lastmodified", "createddate", "requestid", "hostid", "uploadid", "receipthandle", "lastmodifieddate"}

// oldSQS is a host that SQS echoes in a queue's URL: its name of old, at which Remit
// calls no queue, but at that of today.
const oldSQS = "://eu-west-1.queue.amazonaws.com/"

// differences compares what an SDK shows of a call without Remit and with it. Own
// are other members that differ.
func differences(without, with result, own ...string) string {
	var all []string
	differ := func(what string, a, b any) {
		if !reflect.DeepEqual(a, b) {
			all = append(all, fmt.Sprintf("%s: %v without Remit, %v with it", what, a, b))
		}
	}
	differ("status", without.Status, with.Status)
	differ("error", without.Error, with.Error)
	differ("message", masked(without.Message, own), masked(with.Message, own))
	differ("type", without.Type, with.Type)
	differ("attempts", without.Attempts, with.Attempts)
	differ("output", masked(without.Output, own), masked(with.Output, own))
	a, b := headers(without), headers(with)
	names := maps.Clone(a)
	maps.Copy(names, b)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if name == "content-length" && (without.Error != "" || len(own) > 0 || strings.Contains(fmt.Sprint(without.Output), oldSQS)) {
			continue // what is echoed has another length: a request's id, its host, the path
		}
		differ(name, a[name], b[name])
	}
	return strings.Join(all, "\n")
}

// headers returns what is shown of an answer's headers, in lower case.
func headers(r result) map[string]string {
	all := make(map[string]string)
	for name, v := range r.Headers {
		// How a message is framed is no part of it: HTTP/2 has neither.
		if lower := strings.ToLower(name); lower == "transfer-encoding" || lower == "connection" {
			continue
		}
		if list, ok := v.([]any); ok && len(list) == 1 {
			v = list[0]
		}
		name = strings.ToLower(name)
		all[name] = fmt.Sprint(v)
		if slices.Contains(ownHeaders, name) {
			all[name] = "its own" // that it is there is compared
		}
	}
	return all
}

// masked returns an output without what differs from call to call.
func masked(v any, own []string) any {
	switch v := v.(type) {
	case string:
		v = strings.Replace(v, oldSQS, "://sqs.eu-west-1.amazonaws.com/", 1)
		// Some SDKs write a request's id into an error's text.
		for _, before := range []string{"RequestID: ", "Request ID: ", "HostID: ", "Request Id: ", "Extended Request ID: "} {
			for at := 0; ; {
				i := strings.Index(v[at:], before)
				if i < 0 {
					break
				}
				at += i + len(before)
				end := strings.IndexAny(v[at:], ",;) ")
				if end < 0 {
					end = len(v) - at
				}
				v = v[:at] + v[at+end:]
			}
		}
		return v
	case map[string]any:
		all := make(map[string]any)
		for name, member := range v {
			same := func(s string) bool { return strings.EqualFold(s, name) }
			if member != nil && (slices.ContainsFunc(ownMembers, same) || slices.ContainsFunc(own, same)) {
				all[name] = "its own"
				continue
			}
			all[name] = masked(member, own)
		}
		return all
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = masked(v[i], own)
		}
		return all
	}
	return v
}

func TestOnlyWhatIsOfACallItselfMayDiffer(t *testing.T) {
	a := result{Status: 200, Headers: map[string]any{"Date": "now", "ETag": `"1"`}, Output: map[string]any{"MessageId": "1", "Body": "a"}}
	b := result{Status: 200, Headers: map[string]any{"date": "then", "etag": `"1"`}, Output: map[string]any{"MessageId": "2", "Body": "a"}}
	if d := differences(a, b); d != "" {
		t.Errorf("dates, ids and cases differ: %s", d)
	}
	for name, change := range map[string]func(*result){
		"status":  func(r *result) { r.Status = 206 },
		"header":  func(r *result) { r.Headers = map[string]any{"etag": `"1"`} },
		"body":    func(r *result) { r.Output = map[string]any{"MessageId": "2", "Body": "b"} },
		"no id":   func(r *result) { r.Output = map[string]any{"Body": "a"} },
		"error":   func(r *result) { r.Error = "NoSuchKey" },
		"retries": func(r *result) { r.Attempts = 2 },
	} {
		changed := b
		change(&changed)
		if differences(a, changed) == "" {
			t.Errorf("%s: the difference is not seen", name)
		}
	}
}
