package aws

import (
	"encoding/base64"
	"net/url"
	"strings"
	"time"

	"github.com/lambda-remit/remit/proxy"
)

// An idKind tells ids of one service apart: a query's id says nothing of a
// session that has the same.
type idKind string

// An origin says of an operation that its answer has ids, and what they are of:
// the resources of the call. Its zero value is of an operation whose answers
// have none.
type origin struct {
	kind   idKind
	lasts  time.Duration
	action string // whose resources they are, if it is not the operation
	paths  []string
	header string // that has one, beside the paths
	binary bool   // they are bytes, in base-64
	arn    string // where the answer has the resource's ARN, which the call may name by an alias or not at all
	own    bool   // the ids that the call carries are of that, too
}

// A carrier says where a call has ids that another was answered with.
type carrier struct {
	kind   idKind
	action string // whose resource they say, if it is not the operation
	member string // of the body; "Ids.#" is each of a list
	query  string // parameter
	path   string // what the path has before it, up to the next slash
	binary bool
}

func actionOf(call *proxy.Call, action string) string {
	if action != "" {
		return action
	}
	return call.Service + ":" + call.Operation
}

func (o origin) actionOf(call *proxy.Call) string  { return actionOf(call, o.action) }
func (w carrier) actionOf(call *proxy.Call) string { return actionOf(call, w.action) }

// How long ids last. Those of which AWS does not say it are remembered for as
// long as a sandbox is likely to be there.
const (
	iteratorLasts = 5 * time.Minute  // (Amazon Kinesis Data Streams API Reference, GetShardIterator)
	streamsLasts  = 15 * time.Minute // (Amazon DynamoDB Streams API Reference, GetShardIterator)
	tokenLasts    = 24 * time.Hour   // (AWS AppConfig User Guide, "Retrieving feature flags and configuration data")
	idLasts       = 24 * time.Hour
)

// originOf returns what of an operation's answer is remembered. An id is here if
// the Service Authorization Reference has a resource for the calls that carry
// it, and these do not name it. It has none for those with ids of Redshift's
// Data API, of Step Functions' tasks, of commands of Systems Manager, of jobs of
// Textract and Rekognition, and of queries of Timestream.
func originOf(service, operation string) origin {
	switch service {
	case "kinesis":
		switch operation {
		case "GetShardIterator":
			return origin{kind: "iterator", lasts: iteratorLasts, paths: []string{"ShardIterator"}}
		case "GetRecords":
			return origin{kind: "iterator", lasts: iteratorLasts, paths: []string{"NextShardIterator"}}
		}
	case "dynamodb": // Streams
		switch operation {
		case "GetShardIterator":
			return origin{kind: "iterator", lasts: streamsLasts, paths: []string{"ShardIterator"}}
		case "GetRecords":
			return origin{kind: "iterator", lasts: streamsLasts, paths: []string{"NextShardIterator"}}
		}
	case "cassandra": // Streams
		switch operation {
		case "GetShardIterator":
			return origin{kind: "iterator", lasts: streamsLasts, paths: []string{"shardIterator"}}
		case "GetRecords":
			return origin{kind: "iterator", lasts: streamsLasts, paths: []string{"nextShardIterator"}}
		}
	case "kms":
		switch operation {
		case "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext":
			return origin{kind: "ciphertext", lasts: idLasts, paths: []string{"CiphertextBlob"}, binary: true, arn: "KeyId"}
		case "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext":
			return origin{kind: "ciphertext", lasts: idLasts, paths: []string{"PrivateKeyCiphertextBlob"}, binary: true, arn: "KeyId"}
		case "ReEncrypt":
			return origin{kind: "ciphertext", lasts: idLasts, action: "kms:ReEncryptTo", paths: []string{"CiphertextBlob"}, binary: true, arn: "KeyId"}
		case "Decrypt":
			return origin{kind: "ciphertext", lasts: idLasts, own: true, arn: "KeyId"}
		}
	}
	return origin{}
}

// carrierOf returns where an operation's calls have an id that originOf has.
func carrierOf(service, operation string) carrier {
	switch service {
	case "kinesis", "dynamodb":
		if operation == "GetRecords" {
			return carrier{kind: "iterator", member: "ShardIterator"}
		}
	case "cassandra":
		if operation == "GetRecords" {
			return carrier{kind: "iterator", member: "shardIterator"}
		}
	case "kms":
		switch operation {
		case "Decrypt":
			return carrier{kind: "ciphertext", member: "CiphertextBlob", binary: true}
		case "ReEncrypt":
			return carrier{kind: "ciphertext", action: "kms:ReEncryptFrom", member: "CiphertextBlob", binary: true}
		}
	}
	return carrier{}
}

// carried returns the ids that a call carries: all of them, or none.
func (in *input) carried(with carrier, spoken protocol) (ids []string, ok bool) {
	switch {
	case with.query != "":
		for _, p := range in.query {
			if p.name == with.query {
				ids = append(ids, p.value)
			}
		}
		return ids, len(ids) == 1 && ids[0] != ""
	case with.path != "":
		rest, ok := strings.CutPrefix(in.path, with.path)
		id, _, _ := strings.Cut(rest, "/")
		id, err := url.PathUnescape(id)
		return []string{id}, ok && err == nil && id != ""
	}
	body, err := in.body()
	if err != nil || len(body) == 0 {
		return nil, false
	}
	parse := parseJSON
	if spoken == protocolCBOR {
		parse = parseCBOR
	}
	members, err := parse(body)
	if err != nil {
		return nil, false
	}
	name, list := strings.CutSuffix(with.member, ".#")
	all := []any{members[name]}
	if list {
		if all, ok = members[name].([]any); !ok || len(all) == 0 {
			return nil, false
		}
	}
	for _, v := range all {
		id, ok := v.(string)
		if !ok || id == "" {
			return nil, false
		}
		if with.binary {
			if id, ok = unbase64(id); !ok {
				return nil, false
			}
		}
		ids = append(ids, id)
	}
	return ids, true
}

// unbase64 decodes an id, which may be written in several ways.
func unbase64(s string) (string, bool) {
	b, err := base64.StdEncoding.DecodeString(s)
	return string(b), err == nil && len(b) > 0
}
