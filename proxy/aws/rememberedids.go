package aws

import (
	"encoding/base64"
	"mime"
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
// it, and these do not name it. It has none for those with ids of statements of
// Redshift's Data API, of Step Functions' tasks, of Systems Manager's commands,
// of jobs of Textract and Rekognition, and for stopping queries of CloudWatch Logs
// and Timestream. What is done with a session of Athena's itself may have the
// session for its resource or the workgroup, so that it is left to the grants.
func originOf(service, operation string) origin {
	switch service {
	case "appconfig": // its data plane
		switch operation {
		case "StartConfigurationSession":
			return origin{kind: "token", lasts: tokenLasts, paths: []string{"InitialConfigurationToken"}}
		case "GetLatestConfiguration":
			return origin{kind: "token", lasts: tokenLasts, header: "Next-Poll-Configuration-Token"}
		}
	case "athena":
		switch operation {
		case "StartQueryExecution":
			return origin{kind: "query", lasts: idLasts, paths: []string{"QueryExecutionId"}}
		case "ListQueryExecutions":
			return origin{kind: "query", lasts: idLasts, paths: []string{"QueryExecutionIds.#"}}
		case "CreateNamedQuery":
			return origin{kind: "named query", lasts: idLasts, paths: []string{"NamedQueryId"}}
		case "ListNamedQueries":
			return origin{kind: "named query", lasts: idLasts, paths: []string{"NamedQueryIds.#"}}
		case "StartSession":
			return origin{kind: "session", lasts: idLasts, paths: []string{"SessionId"}}
		case "ListSessions":
			return origin{kind: "session", lasts: idLasts, paths: []string{"Sessions.#.SessionId"}}
		case "StartCalculationExecution":
			return origin{kind: "calculation", lasts: idLasts, paths: []string{"CalculationExecutionId"}}
		case "ListCalculationExecutions":
			return origin{kind: "calculation", lasts: idLasts, paths: []string{"Calculations.#.CalculationExecutionId"}}
		}
	case "cassandra": // the streams of Keyspaces
		switch operation {
		case "GetShardIterator":
			return origin{kind: "iterator", lasts: streamsLasts, paths: []string{"shardIterator"}}
		case "GetRecords":
			return origin{kind: "iterator", lasts: streamsLasts, paths: []string{"nextShardIterator"}}
		}
	case "codedeploy":
		switch operation {
		case "CreateDeployment":
			return origin{kind: "deployment", lasts: idLasts, paths: []string{"deploymentId"}}
		case "ListDeployments":
			return origin{kind: "deployment", lasts: idLasts, paths: []string{"deployments.#"}}
		}
	case "dynamodb": // its streams
		switch operation {
		case "GetShardIterator":
			return origin{kind: "iterator", lasts: streamsLasts, paths: []string{"ShardIterator"}}
		case "GetRecords":
			return origin{kind: "iterator", lasts: streamsLasts, paths: []string{"NextShardIterator"}}
		}
	case "glue":
		if operation == "StartDataQualityRulesetEvaluationRun" {
			return origin{kind: "run", lasts: idLasts, paths: []string{"RunId"}}
		}
	case "kinesis":
		switch operation {
		case "GetShardIterator":
			return origin{kind: "iterator", lasts: iteratorLasts, paths: []string{"ShardIterator"}}
		case "GetRecords":
			return origin{kind: "iterator", lasts: iteratorLasts, paths: []string{"NextShardIterator"}}
		}
	case "kms":
		switch operation {
		case "CreateGrant":
			return origin{kind: "grant", lasts: idLasts, paths: []string{"GrantToken"}}
		case "Decrypt":
			return origin{kind: "ciphertext", lasts: idLasts, own: true, arn: "KeyId"}
		case "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext":
			return origin{kind: "ciphertext", lasts: idLasts, paths: []string{"CiphertextBlob"}, binary: true, arn: "KeyId"}
		case "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext":
			return origin{kind: "ciphertext", lasts: idLasts, paths: []string{"PrivateKeyCiphertextBlob"}, binary: true, arn: "KeyId"}
		case "ReEncrypt":
			return origin{kind: "ciphertext", lasts: idLasts, action: "kms:ReEncryptTo", paths: []string{"CiphertextBlob"}, binary: true, arn: "KeyId"}
		}
	case "lambda":
		switch operation {
		case "CheckpointDurableExecution":
			return origin{kind: "callback", lasts: idLasts, paths: []string{"NewExecutionState.Operations.#.CallbackDetails.CallbackId"}}
		case "GetDurableExecutionState":
			return origin{kind: "callback", lasts: idLasts, paths: []string{"Operations.#.CallbackDetails.CallbackId"}}
		}
	case "logs":
		if operation == "StartQuery" {
			return origin{kind: "query", lasts: idLasts, paths: []string{"queryId"}}
		}
	case "sqs":
		switch operation {
		case "StartMessageMoveTask":
			return origin{kind: "task", lasts: idLasts, paths: []string{"TaskHandle"}}
		case "ListMessageMoveTasks":
			return origin{kind: "task", lasts: idLasts, paths: []string{"Results.#.TaskHandle"}}
		}
	case "swf":
		switch operation {
		case "PollForActivityTask", "PollForDecisionTask":
			return origin{kind: "task", lasts: idLasts, paths: []string{"taskToken"}}
		}
	}
	return origin{}
}

// carrierOf returns where an operation's calls have an id that originOf has.
func carrierOf(service, operation string) carrier {
	switch service {
	case "appconfig":
		if operation == "GetLatestConfiguration" {
			return carrier{kind: "token", query: "configuration_token"}
		}
	case "athena":
		switch operation {
		case "GetQueryExecution", "GetQueryResults", "GetQueryResultsStream", "GetQueryRuntimeStatistics", "StopQueryExecution":
			return carrier{kind: "query", member: "QueryExecutionId"}
		case "BatchGetQueryExecution":
			return carrier{kind: "query", member: "QueryExecutionIds.#"}
		case "DeleteNamedQuery", "GetNamedQuery", "UpdateNamedQuery":
			return carrier{kind: "named query", member: "NamedQueryId"}
		case "BatchGetNamedQuery":
			return carrier{kind: "named query", member: "NamedQueryIds.#"}
		case "ListCalculationExecutions", "StartCalculationExecution":
			return carrier{kind: "session", member: "SessionId"}
		case "GetCalculationExecution", "GetCalculationExecutionCode", "GetCalculationExecutionStatus", "StopCalculationExecution":
			return carrier{kind: "calculation", member: "CalculationExecutionId"}
		}
	case "cassandra":
		if operation == "GetRecords" {
			return carrier{kind: "iterator", member: "shardIterator"}
		}
	case "codedeploy":
		switch operation {
		case "BatchGetDeploymentInstances", "GetDeployment", "GetDeploymentInstance", "ListDeploymentInstances":
			return carrier{kind: "deployment", member: "deploymentId"}
		case "BatchGetDeployments":
			return carrier{kind: "deployment", member: "deploymentIds.#"}
		}
	case "dynamodb", "kinesis":
		if operation == "GetRecords" {
			return carrier{kind: "iterator", member: "ShardIterator"}
		}
	case "glue":
		switch operation {
		case "CancelDataQualityRulesetEvaluationRun", "GetDataQualityRulesetEvaluationRun":
			return carrier{kind: "run", member: "RunId"}
		}
	case "kms":
		switch operation {
		case "Decrypt":
			return carrier{kind: "ciphertext", member: "CiphertextBlob", binary: true}
		case "ReEncrypt":
			return carrier{kind: "ciphertext", action: "kms:ReEncryptFrom", member: "CiphertextBlob", binary: true}
		case "RetireGrant":
			return carrier{kind: "grant", member: "GrantToken"}
		}
	case "lambda":
		switch operation {
		case "SendDurableExecutionCallbackFailure", "SendDurableExecutionCallbackHeartbeat", "SendDurableExecutionCallbackSuccess":
			return carrier{kind: "callback", path: "/2025-12-01/durable-execution-callbacks/"}
		}
	case "logs":
		if operation == "GetQueryResults" {
			return carrier{kind: "query", member: "queryId"}
		}
	case "sqs":
		if operation == "CancelMessageMoveTask" {
			return carrier{kind: "task", member: "TaskHandle"}
		}
	case "swf":
		switch operation {
		case "RecordActivityTaskHeartbeat", "RespondActivityTaskCanceled", "RespondActivityTaskCompleted", "RespondActivityTaskFailed", "RespondDecisionTaskCompleted":
			return carrier{kind: "task", member: "taskToken"}
		}
	}
	return carrier{}
}

// carried returns the ids that a call carries: all of them, or none.
func (in *input) carried(with carrier) (ids []string, ok bool) {
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
	members, ok := in.named()
	if !ok {
		return nil, false
	}
	name, list := strings.CutSuffix(with.member, ".#")
	all := series{made: []any{members.get(name)}}
	if list {
		if all, ok = members.get(name).(series); !ok || all.len() == 0 {
			return nil, false
		}
	}
	for _, v := range all.all() {
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

// named returns the members of a call that says its operation in a header, and
// nowhere else. A form can be JSON as well, with another id in it; and what says
// in a header what its body is written in is taken by its word, or not at all.
func (in *input) named() (tree, bool) {
	h := in.r.Header
	if len(h.Values("X-Amz-Target"))+len(h.Values("Smithy-Protocol")) != 1 || len(h.Values("Content-Encoding")) > 0 || len(h.Values("Content-Type")) != 1 {
		return tree{}, false
	}
	mediaType, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if charset := params["charset"]; err != nil || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return tree{}, false
	}
	parse := in.readJSON
	switch mediaType {
	case "application/x-amz-json-1.0", "application/x-amz-json-1.1":
	case "application/cbor", typeCBOR:
		parse = in.readCBOR
	default:
		return tree{}, false
	}
	body, err := in.body()
	if err != nil {
		return tree{}, false
	}
	members, err := parse(body)
	return members, err == nil
}

// unbase64 decodes an id, which may be written in several ways.
func unbase64(s string) (string, bool) {
	b, err := base64.StdEncoding.DecodeString(s)
	return string(b), err == nil && len(b) > 0
}
