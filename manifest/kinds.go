package manifest

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"
)

// A kind is a portable name for what a function does, such as
// "object_storage". Its fields become grants of exact IAM actions.
type kind struct {
	name     string
	services []string // that its actions are of
	fields   []spec   // beside those of every entry
	read     func(*parser, *entry)
	about    string
}

// kinds are those that are built. Each has a file of its own, or shares one
// with its like.
func kinds() []kind {
	return []kind{
		{
			name: "object_storage", services: []string{"s3"}, read: (*parser).objectStorage,
			about: "A bucket of S3, or an access point.",
			fields: []spec{
				{name: "bucket", about: "names, ARNs, or access point ARNs or aliases; without it, REMIT_BUCKET"},
				{name: "read_prefix", form: formTexts, about: "read the objects below"},
				{name: "read", about: "read exactly these objects"},
				{name: "list_prefix", form: formTexts, about: "list the objects below"},
				{name: "list", form: formTruth, about: "list what read_prefix and read name, so that a missing object is answered with 404"},
				{name: "write_prefix", form: formTexts, about: "write objects below"},
				{name: "write", about: "write exactly these objects"},
				{name: "delete_prefix", form: formTexts, about: "delete the objects below"},
				{name: "delete", about: "delete exactly these objects"},
				{name: "versions", form: formTruth, about: "the same of named versions"},
				{name: "key", about: "KMS keys that the objects may be encrypted under: ids, ARNs or aliases"},
				{name: "tags", form: formTags, about: "write tags: true, their keys, or keys with values"},
				{name: "acl", form: formChoices, choices: cannedACLs(), about: "write with one of these canned ACLs"},
				{name: "storage_class", form: formChoices, choices: storageClasses(), about: "write into one of these storage classes, or the bucket's"},
				{name: "create_only", form: formTruth, about: "never write over an object: the call has to say If-None-Match: *"},
				{name: "account", about: "the accounts that own the bucket, in place of the function's own"},
			},
		},
		{
			name: "table", services: []string{"dynamodb"}, read: (*parser).table,
			about: "A table of DynamoDB.",
			fields: []spec{
				{name: "name", about: "names or ARNs"},
				{name: "index", form: formIndexes, about: "indexes that are read and scanned besides: names, or true for all"},
				{name: "read", form: formTruth, about: "get items and query"},
				{name: "scan", form: formTruth, about: "scan"},
				{name: "write", form: formTruth, about: "put and update items"},
				{name: "delete", form: formTruth, about: "delete items"},
				{name: "leading_keys", about: "only items with these partition keys"},
				{name: "attributes", about: "only these attributes of items"},
				{name: "key", about: "the KMS keys that the tables are encrypted under"},
			},
		},
		{
			name: "queue", services: []string{"sqs", "sns"}, read: (*parser).queue,
			about: "A queue of SQS, or a topic to publish to.",
			fields: []spec{
				{name: "send", about: "queues to send to: names or ARNs"},
				{name: "receive", about: "queues to receive from"},
				{name: "publish", about: "topics to publish to"},
				{name: "key", about: "the KMS keys that they are encrypted under"},
			},
		},
		{
			name: "topic", services: []string{"sns"}, read: (*parser).queue,
			about: "A topic of SNS.",
			fields: []spec{
				{name: "publish", about: "topics to publish to: names or ARNs"},
				{name: "key", about: "the KMS keys that they are encrypted under"},
			},
		},
		{
			name: "event_bus", services: []string{"events"}, read: (*parser).eventBus,
			about: "An event bus of EventBridge.",
			fields: []spec{
				{name: "put", about: "buses to put events on: names, default among them, or ARNs"},
				{name: "key", about: "the KMS keys that they are encrypted under"},
			},
		},
		{
			name: "stream", services: []string{"kinesis", "firehose"}, read: (*parser).stream,
			about: "A stream of Kinesis, or a delivery stream of Firehose.",
			fields: []spec{
				{name: "put", about: "streams to put records into: names or ARNs"},
				{name: "read", about: "streams to read, with their consumers: names or ARNs; or a consumer's ARN"},
				{name: "deliver", about: "delivery streams to put records into: names or ARNs"},
				{name: "key", about: "the KMS keys that what put and read name is encrypted under"},
			},
		},
		{
			name: "secrets", services: []string{"secretsmanager"}, read: (*parser).secrets,
			about: "Secrets of Secrets Manager.",
			fields: []spec{
				{name: "read", about: "names or ARNs"},
				{name: "key", about: "the KMS keys that they are encrypted under"},
			},
		},
		{
			name: "parameters", services: []string{"ssm"}, read: (*parser).parameters,
			about: "Parameters of SSM's Parameter Store.",
			fields: []spec{
				{name: "read", about: "names or ARNs"},
				{name: "path", about: "paths, of which all parameters below are read"},
				{name: "key", about: "the KMS keys that they are encrypted under"},
			},
		},
		{
			name: "keys", services: []string{"kms"}, read: (*parser).kmsKind,
			about: "Keys of KMS: ids, ARNs or aliases.",
			fields: []spec{
				{name: "encrypt", about: "encrypt, and generate data keys"},
				{name: "decrypt", about: "decrypt"},
				{name: "sign", about: "sign, and get the public key"},
				{name: "verify", about: "verify, and get the public key"},
				{name: "mac", about: "generate and verify MACs"},
			},
		},
		{
			name: "functions", services: []string{"lambda"}, read: (*parser).functions,
			about: "Functions of Lambda.",
			fields: []spec{
				{name: "invoke", about: "names or ARNs, with :VERSION or :ALIAS where one is called"},
			},
		},
		{
			name: "workflows", services: []string{"states"}, read: (*parser).workflows,
			about: "State machines of Step Functions.",
			fields: []spec{
				{name: "start", about: "state machines to start: names or ARNs, with :VERSION or :ALIAS where only that one is"},
				{name: "signal", form: formTruth, about: "say how a task went, by its token"},
				{name: "key", about: "the KMS keys that they are encrypted under"},
			},
		},
		{
			name: "email", services: []string{"ses"}, read: (*parser).email,
			about: "Emails by SES.",
			fields: []spec{
				{name: "send_from", about: "senders: addresses, domains, or ARNs of identities"},
				{name: "configuration_set", about: "configuration sets that emails are sent with: names or ARNs"},
				{name: "template", about: "templates that emails are made of: names or ARNs"},
			},
		},
		{
			name: "models", services: []string{"bedrock"}, read: (*parser).models,
			about: "Models of Bedrock.",
			fields: []spec{
				{name: "invoke", about: "ids of foundation models and of inference profiles, or ARNs"},
				{name: "guardrail", about: "guardrails, one of which each call has to name: ids or ARNs"},
			},
		},
		{
			name: "database", services: []string{"rds-data", "rds-db", "secretsmanager"}, read: (*parser).database,
			about: "A cluster of Aurora, by the Data API, and database users of RDS.",
			fields: []spec{
				{name: "query", about: "clusters to run statements in: names or ARNs"},
				{name: "secret", about: "the secrets that the Data API logs in by: names or ARNs"},
				{name: "key", about: "the KMS keys that the secrets are encrypted under"},
				{name: "connect", about: "database users to log in as, by tokens, with expose: RESOURCE-ID/USER, or ARNs"},
			},
		},
		{
			name: "api", services: []string{"execute-api", "lambda", "appsync", "es", "aoss", "neptune-db"}, read: (*parser).api,
			about: "APIs of API Gateway, URLs of functions, GraphQL APIs of AppSync, search domains and collections of OpenSearch, clusters of Neptune.",
			fields: []spec{
				{name: "call", about: "GET https://ID.execute-api.REGION.amazonaws.com/STAGE/PATH, with /* at the end for all below; so for a search domain's host; wss:// and a WebSocket API's stage; the URL of a function, a GraphQL API or a collection; or READ, WRITE, DELETE or ANY and a Neptune cluster's"},
				{name: "function", form: formName, about: "the function whose URL is called: a name or an ARN"},
				{name: "graphql", form: formName, about: "the GraphQL API whose host is called: its id or ARN"},
				{name: "cluster", form: formName, about: "the Neptune cluster whose host is called: its resource id or ARN"},
				{name: "api", form: formName, about: "the API behind a custom domain that is called, and its stage: ID/STAGE, or an ARN that ends so"},
				{name: "base_path", form: formName, about: "what paths begin with at the custom domain, before those of the stage"},
				{name: "account", form: formName, about: "the account that owns the APIs, in place of the function's own"},
			},
		},
		{
			name: "assume", services: []string{"sts"}, read: (*parser).assume,
			about: "Roles to assume.",
			fields: []spec{
				{name: "role", about: "names, with their paths, or ARNs"},
				{name: "tags", form: formTags, about: "tag the sessions: true, tag keys, or keys with values"},
			},
		},
	}
}

