package aws

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
)

// The operations of Amazon DynamoDB, 2012-08-10, and of its streams, but for
// the bulk operations: see dynamoOperations.
const (
	everyDynamoOperation = `BatchExecuteStatement BatchGetItem BatchWriteItem CancelBulkOperation CreateBackup CreateGlobalTable CreateTable
		DeleteBackup DeleteItem DeleteResourcePolicy DeleteTable DescribeBackup DescribeBulkOperation
		DescribeContinuousBackups DescribeContributorInsights DescribeEndpoints DescribeExport DescribeGlobalTable
		DescribeGlobalTableSettings DescribeImport DescribeKinesisStreamingDestination DescribeLimits DescribeTable
		DescribeTableReplicaAutoScaling DescribeTimeToLive DisableKinesisStreamingDestination
		EnableKinesisStreamingDestination ExecuteStatement ExecuteTransaction ExportTableToPointInTime GetItem
		GetResourcePolicy ImportTable ListBackups ListBulkOperations ListContributorInsights ListExports
		ListGlobalTables ListImports ListTables ListTagsOfResource PutItem PutResourcePolicy Query
		RestoreTableFromBackup RestoreTableToPointInTime Scan SearchVectors StartBulkPutItems TagResource
		TransactGetItems TransactWriteItems UntagResource UpdateContinuousBackups UpdateContributorInsights
		UpdateGlobalTable UpdateGlobalTableSettings UpdateItem UpdateKinesisStreamingDestination UpdateTable
		UpdateTableReplicaAutoScaling UpdateTimeToLive`
	everyStreamOperation = `DescribeStream GetRecords GetShardIterator ListStreams`
)

func TestEveryOperationOfDynamoDBHasACase(t *testing.T) {
	items, streams := strings.Fields(everyDynamoOperation), strings.Fields(everyStreamOperation)
	if got := slices.Sorted(maps.Keys(dynamoOperations)); !slices.Equal(got, items) {
		t.Errorf("got operations\n%v\nwant\n%v", got, items)
	}
	if got := slices.Sorted(maps.Keys(dynamoStreamOperations)); !slices.Equal(got, streams) {
		t.Errorf("got operations of streams\n%v\nwant\n%v", got, streams)
	}
	archive, err := txtar.ParseFile("testdata/dynamodb.txtar")
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[string]string)
	for _, f := range archive.Files {
		want[f.Name] = string(f.Data)
	}
	for _, op := range slices.Concat(items, streams) {
		if !strings.HasPrefix(want[op+".want"], "dynamodb "+op+" ") {
			t.Errorf("%s is read as\n%s", op, want[op+".want"])
		}
	}
}

// dynamoRequest is a signed call, as the server has read it.
func dynamoRequest(t *testing.T, rig *rig, op string, input any) (allowed bool, denied manifest.Request, sent string) {
	t.Helper()
	body, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	r := signed(t, sealed, "dynamodb", "POST", "/", string(body), "",
		"Content-Type", "application/x-amz-json-1.0", "X-Amz-Target", "DynamoDB_20120810."+op)
	call, err := rig.Read(r)
	if err != nil {
		t.Fatal(err)
	}
	d := rig.manifest.Decide(call.Requests...)
	if !d.Allowed {
		return false, d.Denied, ""
	}
	rig.manifest.Upstreams["dynamodb"] = rig.url
	resp, _, err := rig.Send(r, call, rig.manifest, d)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	asked := rig.sts.Asked()
	return true, manifest.Request{}, asked[len(asked)-1].Policy
}

type members map[string]any

