package manifest

import (
	"slices"
	"strings"
)

// candidates returns lines that may grant r, the best first. The last is an exact
// grant.
func (a *author) candidates(r Request, all []Request) []*line {
	var lines []*line
	if at, ok := parseARN(r.Resource); ok || r.Resource == "*" {
		lines = a.ofKinds(r, at, all)
	}
	resource := string(Literal(r.Resource))
	switch {
	case r.Resource == "*":
		resource = "*"
	case r.Partly:
		stem := strings.TrimRight(r.Resource, "?")
		resource = string(Literal(stem)) + r.Resource[len(stem):]
		if r.Runs {
			resource = strings.ReplaceAll(resource, string(Literal("*")), "*")
		}
	}
	return append(lines, &line{kind: "allow", fields: []item{
		{name: "actions", texts: []string{r.Action}},
		{name: "resources", texts: []string{resource}},
	}})
}

// ofKinds returns lines of kinds. An action that a field grants only beside what
// it is for, as DescribeSecret beside GetSecretValue, has none: it would open
// more than was asked for.
func (a *author) ofKinds(r Request, at arn, all []Request) []*line {
	switch service, action, _ := strings.Cut(r.Action, ":"); service {
	case "s3":
		return objectLines(r, at, action)
	case "dynamodb":
		return a.tableLines(at, action)
	case "sqs":
		return a.named(at, "queue", fieldOf(action, "send", "SendMessage", "receive", "ReceiveMessage DeleteMessage ChangeMessageVisibility"), "")
	case "sns":
		return a.named(at, "topic", fieldOf(action, "publish", "Publish"), "")
	case "events":
		return a.named(at, "event_bus", fieldOf(action, "put", "PutEvents"), "event-bus/")
	case "kinesis":
		return a.named(at, "stream", fieldOf(action, "put", "PutRecord PutRecords", "read", "GetRecords GetShardIterator ListShards SubscribeToShard"), "stream/")
	case "firehose":
		return a.named(at, "stream", fieldOf(action, "deliver", "PutRecord PutRecordBatch"), "deliverystream/")
	case "secretsmanager":
		if action == "GetSecretValue" && r.Context["aws:viaawsservice"] == nil {
			at.resource = strings.TrimSuffix(at.resource, suffix)
			return a.named(at, "secrets", "read", "secret:")
		}
	case "ssm":
		field := fieldOf(action, "read", "GetParameter GetParameters", "path", "GetParametersByPath")
		if path, ok := strings.CutPrefix(strings.TrimSuffix(at.resource, "/"), "parameter"); ok && field == "path" && a.home(at) {
			if path == "" {
				path = "/"
			}
			return []*line{{kind: "parameters", fields: []item{{name: field, texts: []string{path}}}}}
		}
		return a.named(at, "parameters", field, "parameter/")
	case "kms":
		return a.keyLines(r, at, action)
	case "lambda":
		return a.named(at, "functions", fieldOf(action, "invoke", "InvokeFunction"), "function:")
	case "states":
		if strings.HasPrefix(action, "SendTask") {
			return []*line{{kind: "workflows", fields: []item{{name: "signal", mark: true}}}}
		}
		if q := r.Context["states:statemachinequalifier"]; len(q) == 1 {
			at.resource += ":" + q[0]
		}
		return a.named(at, "workflows", fieldOf(action, "start", "StartExecution StartSyncExecution"), "stateMachine:")
	case "ses":
		if from := r.Context["ses:fromaddress"]; len(from) == 1 && fieldOf(action, "send_from", "SendEmail SendRawEmail") != "" {
			return []*line{{kind: "email", fields: []item{{name: "send_from", texts: from}}}}
		}
	case "bedrock":
		return a.modelLines(at, action)
	case "rds-data":
		return a.databaseLines(at, all)
	case "execute-api":
		return a.apiLines(at)
	case "sts":
		return a.named(at, "assume", fieldOf(action, "role", "AssumeRole"), "role/")
	}
	return nil
}

// fieldOf returns the field that an action belongs to. table has fields, and
// after each its actions.
func fieldOf(action string, table ...string) string {
	for i := 0; i < len(table); i += 2 {
		if slices.Contains(strings.Fields(table[i+1]), action) {
			return table[i]
		}
	}
	return ""
}

