package aws

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// Amazon DynamoDB and DynamoDB Streams speak JSON 1.0 and sign with one name;
// X-Amz-Target tells them apart. An action is its operation's name but for
// transactions and PartiQL, which are authorized as what each of their elements
// does. (Service Authorization Reference, "Amazon DynamoDB"; Amazon DynamoDB
// Developer Guide, "Using IAM with DynamoDB transactions" and "IAM security
// policies with PartiQL for DynamoDB".)
//
// For the four bulk operations of 2026 the Service Authorization Reference names
// neither actions nor resources, so that they ask for actions of their names on
// what only a grant of "*" matches: a manifest names them by `allow`, or not.
var dynamoOperations = map[string]func(*dynamoCall) error{
	"BatchExecuteStatement":               (*dynamoCall).readStatements,
	"BatchGetItem":                        (*dynamoCall).readBatchGet,
	"BatchWriteItem":                      (*dynamoCall).readBatchWrite,
	"CancelBulkOperation":                 (*dynamoCall).readUnlisted,
	"CreateBackup":                        (*dynamoCall).readTable,
	"CreateGlobalTable":                   (*dynamoCall).readGlobalTable,
	"CreateTable":                         (*dynamoCall).readCreateTable,
	"DeleteBackup":                        dynamoARN("BackupArn"),
	"DeleteItem":                          (*dynamoCall).readTable,
	"DeleteResourcePolicy":                dynamoARN("ResourceArn"),
	"DeleteTable":                         (*dynamoCall).readTable,
	"DescribeBackup":                      dynamoARN("BackupArn"),
	"DescribeBulkOperation":               (*dynamoCall).readUnlisted,
	"DescribeContinuousBackups":           (*dynamoCall).readTable,
	"DescribeContributorInsights":         (*dynamoCall).readTable,
	"DescribeEndpoints":                   (*dynamoCall).readAccount,
	"DescribeExport":                      dynamoARN("ExportArn"),
	"DescribeGlobalTable":                 (*dynamoCall).readGlobalTable,
	"DescribeGlobalTableSettings":         (*dynamoCall).readGlobalTable,
	"DescribeImport":                      dynamoARN("ImportArn"),
	"DescribeKinesisStreamingDestination": (*dynamoCall).readTable,
	"DescribeLimits":                      (*dynamoCall).readAccount,
	"DescribeTable":                       (*dynamoCall).readTable,
	"DescribeTableReplicaAutoScaling":     (*dynamoCall).readTable,
	"DescribeTimeToLive":                  (*dynamoCall).readTable,
	"DisableKinesisStreamingDestination":  (*dynamoCall).readTable,
	"EnableKinesisStreamingDestination":   (*dynamoCall).readEnableKinesis,
	"ExecuteStatement":                    (*dynamoCall).readStatement,
	"ExecuteTransaction":                  (*dynamoCall).readStatements,
	"ExportTableToPointInTime":            dynamoARN("TableArn"),
	"GetItem":                             (*dynamoCall).readTable,
	"GetResourcePolicy":                   dynamoARN("ResourceArn"),
	"ImportTable":                         (*dynamoCall).readImport,
	"ListBackups":                         (*dynamoCall).readAccount,
	"ListBulkOperations":                  (*dynamoCall).readUnlisted,
	"ListContributorInsights":             (*dynamoCall).readAccount,
	"ListExports":                         (*dynamoCall).readListed,
	"ListGlobalTables":                    (*dynamoCall).readAccount,
	"ListImports":                         (*dynamoCall).readListed,
	"ListTables":                          (*dynamoCall).readAccount,
	"ListTagsOfResource":                  dynamoARN("ResourceArn"),
	"PutItem":                             (*dynamoCall).readTable,
	"PutResourcePolicy":                   dynamoARN("ResourceArn"),
	"Query":                               (*dynamoCall).readTable,
	"RestoreTableFromBackup":              (*dynamoCall).readRestore,
	"RestoreTableToPointInTime":           (*dynamoCall).readRestore,
	"Scan":                                (*dynamoCall).readTable,
	"SearchVectors":                       (*dynamoCall).readTable,
	"StartBulkPutItems":                   (*dynamoCall).readUnlisted,
	"TagResource":                         dynamoARN("ResourceArn"),
	"TransactGetItems":                    (*dynamoCall).readTransaction,
	"TransactWriteItems":                  (*dynamoCall).readTransaction,
	"UntagResource":                       dynamoARN("ResourceArn"),
	"UpdateContinuousBackups":             (*dynamoCall).readTable,
	"UpdateContributorInsights":           (*dynamoCall).readTable,
	"UpdateGlobalTable":                   (*dynamoCall).readGlobalTable,
	"UpdateGlobalTableSettings":           (*dynamoCall).readGlobalTable,
	"UpdateItem":                          (*dynamoCall).readTable,
	"UpdateKinesisStreamingDestination":   (*dynamoCall).readTable,
	"UpdateTable":                         (*dynamoCall).readUpdateTable,
	"UpdateTableReplicaAutoScaling":       (*dynamoCall).readTable,
	"UpdateTimeToLive":                    (*dynamoCall).readTable,
}

