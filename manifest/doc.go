// Package manifest reads a function's manifest and decides requests by it.
//
// A manifest is a list of grants. A grant names actions, resources and
// conditions, as an IAM statement does, but it can only allow: what no grant
// allows is denied. There is no precedence to learn, and two manifests joined
// grant exactly what either granted.
//
// [Parse] reads one, [Manifest.Decide] decides by it, and [Schema] tells editors
// what one looks like. The package knows IAM's
// words and no HTTP: actions and resources are strings that somebody else has
// read out of a call. It imports nothing from this module.
//
// # The file
//
// A manifest is one YAML document, in UTF-8, of at most 256 KiB:
//
//	function: generate-thumbnail
//	credentials:
//	  role: arn:aws:iam::123456789012:role/generate-thumbnail-calls
//	permissions:
//	  object_storage:
//	    bucket: media-eu
//	    read_prefix: uploads/images/
//	    write_prefix: derived/thumbnails/
//	  topic:
//	    publish: image-processing-results
//	  secrets:
//	    read: [image-signing-key]
//	allow:
//	  - actions: [dynamodb:DescribeTable]
//	    resources: ["arn:aws:dynamodb:*:*:table/orders"]
//	    when: {StringEquals: {"aws:RequestedRegion": eu-west-1}}
//
// Every key that is not named below is an error, and so are a key that stands
// twice, aliases, merge keys, tags, and a second document. An empty file grants
// nothing. All mistakes of a file are reported at once, each as
// "file:line:column: text"; past 200 they are counted. A list has at most 1,000
// elements, and all grants together 10,000 resources.
//
// At the top stand, all optional:
//
//	function      the log's name for the function
//	mode          enforce (the default) or observe, which denies nothing.
//	              REMIT_MODE fills a silent manifest; where both speak and
//	              differ, enforce
//	credentials   under which granted calls go on; required once anything is
//	              granted
//	permissions   grants by kind
//	allow         grants in IAM's words
//	upstreams     {service: URL}: the address that is dialled in place of AWS's;
//	              http or https, a host, and no path. AWS's name stays in Host
//	egress        hosts beside AWS's that the function may connect to: see below
//	log           which calls the log has: denials, sampled or all. The default
//	              is denials, and all while observing
//	function_identity
//	              a wrapper around function and permissions, read as if they
//	              stood at the top
//
// In any string, ${env:NAME} is the variable of the function's configured
// environment. Its value is literal, a "*" in it a star; one that is not set
// is an error.
//
// # credentials
//
//	role          the ARN of a role to assume, or self for the function's own
//	unminted      true: no role; calls go on under the function's own
//	              credentials, and nothing but Remit itself bounds them
//	mint          how wide minted credentials are: call, exactly the call;
//	              grant, all that the grants allow which it used; or adaptive
//	              (the default), as call while this sandbox's budget of
//	              requests to STS lasts, and as grant beyond it
//	duration      of minted credentials, 900 to 3600 seconds; default 3600
//	session_tags  {key: value}, at most 50
//	exposed_role  the ARN of the role that exposed credentials are of: see
//	              "expose". Without it, role
//	foreign       {access key id: account}: keys of others that the function may
//	              use, whose secrets Remit does not know. Calls under them are
//	              decided by the same grants, in that account, and go on as they
//	              were signed; what only AWS sees does not hold for them
//
// Either role or "unminted: true" has to be there.
//
// # permissions
//
// A kind takes one entry or a list of entries, and a field that takes a name
// takes a list of names. There are no wildcards. A bare name is in the
// account of the role, the region of the function, and that region's
// partition; where no account is known, a call that needs it is denied as
// [NoAccount]. An ARN says otherwise. Each field becomes one [Grant], with an
// ID such as "object_storage.read_prefix" or, in a list,
// "object_storage[1].read_prefix"; one whose conditions differ by action becomes
// several, told apart by what follows: "table.read.describe". In every entry
// stand, if anything does:
//
//	when           conditions on all of its grants: see below
//	via            services (athena) that the grants are for, when they act in
//	               the function's name: the function's own calls are not
//	               allowed by them, and its calls to those services carry them.
//	               aws:CalledVia binds them, or aws:ViaAWSService where AWS does
//	               not say that a service sets that (textract)
//	mint           how wide its grants are minted
//	expose         true: the function holds credentials of these grants itself,
//	               an hour long at most, which AWS honours wherever they are
//	               used. What is signed inside the function needs that: presigned
//	               URLs, and tokens that log in to RDS, ElastiCache, MSK and
//	               DSQL. Their session policy is the exposed grants, together;
//	               calls under them that do not pass through Remit are held to
//	               that and to nothing else
//
// and in those of most kinds:
//
//	key            KMS keys that what the entry names is encrypted under: ids,
//	               ARNs or aliases. The service may use them as its calls need
//	               (kms:Decrypt; kms:GenerateDataKey to write, send and
//	               publish), and nothing else: kms:ViaService binds them
//
// object_storage is a bucket or an access point:
//
//	bucket         names or aliases, or ARNs of buckets or access points;
//	               without it, REMIT_BUCKET
//	read_prefix    s3:GetObject and s3:GetObjectAttributes, below a prefix
//	read           the same, of exact keys
//	list_prefix    s3:ListBucket, where the call's prefix is this or below
//	list           true: as list_prefix for what read_prefix and read name, so
//	               that a missing object is answered with 404
//	write_prefix   s3:PutObject, s3:AbortMultipartUpload and
//	write          s3:ListMultipartUploadParts
//	delete_prefix  s3:DeleteObject
//	delete
//	versions       true: s3:GetObjectVersion, s3:GetObjectVersionAttributes,
//	               s3:DeleteObjectVersion, s3:ListBucketVersions with their
//	               like, and s3:PutObjectVersionTagging and VersionAcl
//	key            as above; and writing may encrypt under one of them, if the
//	               call names it
//	tags           s3:PutObjectTagging where it writes: true for any tags, a
//	               list of keys, or a mapping of keys to the values they may have
//	acl            s3:PutObjectAcl where it writes, with one of these canned ACLs
//	storage_class  writing may name one of these classes
//	create_only    true: writing never replaces an object. What makes one has to
//	               say "If-None-Match: *"
//	account        the accounts that own the bucket, in place of the function's
//
// A prefix is literal text, and ends where it ends: uploads/images takes in
// uploads/images-old/x. The whole bucket is the prefix "", which has to be
// written. A bucket that is named is pinned to the function's own account; one
// that is an ARN is not. Writing does not include ACLs, tags, retention,
// website redirects, another storage class than the bucket's, nor encryption
// under a KMS key or a key of the caller's. Encryption by "AES256" is included,
// encryption by "aws:kms" is not, even without a key's name: the account's
// default key is one that the manifest does not name.
//
// table, of DynamoDB:
//
//	name           names or ARNs
//	index          indexes that are read and scanned too: names, or true for all
//	read           true: dynamodb:GetItem, BatchGetItem, Query and
//	               ConditionCheckItem; DescribeTable; and PartiQLSelect where
//	               dynamodb:FullTableScan is not true. DynamoDB alone can tell
//	               that, so where nothing is minted PartiQLSelect takes "scan"
//	scan           true: dynamodb:Scan, and PartiQLSelect of everything
//	write          true: dynamodb:PutItem, UpdateItem, BatchWriteItem,
//	               PartiQLInsert and PartiQLUpdate
//	delete         true: dynamodb:DeleteItem and PartiQLDelete; a batch with a
//	               delete in it takes "write" and this
//	leading_keys   only items with these partition keys
//	attributes     only these attributes: calls have to choose them, and not to
//	               ask for what an item had before or has now
//	key
//
// queue, of SQS, and topic, of SNS; queue's publish is a topic too:
//
//	send           sqs:SendMessage and GetQueueUrl, to names or ARNs
//	receive        sqs:ReceiveMessage, DeleteMessage, ChangeMessageVisibility,
//	               GetQueueAttributes and GetQueueUrl
//	publish        sns:Publish
//	key
//
// event_bus, of EventBridge, and stream, of Kinesis and Firehose:
//
//	put            events:PutEvents, on buses: names, default among them, or ARNs
//	key
//
//	put            kinesis:PutRecord and PutRecords, into streams: names or ARNs
//	read           kinesis:GetRecords, GetShardIterator, DescribeStream,
//	               DescribeStreamSummary and ListShards, and SubscribeToShard by
//	               any consumer of them; of a consumer's ARN, that alone
//	deliver        firehose:PutRecord and PutRecordBatch, into delivery streams
//	key            of what put and read name
//
// secrets, of Secrets Manager, and parameters, of SSM:
//
//	read           secretsmanager:GetSecretValue and DescribeSecret, of names,
//	               or ARNs with or without the six characters at their end
//	key
//
//	read           ssm:GetParameter and GetParameters, of names or ARNs
//	path           the same below a path, and ssm:GetParametersByPath
//	key
//
// keys, of KMS, by id, ARN or alias:
//
//	encrypt        kms:Encrypt, GenerateDataKey with its three variants,
//	               ReEncryptFrom and ReEncryptTo
//	decrypt        kms:Decrypt
//	sign           kms:Sign and GetPublicKey
//	verify         kms:Verify and GetPublicKey
//	mac            kms:GenerateMac and VerifyMac
//
// A key grants the calls that name it, and those that name none (Decrypt, by its
// ciphertext) or an alias: AWS compares them with the key. An alias grants the
// calls that name it (kms:RequestAlias), whatever key it stands for. Where
// nothing is minted, and so nothing compares, a call has to name what is granted.
//
// functions, of Lambda:
//
//	invoke         lambda:InvokeFunction, of names or ARNs. A bare function is
//	               what is called without a qualifier; NAME:PROD is that version
//	               or alias, and no other
//
// workflows, of Step Functions:
//
//	start          states:StartExecution and StartSyncExecution, of names or ARNs,
//	               by whatever version or alias; NAME:PROD is that one alone
//	signal         true: states:SendTaskSuccess, SendTaskFailure and
//	               SendTaskHeartbeat. A token tells no state machine
//	key
//
// email, of SES:
//
//	send_from      ses:SendEmail and SendRawEmail, from these addresses, or all
//	               addresses of these domains (ses:FromAddress)
//	configuration_set
//	               with these, which a call names or its identity has
//	template       of these; and ses:SendTemplatedEmail and
//	               SendBulkTemplatedEmail
//
// models, of Bedrock:
//
//	invoke         bedrock:InvokeModel and InvokeModelWithResponseStream, of
//	               foundation models and inference profiles by their ids, and of
//	               all that can be invoked by ARNs. A profile includes its models
//	               in whatever region, by the profile alone
//	               (bedrock:InferenceProfileArn). A prompt is bedrock:RenderPrompt,
//	               and its model stands beside it
//	guardrail      calls have to name one of these; and bedrock:ApplyGuardrail
//
// database, of Aurora's Data API:
//
//	query          rds-data:ExecuteStatement, BatchExecuteStatement,
//	               BeginTransaction, CommitTransaction and RollbackTransaction, in
//	               clusters: names or ARNs
//	secret         what the Data API logs in by, which it alone reads
//	key            of the secret
//	connect        rds-db:connect, of database users: RESOURCE-ID/USER, where the
//	               first is a cluster's, an instance's or a proxy's resource id
//	               (cluster-ABC…, db-ABC…, prx-ABC…), or ARNs. Needs expose: true
//
// api, of what has a host under AWS's domains that anybody can have made:
//
//	call           execute-api:Invoke: a method, or ANY, and a URL, whose path may
//	               end in /* for all below. execute-api:ManageConnections, where
//	               the path says @connections. es:ESHttpGet and so on, of a search
//	               domain's host. lambda:InvokeFunctionUrl, appsync:GraphQL or, of
//	               a serverless collection's host, aoss:APIAccessAll: a URL alone.
//	               wss://ID.execute-api.REGION.amazonaws.com/STAGE: to connect
//	               to a WebSocket API.
//	               READ, WRITE, DELETE or ANY and a cluster's URL of Neptune's:
//	               neptune-db:ReadDataViaQuery and so on
//	function       the function whose URL is called, which that does not tell
//	graphql        the GraphQL API whose host is called, which that does not tell
//	api            the API whose custom domain is called, and its stage: ID/STAGE,
//	               or an ARN that ends so
//	base_path      what paths begin with at the custom domain, before the stage's
//	               do. A path below that the domain maps to another API is read as
//	               this one's: what is minted does not reach that API; under
//	               "unminted: true" the function's role may
//	cluster        the resource id of the cluster of Neptune's whose host is called
//	account        the account that owns the APIs, in place of the function's
//
// assume, of STS:
//
//	role           sts:AssumeRole, of names or ARNs
//	tags           sts:TagSession: true for any tags, a list of keys, or a mapping
//	               of keys to the values they may have
//
// # allow
//
// A list of entries, for everything that the kinds do not name:
//
//	actions        service:Action, with * and ?; or "*"
//	resources      ARNs, with * and ?, ${*}, ${?}, ${$} and
//	               ${aws:PrincipalAccount}; or "*"
//	when, via, mint
//	               as above
//
// Actions are looked up in the list of those that exist. Nothing is pinned to
// an account here.
//
//	anonymous  true: the grant is for calls that nobody has signed, and for no
//	           others: those of a public bucket, of a web identity, of who is
//	           signing in. They go on unsigned; conditions on what only AWS sees
//	           do not hold for them
//
// # egress
//
// A list of hosts that are not AWS's, each with its port, which the function may
// connect to through the proxy. Without the key these are left alone; an empty
// list is none of them.
//
//	egress:
//	  - api.stripe.com              # at port 443
//	  - "*.example.com:8443"        # all names below example.com
//	  - "db-*.internal.example.com:*"   # in a label, any characters; all ports
//	  - 10.0.0.0/8:5432             # what is asked for by its address
//	  - "[2001:db8::/32]:443"
//
// A name does not grant the addresses that it stands for, nor a block of
// addresses the names in it. Calls to AWS's own hosts are decided by the grants
// alone. Loopback, link-local and metadata addresses are not reached whatever
// stands here, and neither is a name that leads to one. What goes round the proxy
// is not held to it.
//
// # when
//
// Conditions in IAM's words: operators, each with condition keys, each with a
// value or a list of values.
//
//	when:
//	  StringLike: {"s3:prefix": ["in/*", "home/${aws:PrincipalTag/user}/*"]}
//	  NumericLessThanEquals: {"s3:max-keys": 100}
//	  "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": tenant-1}
//	  Null: {"dynamodb:LeadingKeys": false}
//
// The operators are IAM's: String(Not)Equals, String(Not)EqualsIgnoreCase,
// String(Not)Like; Numeric and Date with (Not)Equals, LessThan(Equals) and
// GreaterThan(Equals); Bool; BinaryEquals; (Not)IpAddress; Arn(Not)Equals and
// Arn(Not)Like; each with IfExists behind it and ForAllValues: or ForAnyValue:
// before it; and Null. They mean what they mean in IAM. All conditions have to hold, of one condition's values any, or none where
// the operator is negated. A key that is missing passes negated operators,
// IfExists and ForAllValues, which is warned of where nothing else demands the
// key.
//
// Keys are looked up in the list of those that the actions' services have, and
// compare without case. Values of strings and ARNs may have variables, of any key
// that has one value: ${aws:PrincipalTag/team}, with a default as in
// ${aws:PrincipalTag/team, 'none'}; what a variable stands for is literal. The
// literal characters are ${*}, ${?} and ${$}. Numbers, dates and truth values
// need no quotes. A date is one of ISO 8601, or seconds since 1970.
//
// What stands in a call, and what is known of all of them, is evaluated here.
// What AWS alone sees is taken to hold here, and stands in the session policies,
// where AWS evaluates it; where "unminted: true" has none, the condition is an
// error. [Deferred] says which keys these are. A condition on kms:ViaService or
// aws:CalledVia is one on who makes the call: it works as "via" does. A call by
// Signature Version 4A may go to several regions, or to any: a condition on
// aws:RequestedRegion then has to hold of each of them.
//
// # Not built yet
//
// These are part of the design and an error in this version, which says so: at
// the top log_group and limits; "${event: …}" in strings.
package manifest