// names returns what at is called in a kind whose ARNs have before in front of
// the name: bare where it is where bare names are, and the ARN.
func (a *author) names(at arn, before string) (all []string) {
	name, ok := strings.CutPrefix(at.resource, before)
	if !ok {
		return nil
	}
	if a.home(at) {
		if at.service == "ssm" && strings.Contains(name, "/") {
			name = "/" + name
		}
		all = append(all, name)
	}
	return append(all, at.String())
}

// home reports whether at is in the account, region and partition that bare names
// are in.
func (a *author) home(at arn) bool {
	partition := a.m.Partition
	if partition == "" {
		partition = partitionOf(a.m.Region)
	}
	return at.partition == partition && (at.region == a.m.Region || at.region == "") && a.m.Account != "" && at.account == a.m.Account
}

// named returns the lines of a field of names.
func (a *author) named(at arn, kind, field, before string) (lines []*line) {
	if field == "" || at.service == "" {
		return nil
	}
	for _, name := range a.names(at, before) {
		lines = append(lines, &line{kind: kind, fields: []item{{name: field, texts: []string{name}}}})
	}
	return lines
}

// objectLines are those of a bucket or an access point.
func objectLines(r Request, at arn, action string) (lines []*line) {
	root, key, isObject := strings.Cut(at.resource, "/")
	if name, ok := strings.CutPrefix(at.resource, "accesspoint/"); ok && at.region != "" {
		root, key, isObject = strings.Cut(name, "/object/")
		at.resource = "accesspoint/" + root
		root = at.String()
	}
	add := func(fields ...item) {
		lines = append(lines, &line{kind: "object_storage", scope: []item{{name: "bucket", texts: []string{root}, one: true}}, fields: fields})
	}
	versions := item{name: "versions", mark: true}
	switch field := fieldOf(action, "read", "GetObject GetObjectAttributes GetObjectVersion GetObjectVersionAttributes",
		"write", "PutObject", "delete", "DeleteObject DeleteObjectVersion", "list_prefix", "ListBucket ListBucketVersions"); {
	case field == "list_prefix" && !isObject:
		prefix := []string{""}
		if p := r.Context["s3:prefix"]; len(p) > 0 {
			prefix = p[:1]
		}
		list := item{name: field, texts: prefix}
		if add(list); action != "ListBucket" {
			lines = nil
			add(list, versions)
		}
	case field == "" || !isObject:
	case strings.Contains(action, "Version"):
		add(item{name: field, texts: []string{key}}, versions)
	default:
		object := item{name: field, texts: []string{key}}
		add(object)
		if field != "write" {
			break
		}
		var more []item
		for _, option := range []struct{ field, key string }{{"storage_class", class}, {"key", kmsKeyID}} {
			if v := r.Context[strings.ToLower(option.key)]; len(v) == 1 {
				more = append(more, item{name: option.field, texts: v})
				add(object, more[len(more)-1])
			}
		}
		add(append([]item{object}, more...)...)
	}
	return lines
}

// extend adds to a line of writing what else a write asks for: its ACL and tags,
// and to one of a role the tags of sessions.
func (a *author) extend(r Request) bool {
	field, of := "", "s3:PutObject"
	var texts []string
	switch r.Action {
	case "s3:PutObjectAcl":
		field, texts = "acl", r.Context["s3:x-amz-acl"]
	case "s3:PutObjectTagging":
		field, texts = "tags", r.Context["s3:requestobjecttagkeys"]
	case "sts:TagSession":
		field, texts, of = "tags", r.Context["aws:tagkeys"], "sts:AssumeRole"
	}
	if field == "" {
		return false
	}
	option := item{name: field, texts: texts, mark: len(texts) == 0 && of == "sts:AssumeRole"}
	if !option.mark && len(texts) == 0 {
		return false
	}
	for _, l := range a.lines {
		other := func(have Request) bool { return have.Resource != r.Resource }
		if l.kind == "allow" || l.reqs[0].Action != of || slices.ContainsFunc(l.reqs, other) {
			continue
		}
		with := &line{kind: l.kind, scope: l.scope, fields: append(slices.Clone(l.fields), option), reqs: append(slices.Clone(l.reqs), r)}
		if a.parse(with) && with.allows(a.m, r) {
			*l = *with
			return true
		}
	}
	return false
}