// dynamoStreamOperations are those of DynamoDB Streams.
var dynamoStreamOperations = map[string]func(*dynamoCall) error{
	"DescribeStream":   dynamoARN("StreamArn"),
	"GetRecords":       (*dynamoCall).readRecords,
	"GetShardIterator": dynamoARN("StreamArn"),
	"ListStreams":      (*dynamoCall).readAccount,
}

// A dynamoCall is a call to DynamoDB being read.
type dynamoCall struct {
	in      *input
	call    *proxy.Call
	members tree
}

// readDynamoDB reads a call to Amazon DynamoDB or DynamoDB Streams.
func readDynamoDB(in *input, call *proxy.Call) error {
	prefix, operations, api := "DynamoDB_20120810", dynamoOperations, ""
	if strings.HasPrefix(in.r.Header.Get("X-Amz-Target"), "DynamoDBStreams_") {
		prefix, operations, api = "DynamoDBStreams_20120810", dynamoStreamOperations, dynamoStreams
	}
	op, members, err := in.target(prefix, "application/x-amz-json-1.0")
	read, known := operations[op]
	if known {
		call.Operation = op
	}
	if err != nil {
		return err
	}
	if !known {
		return fmt.Errorf("operation %.60q of DynamoDB is not known", op)
	}
	if op == "SearchVectors" {
		api = dynamoSearch
	}
	switch {
	case in.place.host == "":
		call.Upstream = dynamoUpstream(call.Region, place{api: api})
	case in.place.api != api:
		return fmt.Errorf("host %q does not serve %s", in.place.host, op)
	}
	c := &dynamoCall{in: in, call: call, members: members}
	if err := read(c); err != nil {
		return err
	}
	return c.routed()
}

// ask adds a request, once.
func (c *dynamoCall) ask(action, resource string, context ...string) {
	req := request("dynamodb:"+action, resource, context...)
	for i := range c.call.Requests {
		if same(&c.call.Requests[i], &req) {
			return
		}
	}
	c.call.Requests = append(c.call.Requests, req)
}

// same reports whether two requests are one.
func same(a, b *manifest.Request) bool {
	if a.Action != b.Action || a.Resource != b.Resource || len(a.Context) != len(b.Context) {
		return false
	}
	for key, values := range a.Context {
		if !slices.Equal(values, b.Context[key]) {
			return false
		}
	}
	return true
}

// routed checks a host that names an account, which SDKs take from the first
// ARN of the request or from their credentials: what the call is about has to
// be there. (AWS SDKs and Tools Reference Guide, "Account-based endpoints".)
func (c *dynamoCall) routed() error {
	account := c.in.place.account
	if account == "" || account == c.in.account {
		return nil
	}
	table, _ := c.members.get("TableName").(string) // also where "*" is asked for
	about := []string{table}
	for _, req := range c.call.Requests {
		about = append(about, req.Resource)
	}
	for _, arn := range about {
		if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 && parts[4] == account {
			return nil
		}
	}
	return fmt.Errorf("the host is account %s's, and the call names nothing of that account's", account)
}

// readAccount reads an operation without a resource. ListBackups,
// ListContributorInsights and ListStreams are such also where they name a table.
func (c *dynamoCall) readAccount() error {
	c.ask(c.call.Operation, "*")
	return nil
}

// readUnlisted reads an operation of which nobody says what it touches.
func (c *dynamoCall) readUnlisted() error {
	c.call.Requests = append(c.call.Requests, unknown("dynamodb:"+c.call.Operation))
	return nil
}