// names are the names of fields.
func names(fields ...[]spec) []string {
	var all []string
	for _, f := range slices.Concat(fields...) {
		all = append(all, f.name)
	}
	return all
}

// permissions reads the portable kinds.
func (p *parser) permissions(n *yaml.Node) {
	all := kinds()
	s := shape{what: `"permissions"`}
	for _, k := range all {
		s.known = append(s.known, k.name)
	}
	fields, ok := p.mapping(n, s)
	if !ok {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		f, ok := fields[n.Content[i].Value]
		if !ok || f.key != n.Content[i] {
			continue
		}
		k := all[slices.IndexFunc(all, func(k kind) bool { return k.name == f.key.Value })]
		p.kind(k, f)
	}
}

// kind reads one entry, or each of a list of them.
func (p *parser) kind(k kind, f field) {
	for i, n := range p.items(f.value, fmt.Sprintf("%q", k.name)) {
		id, at := k.name, f.key
		if f.value.Kind == yaml.SequenceNode {
			id, at = fmt.Sprintf("%s[%d]", k.name, i), n
		}
		mistakes := len(p.errs)
		e, ok := p.entry(n, at, id, shape{
			what:  fmt.Sprintf("%q", k.name),
			known: names(everyEntry(), k.fields),
		})
		if !ok {
			continue
		}
		p.conditioned(e, k.services)
		grants := len(p.m.Grants)
		k.read(p, e)
		// An entry that grants nothing is an oversight, unless a mistake in
		// it is why.
		if !slices.ContainsFunc(p.m.Grants[grants:], func(g *Grant) bool { return !p.owned[g] }) && len(p.errs) == mistakes && !p.torn {
			p.errorf(at, "%s grants nothing: it has none of the fields that do", id)
		}
	}
}

