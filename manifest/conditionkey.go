package manifest

import (
	"slices"
	"strings"
)

// A conditionKey is one that IAM knows.
type conditionKey struct {
	name   string // as IAM spells it; "*" stands for what is the caller's to choose: "aws:ResourceTag/*"
	sort   string // of its value: String, Numeric, Date, Bool, ARN or IPAddress
	listed bool   // it can have several values at once
}

// matches reports whether key is k, in any case.
func (k conditionKey) matches(key string) bool {
	name := strings.ToLower(k.name)
	key = strings.ToLower(key)
	before, after, open := strings.Cut(name, "*")
	if !open {
		return name == key
	}
	return len(key) > len(before)+len(after) && strings.HasPrefix(key, before) && strings.HasSuffix(key, after)
}

// globalKeys are the condition keys that do not belong to one service, and of
// those that do, the ones that roles carry into every service. (IAM User Guide,
// "AWS global condition context keys".)
func globalKeys() []conditionKey {
	return []conditionKey{
		{"aws:AssumedRoot", "Bool", false},
		{"aws:CalledVia", "String", true},
		{"aws:CalledViaFirst", "String", false},
		{"aws:CalledViaLast", "String", false},
		{"aws:ChatbotSourceArn", "ARN", false},
		{"aws:CurrentTime", "Date", false},
		{"aws:Ec2InstanceSourcePrivateIPv4", "IPAddress", false},
		{"aws:Ec2InstanceSourceVpc", "String", false},
		{"aws:EpochTime", "Date", false},
		{"aws:FederatedProvider", "String", false},
		{"aws:MultiFactorAuthAge", "Numeric", false},
		{"aws:MultiFactorAuthPresent", "Bool", false},
		{"aws:PrincipalAccount", "String", false},
		{"aws:PrincipalArn", "ARN", false},
		{"aws:PrincipalIsAWSService", "Bool", false},
		{"aws:PrincipalOrgID", "String", false},
		{"aws:PrincipalOrgPaths", "String", true},
		{"aws:PrincipalServiceName", "String", false},
		{"aws:PrincipalServiceNamesList", "String", true},
		{"aws:PrincipalTag/*", "String", false},
		{"aws:PrincipalType", "String", false},
		{"aws:referer", "String", false},
		{"aws:RequestedRegion", "String", false},
		{"aws:RequestTag/*", "String", false},
		{"aws:ResourceAccount", "String", false},
		{"aws:ResourceOrgID", "String", false},
		{"aws:ResourceOrgPaths", "String", true},
		{"aws:ResourceTag/*", "String", false},
		{"aws:SecureTransport", "Bool", false},
		{"aws:SourceAccount", "String", false},
		{"aws:SourceArn", "ARN", false},
		{"aws:SourceIdentity", "String", false},
		{"aws:SourceIp", "IPAddress", false},
		{"aws:SourceOrgID", "String", false},
		{"aws:SourceOrgPaths", "String", true},
		{"aws:SourceVpc", "String", false},
		{"aws:SourceVpcArn", "ARN", false},
		{"aws:SourceVpce", "String", false},
		{"aws:TagKeys", "String", true},
		{"aws:TokenIssueTime", "Date", false},
		{"aws:UserAgent", "String", false},
		{"aws:userid", "String", false},
		{"aws:username", "String", false},
		{"aws:ViaAWSService", "Bool", false},
		{"aws:VpceAccount", "String", false},
		{"aws:VpceOrgID", "String", false},
		{"aws:VpceOrgPaths", "String", true},
		{"aws:VpcSourceIp", "IPAddress", false},
		{"ec2:SourceInstanceArn", "ARN", false},
		{"lambda:SourceFunctionArn", "ARN", false},
	}
}

// conditionKeys returns the keys that conditions on actions of a service can be
// on, beside the global ones.
func (s *service) conditionKeys() []conditionKey {
	var all []conditionKey
	for _, word := range s.keys {
		name, sort, _ := strings.Cut(word, "=")
		if strings.HasPrefix(name, ":") {
			name = s.prefix + name
		}
		k := conditionKey{name: name, sort: "String"}
		if sort != "" {
			k.sort = sort
		}
		if of, listed := strings.CutPrefix(sort, "ArrayOf"); listed {
			k.sort, k.listed = of, true
		}
		all = append(all, k)
	}
	return all
}

// keyOf returns what is known of a condition key on actions of services. Those
// of all services are asked if services is nil.
func (p *parser) keyOf(key string, services []string) (conditionKey, bool) {
	known := globalKeys()
	if services == nil {
		prefix, _, _ := strings.Cut(strings.ToLower(key), ":")
		services = []string{prefix}
	}
	for _, prefix := range services {
		if s := p.service(prefix); s != nil {
			known = append(known, s.conditionKeys()...)
		}
	}
	i := slices.IndexFunc(known, func(k conditionKey) bool { return k.matches(key) })
	if i < 0 {
		return conditionKey{}, false
	}
	return known[i], true
}