func TestABatchWithADeleteNeedsTheRightToDelete(t *testing.T) {
	const orders = "arn:aws:dynamodb:eu-west-1:" + awstest.Account + ":table/orders"
	grant := func(actions string) *rig {
		return newRig(t, `
credentials: {role: "`+awstest.RoleARN+`"}
allow:
  - actions: [`+actions+`]
    resources: ["`+orders+`"]
`)
	}
	put := members{"PutRequest": members{"Item": members{"id": members{"S": "1"}}}}
	remove := members{"DeleteRequest": members{"Key": members{"id": members{"S": "2"}}}}
	batch := func(writes ...any) members { return members{"RequestItems": members{"orders": writes}} }

	writer := grant("dynamodb:BatchWriteItem, dynamodb:PutItem")
	allowed, _, policy := dynamoRequest(t, writer, "BatchWriteItem", batch(put))
	if !allowed || !strings.Contains(policy, "dynamodb:BatchWriteItem") || strings.Contains(policy, "DeleteItem") {
		t.Errorf("a batch of puts: allowed %v under %s", allowed, policy)
	}
	allowed, denied, _ := dynamoRequest(t, writer, "BatchWriteItem", batch(put, remove))
	if allowed || denied.Action != "dynamodb:DeleteItem" || denied.Resource != orders {
		t.Errorf("a batch with a delete: allowed %v, denied for %v", allowed, denied)
	}
	// AWS asks for BatchWriteItem, so the session policy has to have it.
	allowed, _, policy = dynamoRequest(t, grant("dynamodb:BatchWriteItem, dynamodb:DeleteItem"), "BatchWriteItem", batch(put, remove))
	if !allowed || !strings.Contains(policy, "dynamodb:BatchWriteItem") {
		t.Errorf("a batch with a delete that is granted: allowed %v under %s", allowed, policy)
	}
}

func TestABatchMayBeSixteenMegabytes(t *testing.T) {
	rig := newRig(t, `
credentials: {role: "`+awstest.RoleARN+`"}
allow:
  - actions: [dynamodb:BatchWriteItem]
    resources: ["arn:aws:dynamodb:*:*:table/orders"]
`)
	var writes []any
	for range 25 { // items of 400 KB, written with escapes
		writes = append(writes, members{"PutRequest": members{"Item": members{"note": members{"S": strings.Repeat("\n", 310<<10)}}}})
	}
	if allowed, denied, _ := dynamoRequest(t, rig, "BatchWriteItem", members{"RequestItems": members{"orders": writes}}); !allowed {
		t.Errorf("denied for %v", denied)
	}
}

// fuzzDynamo holds what was read of a call to DynamoDB to encoding/json's reading
// of the same body: every table and index that it names is asked for.
func fuzzDynamo(t *testing.T, call *proxy.Call, body []byte) {
	type table struct{ TableName, IndexName string }
	var in struct {
		table
		RequestItems  map[string]json.RawMessage
		TransactItems []map[string]table
	}
	if err := json.Unmarshal(body, &in); err != nil {
		var other *json.UnmarshalTypeError
		if errors.As(err, &other) {
			return // members of another case, of another type
		}
		t.Fatalf("read JSON that encoding/json does not: %v", err)
	}
	var tables []table
	switch call.Operation {
	case "BatchGetItem", "BatchWriteItem":
		for name := range in.RequestItems {
			tables = append(tables, table{TableName: name})
		}
	case "TransactGetItems", "TransactWriteItems":
		for _, item := range in.TransactItems {
			tables = slices.AppendSeq(tables, maps.Values(item))
		}
	case "Query", "Scan":
		tables = []table{in.table}
	case "GetItem", "PutItem", "UpdateItem", "DeleteItem", "DeleteTable", "DescribeTable":
		tables = []table{{TableName: in.TableName}}
	}
	for _, want := range tables {
		end := want.TableName
		if !strings.HasPrefix(end, "arn:") {
			end = ":table/" + end
		}
		if want.IndexName != "" {
			end += "/index/" + want.IndexName
		}
		if !slices.ContainsFunc(call.Requests, func(r manifest.Request) bool { return strings.HasSuffix(r.Resource, end) }) {
			var object map[string]any // encoding/json takes members of any case
			if json.Unmarshal(body, &object); object["TableName"] != in.TableName || want.IndexName != "" && object["IndexName"] != want.IndexName {
				continue
			}
			t.Fatalf("%s names %+v, and asks for %v", body, want, call.Requests)
		}
	}
}

func TestABatchOfTheLargestVectorsIsReadAndOneOfMoreValuesIsNot(t *testing.T) {
	batch := func(dimensions int) error {
		vector := `{"L":[` + strings.TrimSuffix(strings.Repeat(`{"N":"1"},`, dimensions), ",") + `]}`
		item := `{"PutRequest":{"Item":{"id":{"S":"1"},"v":` + vector + `}}}`
		_, err := parseJSON([]byte(`{"RequestItems":{"t":[` + strings.TrimSuffix(strings.Repeat(item+",", 25), ",") + `]}}`))
		return err
	}
	if err := batch(4096); err != nil {
		t.Error(err)
	}
	if err := batch(16384); err == nil {
		t.Error("got no error for 16,384 numbers in each of 25 items")
	}
}