// An entry is one mapping that grants something.
type entry struct {
	id         string
	at         *yaml.Node // its key, or itself in a list
	fields     map[string]field
	mint       Width
	conditions []Condition // of all its grants
	via        []string    // the services that they are for, if not for the function
	expose     bool
}

func (p *parser) entry(n, at *yaml.Node, id string, s shape) (*entry, bool) {
	fields, ok := p.mapping(n, s)
	if !ok {
		return nil, false
	}
	e := &entry{id: id, at: at, fields: fields}
	if f, ok := fields["mint"]; ok {
		e.mint = p.mint(f)
		if p.m.Credentials.Unminted {
			p.errorf(f.key, `"mint" means nothing where "unminted: true" mints no credentials: leave it out`)
		}
	}
	return e, true
}

// conditioned reads the conditions that all of an entry's grants are under.
func (p *parser) conditioned(e *entry, services []string) {
	if f, ok := e.fields["when"]; ok {
		e.conditions = p.when(f, services)
	}
	if f, ok := e.fields["via"]; ok {
		e.conditions = append(e.conditions, p.via(e, f)...)
	}
	p.exposing(e)
}

func (e *entry) has(keys ...string) bool {
	return slices.ContainsFunc(keys, func(k string) bool { _, ok := e.fields[k]; return ok })
}

// truth returns whether a field is there and true.
func (p *parser) truth(e *entry, key string) bool {
	f, ok := e.fields[key]
	if !ok {
		return false
	}
	yes, _ := p.boolean(f)
	return yes
}

// grant adds a grant of one field of e.
func (p *parser) grant(e *entry, f field, actions []string, resources []Pattern, conditions ...Condition) *Grant {
	return p.grantAs(e, f, "", actions, resources, conditions...)
}

// grantAs adds a grant of one field of e that has several, told apart by suffix.
func (p *parser) grantAs(e *entry, f field, suffix string, actions []string, resources []Pattern, conditions ...Condition) *Grant {
	g := &Grant{
		ID:         e.id + "." + f.key.Value + suffix,
		Actions:    actions,
		Resources:  resources,
		Conditions: append(conditions[:len(conditions):len(conditions)], e.conditions...),
		Mint:       e.mint,
		Exposed:    e.expose,
		Pos:        p.position(f.key),
	}
	p.m.Grants = append(p.m.Grants, g)
	if e.via != nil {
		p.served[g] = e.via
	}
	return g
}

func (p *parser) position(n *yaml.Node) Position { return Position{p.m.File, n.Line, n.Column} }

// room reports whether the manifest may have n more resources, and says so
// once where it may not.
func (p *parser) room(at *yaml.Node, n int) bool {
	if p.resourced > maxResources {
		return false
	}
	if p.resourced += n; p.resourced <= maxResources {
		return true
	}
	p.errorf(at, "the manifest grants more than %d resources: grant prefixes", maxResources)
	return false
}

// regional returns the ARN of a bare name in the function's own account,
// region and partition. name is a pattern.
func (p *parser) regional(service string, name Pattern) Pattern {
	region := p.m.Region
	if region == "" {
		region = "*"
	}
	return Pattern(arn{p.m.Partition, service, region, "${" + accountVariable + "}", string(name)}.String())
}