// tableLines are those of a table. An index is read with its table, which is more.
func (a *author) tableLines(at arn, action string) (lines []*line) {
	if strings.Contains(at.resource, "/index/") {
		return nil
	}
	field := fieldOf(action, "read", "GetItem BatchGetItem Query ConditionCheckItem PartiQLSelect", "scan", "Scan",
		"write", "PutItem UpdateItem BatchWriteItem PartiQLInsert PartiQLUpdate", "delete", "DeleteItem PartiQLDelete")
	if field == "" {
		return nil
	}
	fields := []string{field}
	if action == "PartiQLSelect" {
		fields = append(fields, "scan")
	}
	for _, name := range a.names(at, "table/") {
		for _, field := range fields {
			lines = append(lines, &line{kind: "table", scope: []item{{name: "name", texts: []string{name}, one: true}}, fields: []item{{name: field, mark: true}}})
		}
	}
	return lines
}

// keyLines are those of a key, or of the alias that a call names.
func (a *author) keyLines(r Request, at arn, action string) []*line {
	field := fieldOf(action, "encrypt", "Encrypt GenerateDataKey GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext GenerateDataKeyWithoutPlaintext ReEncryptFrom ReEncryptTo",
		"decrypt", "Decrypt", "sign", "Sign", "verify", "Verify", "mac", "GenerateMac VerifyMac")
	alias := r.Context["kms:requestalias"]
	if field == "" || len(alias) != 1 {
		return a.named(at, "keys", field, "key/")
	}
	if at.resource == "" { // only where the alias is, nothing tells
		return []*line{{kind: "keys", fields: []item{{name: field, texts: alias}}}}
	}
	at.resource = alias[0]
	return a.named(at, "keys", field, "")
}

// modelLines are those of what can be invoked.
func (a *author) modelLines(at arn, action string) []*line {
	field := fieldOf(action, "invoke", "InvokeModel InvokeModelWithResponseStream")
	if at.account == "" && strings.HasPrefix(at.resource, "foundation-model/") {
		at.account = a.m.Account // it is nobody's, and a bare name's all the same
		lines := a.named(at, "models", field, "foundation-model/")
		at.account = ""
		if len(lines) == 0 {
			return nil
		}
		lines[len(lines)-1].fields[0].texts = []string{at.String()}
		return lines
	}
	if strings.HasPrefix(at.resource, "inference-profile/") {
		return a.named(at, "models", field, "inference-profile/")
	}
	return a.named(at, "models", field, "")
}

// databaseLines are those of a cluster whose secret the call names too.
func (a *author) databaseLines(at arn, all []Request) (lines []*line) {
	for _, r := range all {
		secret, ok := parseARN(r.Resource)
		if r.Action != "secretsmanager:GetSecretValue" || !ok {
			continue
		}
		secret.resource = strings.TrimSuffix(secret.resource, suffix)
		for _, cluster := range a.names(at, "cluster:") {
			for _, name := range a.names(secret, "secret:") {
				lines = append(lines, &line{kind: "database", fields: []item{{name: "query", texts: []string{cluster}}, {name: "secret", texts: []string{name}}}})
			}
		}
		return lines
	}
	return nil
}

// apiLines are those of an API of API Gateway, whose host the line has to name.
func (a *author) apiLines(at arn) []*line {
	part := strings.SplitN(at.resource, "/", 4)
	if len(part) != 4 || !isAPI(part[0]) || strings.Contains(part[3], "*") {
		return nil // a star in a path is one, and in a line all below
	}
	host := part[0] + ".execute-api." + at.region + ".amazonaws.com"
	if at.partition == "aws-cn" {
		host += ".cn"
	}
	path := "/" + part[3]
	if part[1] != "$default" {
		path = "/" + part[1] + path
	}
	l := &line{kind: "api", fields: []item{{name: "call", texts: []string{part[2] + " https://" + host + path}}}}
	if at.account != a.m.Account {
		l.scope = []item{{name: "account", texts: []string{at.account}, one: true}}
	}
	return []*line{l}
}