// didYouMeanKey suggests a condition key of services.
func (p *parser) didYouMeanKey(key string, services []string) string {
	known := globalKeys()
	for _, prefix := range services {
		if s := p.service(prefix); s != nil {
			known = append(known, s.conditionKeys()...)
		}
	}
	if !strings.Contains(key, ":") && len(services) > 0 {
		key = services[0] + ":" + key
	}
	var names []string
	for _, k := range known {
		// What is the caller's to choose is not misspelled.
		name := k.name
		if before, after, open := strings.Cut(name, "*"); open {
			tail := key[min(len(before), len(key)):]
			if i := strings.LastIndexByte(key, before[len(before)-1]); i >= 0 {
				tail = key[i+1:]
			}
			if tail == "" {
				tail = "NAME"
			}
			name = before + tail + after
		}
		names = append(names, name)
	}
	return p.didYouMean(key, names)
}

// Deferred reports whether a condition key is one whose absence from a request
// says nothing here, because only AWS sees it: whose the resource is, how the
// principal is tagged, what a service's API has in places that this version
// does not read. A condition on such a key that [Request.Context] does not have
// is taken to hold by [Manifest.Decide], and stands in the session policy,
// where AWS evaluates it. Where no credentials are minted there is no such
// policy, and [Parse] refuses the condition.
//
// Not deferred, and evaluated here, are:
//
//   - what is known of every call that a function makes itself: it is made by
//     no service (aws:CalledVia, aws:CalledViaFirst, aws:CalledViaLast,
//     kms:ViaService, aws:PrincipalServiceName, aws:PrincipalServiceNamesList,
//     aws:SourceArn, aws:SourceAccount, aws:SourceOrgID and aws:SourceOrgPaths
//     are absent; aws:ViaAWSService and aws:PrincipalIsAWSService are false),
//     and it goes on under TLS (aws:SecureTransport), unless its upstream is an
//     http one;
//   - what tells a call from one that comes by something else that is granted:
//     bedrock:InferenceProfileArn and PromptRouterArn, of models behind a
//     profile or a router, and lambda:InvokedViaFunctionUrl, are absent;
//   - what the reader of every call tells: aws:RequestedRegion,
//     aws:CurrentTime, aws:EpochTime;
//   - what the readers of these services tell wherever it stands in a call:
//     of S3, all that stands in headers and parameters (s3:prefix,
//     s3:delimiter, s3:max-keys, s3:versionid, s3:x-amz-…, s3:if-match,
//     s3:if-none-match, s3:object-lock-…, s3:RequestObjectTag/…,
//     s3:RequestObjectTagKeys, s3:ObjectCreationOperation, s3:authType,
//     s3:signatureversion, s3:locationconstraint); of directory buckets,
//     s3express:SessionMode, LocationName, authType, signatureversion and
//     s3express:x-amz-…; of DynamoDB,
//     dynamodb:EnclosingOperation; of KMS, kms:EncryptionContext:…,
//     EncryptionContextKeys, SigningAlgorithm, MacAlgorithm, RequestAlias; of
//     SNS, sns:Protocol and sns:Endpoint; of Secrets Manager, SecretId; of SSM,
//     ssm:Recursive and ssm:Overwrite; of EventBridge, events:source and
//     events:detail-type; of Step Functions, states:StateMachineQualifier; of
//     STS, sts:ExternalId and sts:RoleSessionName.
//
// Which key of an item is its table's partition key, DynamoDB knows alone, and
// what a service takes where a call says nothing, that service. So
// dynamodb:LeadingKeys, Attributes, Select, ReturnValues and FullTableScan are
// evaluated where a call shows them, and deferred where it does not; and so are
// kms:EncryptionAlgorithm, kms:MessageType, secretsmanager:VersionStage, and
// ses:FromAddress, which stands in the message where that is a raw one.
func Deferred(key string) bool {
	key = strings.ToLower(key)
	for _, before := range []string{"s3:requestobjecttag/", "s3:x-amz-", "s3express:x-amz-", "kms:encryptioncontext:"} {
		if strings.HasPrefix(key, before) {
			return false
		}
	}
	switch key {
	case "aws:calledvia", "aws:calledviafirst", "aws:calledvialast", "aws:viaawsservice", "kms:viaservice",
		"aws:principalisawsservice", "aws:principalservicename", "aws:principalservicenameslist",
		"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths",
		"bedrock:inferenceprofilearn", "bedrock:promptrouterarn", "lambda:invokedviafunctionurl",
		"aws:securetransport", "aws:requestedregion", "aws:currenttime", "aws:epochtime",

		"s3:prefix", "s3:delimiter", "s3:max-keys", "s3:versionid", "s3:if-match", "s3:if-none-match",
		"s3:annotation-prefix", "s3:max-annotation-results", "s3:authtype", "s3:signatureversion",
		"s3:locationconstraint", "s3:objectcreationoperation", "s3:requestobjecttagkeys",
		"s3:object-lock-mode", "s3:object-lock-retain-until-date", "s3:object-lock-legal-hold",
		"s3:object-lock-event-hold", "s3:object-lock-event-hold-duration-days",

		"s3express:sessionmode", "s3express:authtype", "s3express:signatureversion", "s3express:locationname",
		"dynamodb:enclosingoperation",
		"kms:encryptioncontextkeys", "kms:signingalgorithm", "kms:macalgorithm", "kms:requestalias",
		"sns:protocol", "sns:endpoint",
		"events:source", "events:detail-type", "states:statemachinequalifier", "sts:externalid", "sts:rolesessionname",
		"secretsmanager:secretid",
		"ssm:recursive", "ssm:overwrite":
		return false
	}
	return key != ""
}