// readTable reads an operation on the table that TableName names, or on the
// index of it that IndexName does: an index is a resource of its own, and who
// may read it need not be allowed to read the table. (Amazon DynamoDB Developer
// Guide, "IAM policy to grant access to a specific DynamoDB table and its
// indexes".)
func (c *dynamoCall) readTable() error {
	name, err := member(c.members, "TableName")
	if err != nil {
		return err
	}
	resource, err := c.table(name)
	if err != nil {
		return err
	}
	switch op := c.call.Operation; op {
	case "Query", "Scan", "SearchVectors", "DescribeContributorInsights", "UpdateContributorInsights":
		index, ok, err := optional(c.members, "IndexName")
		switch {
		case err != nil:
			return err
		case ok:
			if resource, err = c.index(resource, index); err != nil {
				return err
			}
		case op == "SearchVectors":
			return errors.New(`member "IndexName" is not there`)
		}
	}
	context, err := c.context(c.members)
	if err != nil {
		return err
	}
	c.ask(c.call.Operation, resource, context...)
	return nil
}

// dynamoARN reads an operation on what an ARN names.
func dynamoARN(name string) func(*dynamoCall) error {
	return func(c *dynamoCall) error {
		arn, err := c.arn(c.members, name)
		if err != nil {
			return err
		}
		tags, err := c.tags()
		if err != nil {
			return err
		}
		c.ask(c.call.Operation, arn, tags...)
		return nil
	}
}

// readListed reads an operation that lists what is of one table, or of all.
func (c *dynamoCall) readListed() error {
	if c.members.get("TableArn") == nil {
		return c.readAccount()
	}
	return dynamoARN("TableArn")(c)
}

// readRecords reads GetRecords. Its iterator begins with the stream's ARN and a
// bar; what follows only DynamoDB can read, and an iterator of another form
// could be of any stream. (Amazon DynamoDB Streams API Reference, GetRecords,
// "Sample Request".)
func (c *dynamoCall) readRecords() error {
	iterator, err := member(c.members, "ShardIterator")
	if err != nil {
		return err
	}
	stream, _, found := strings.Cut(iterator, "|")
	if !found || !strings.HasPrefix(stream, "arn:") {
		return c.readAccount()
	}
	arn, err := c.arn(treeOf(field{"ShardIterator", stream}), "ShardIterator")
	if err != nil {
		return err
	}
	c.ask("GetRecords", arn)
	return nil
}

// table returns the ARN of the table that is named by its name or by its ARN.
// An ARN may be of another account, but not of another region than the call's,
// which DynamoDB does not reach.
func (c *dynamoCall) table(name string) (string, error) {
	if !strings.HasPrefix(name, "arn:") {
		if err := dynamoName("a table", name); err != nil {
			return "", err
		}
		return c.in.arn("dynamodb", "table/"+name)
	}
	arn, err := c.arn(treeOf(field{"TableName", name}), "TableName")
	if err != nil {
		return "", err
	}
	_, table, ok := strings.Cut(arn, ":table/")
	if !ok || dynamoName("a table", table) != nil {
		return "", fmt.Errorf("%.200q is no ARN of a table", arn)
	}
	return arn, nil
}

// index returns the ARN of a table's index.
func (c *dynamoCall) index(table, name string) (string, error) {
	if err := dynamoName("an index", name); err != nil {
		return "", err
	}
	return table + "/index/" + name, nil
}

// arn returns the ARN in a member, which is of DynamoDB and the call's region.
func (c *dynamoCall) arn(members tree, name string) (string, error) {
	arn, err := c.elsewhere(members, name)
	if err != nil {
		return "", err
	}
	if region := strings.Split(arn, ":")[3]; region != c.in.region {
		return "", fmt.Errorf("%s %.200q is of another region than the call, which goes to %s", name, arn, c.in.region)
	}
	return arn, nil
}

// elsewhere returns the ARN in a member, which may be of any region: a table can
// be restored from one that is elsewhere.
func (c *dynamoCall) elsewhere(members tree, name string) (string, error) {
	s, err := member(members, name)
	if err != nil {
		return "", err
	}
	arn, err := c.in.checkARN("dynamodb", s)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	parts := strings.SplitN(arn, ":", 6)
	// What an ARN ends in is a path of names and, in a stream's, of a time.
	if parts[3] == "" || !isAccount(parts[4]) || !isName(parts[5], "_-./:") {
		return "", fmt.Errorf("%s %.200q is no ARN of what DynamoDB has", name, arn)
	}
	return arn, nil
}

// dynamoName checks the name of a table or an index: up to 255 letters, digits,
// "_", "-" and ".". DynamoDB itself wants three or more. (Amazon DynamoDB
// Developer Guide, "Supported data types and naming rules".)
func dynamoName(what, name string) error {
	if len(name) > 255 || !isName(name, "_-.") {
		return fmt.Errorf("%.80q is no name of %s", name, what)
	}
	return nil
}
