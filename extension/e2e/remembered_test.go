package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/extension/sidecar"
)

// remembering is a manifest under which calls go on that carry an id which was
// issued through Remit.
const remembering = `
function: e2e
permissions:
  stream: {read: readings}
  keys: {encrypt: {key}, decrypt: {key}}
allow:
  - actions: [dynamodb:DescribeStream, dynamodb:GetShardIterator, dynamodb:GetRecords]
    resources: "arn:aws:dynamodb:` + e2e.Region + `:` + e2e.Account + `:table/readings/stream/*"
  - actions: dynamodb:ListStreams
    resources: "*"
  - actions: [athena:StartQueryExecution, athena:GetQueryExecution]
    resources: "arn:aws:athena:` + e2e.Region + `:` + e2e.Account + `:workgroup/primary"
  - actions: [logs:StartQuery, logs:GetQueryResults]
    resources: "arn:aws:logs:` + e2e.Region + `:` + e2e.Account + `:log-group:/readings"
log: all
`

// issued are calls of which the later ones carry what the earlier ones were
// answered with.
func issued() []call {
	from := func(path ...any) map[string]any { return map[string]any{"from": path} }
	calls := []call{
		{Name: "begin", Service: "kinesis", Operation: "GetShardIterator", Input: map[string]any{"StreamName": "readings", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}},
		{Name: "read", Service: "kinesis", Operation: "GetRecords", Input: map[string]any{"ShardIterator": from("begin", "ShardIterator")}},
		{Name: "read on", Service: "kinesis", Operation: "GetRecords", Input: map[string]any{"ShardIterator": from("read", "NextShardIterator")}},
		{Name: "read further", Service: "kinesis", Operation: "GetRecords", Input: map[string]any{"ShardIterator": from("read on", "NextShardIterator")}},

		{Name: "streams", Service: "dynamodbstreams", Operation: "ListStreams", Input: map[string]any{"TableName": "readings"}},
		{Name: "stream", Service: "dynamodbstreams", Operation: "DescribeStream", Input: map[string]any{"StreamArn": from("streams", "Streams", 0, "StreamArn")}},
		{Name: "begin changes", Service: "dynamodbstreams", Operation: "GetShardIterator", Input: map[string]any{
			"StreamArn": from("streams", "Streams", 0, "StreamArn"), "ShardId": from("stream", "StreamDescription", "Shards", 0, "ShardId"), "ShardIteratorType": "TRIM_HORIZON"}},
		{Name: "changes", Service: "dynamodbstreams", Operation: "GetRecords", Input: map[string]any{"ShardIterator": from("begin changes", "ShardIterator")}},
		{Name: "more changes", Service: "dynamodbstreams", Operation: "GetRecords", Input: map[string]any{"ShardIterator": from("changes", "NextShardIterator")}},

		{Name: "query", Service: "athena", Operation: "StartQueryExecution", Input: map[string]any{"QueryString": "select 1", "WorkGroup": "primary"}},
		{Name: "queried", Service: "athena", Operation: "GetQueryExecution", Input: map[string]any{"QueryExecutionId": from("query", "QueryExecutionId")}},

		{Name: "search", Service: "logs", Operation: "StartQuery", Input: map[string]any{"logGroupName": "/readings", "startTime": 1, "endTime": 2, "queryString": "fields @message"}},
		{Name: "found", Service: "logs", Operation: "GetQueryResults", Input: map[string]any{"queryId": from("search", "queryId")}},

		{Name: "encrypt", Service: "kms", Operation: "Encrypt", Input: map[string]any{"KeyId": names.Replace("{key}"), "Plaintext": map[string]any{"bytes": "hello"}}},
		{Name: "decrypt", Service: "kms", Operation: "Decrypt", Input: map[string]any{"CiphertextBlob": map[string]any{"bytesFrom": []any{"encrypt", "CiphertextBlob"}}}},
	}
	return calls
}

// TestIDsThatWereIssuedAreRemembered has boto3 carry ids from one of moto's
// answers to the next call. Without minting, one that Remit has not seen could be
// of anything.
func TestIDsThatWereIssuedAreRemembered(t *testing.T) {
	denied := []call{
		{Name: "an iterator from elsewhere", Service: "kinesis", Operation: "GetRecords", Input: map[string]any{"ShardIterator": "AAAA"}, Error: "AccessDeniedException"},
		{Name: "a stream that is not granted", Service: "kinesis", Operation: "GetShardIterator", Input: map[string]any{"StreamName": "billing", "ShardId": "shardId-000000000000", "ShardIteratorType": "LATEST"}, Error: "AccessDeniedException"},
		{Name: "a query from elsewhere", Service: "athena", Operation: "GetQueryExecution", Input: map[string]any{"QueryExecutionId": "00000000-0000-4000-8000-000000000000"}, Error: "AccessDeniedException"},
		{Name: "a search from elsewhere", Service: "logs", Operation: "GetQueryResults", Input: map[string]any{"queryId": "00000000-0000-4000-8000-000000000000"}, Error: "AccessDeniedException"},
		{Name: "a ciphertext from elsewhere", Service: "kms", Operation: "Decrypt", Input: map[string]any{"CiphertextBlob": map[string]any{"bytes": "old"}}, Error: "AccessDeniedException"},
	}
	for _, c := range clients() {
		if !strings.HasPrefix(c.name, "boto3-") {
			continue // the others carry the same
		}
		t.Run(c.name, func(t *testing.T) {
			s, _ := start(t, manifestOf(t, "credentials: {unminted: true}"+remembering+servers.Upstreams()))
			s.SetAccount(e2e.Account)
			calls := slices.Concat(issued(), denied)
			outcomes := c.make(t, s.Handshake(), calls)
			for _, want := range calls {
				t.Run(want.Name, func(t *testing.T) { c.check(t, want, outcomes[want.Name]) })
			}
		})
		t.Run(c.name+", minted", func(t *testing.T) {
			s, log := start(t, manifestOf(t, "credentials: {role: "+e2e.Role+", mint: call}"+remembering+servers.Upstreams()))
			calls := issued()
			outcomes := c.make(t, s.Handshake(), calls)
			for _, want := range calls {
				t.Run(want.Name, func(t *testing.T) { c.check(t, want, outcomes[want.Name]) })
			}
			for operation, resources := range resourcesIn(t, s, log) {
				if len(resources) != 1 || resources[0] == "*" {
					t.Errorf("%s was on %q", operation, resources)
				}
			}
		})
	}
}

// resourcesIn returns what the calls were about that carried an id, by their
// operations, once the sidecar has written all of its log.
func resourcesIn(t *testing.T, s *sidecar.Sidecar, log *bytes.Buffer) map[string][]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
	found := make(map[string][]string)
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		var line struct {
			Service, Operation string
			Requests           []struct{ Resource string }
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		switch line.Operation {
		case "GetRecords", "GetQueryExecution", "GetQueryResults", "Decrypt":
			for _, r := range line.Requests {
				if name := line.Service + ":" + line.Operation; !slices.Contains(found[name], r.Resource) {
					found[name] = append(found[name], r.Resource)
				}
			}
		}
	}
	if len(found) != 5 {
		t.Errorf("the log has %v", found)
	}
	return found
}
