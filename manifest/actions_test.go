package manifest_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/manifest"
)

func TestTheListOfActionsIsWellFormed(t *testing.T) {
	data, err := os.ReadFile("zactions.txt")
	if err != nil {
		t.Fatal(err)
	}
	var prefixes []string
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 5 || f[0] == "" || f[2]+f[3] == "" {
			t.Fatalf("the line of %q has %d fields", f[0], len(f))
		}
		for _, words := range f[1:] {
			if w := strings.Fields(words); !slices.IsSorted(w) || strings.Join(w, " ") != words {
				t.Errorf("%s: %.40q… is not sorted, with one space between", f[0], words)
			}
		}
		prefixes = append(prefixes, f[0])
	}
	if !slices.IsSorted(prefixes) || len(prefixes) < 400 {
		t.Errorf("%d services, sorted: %v", len(prefixes), slices.IsSorted(prefixes))
	}
	if manifest.ActionsRevision == "" {
		t.Error("the list has no revision")
	}
}

// The kinds say by hand which actions they grant, under which conditions: the
// list has to know them, and take the resources for theirs.
func TestEveryActionOfAKindExists(t *testing.T) {
	m, err := manifest.Parse("f", []byte(`
credentials: {role: self}
permissions:
  object_storage: {bucket: media, read_prefix: a/, write_prefix: a/, delete_prefix: a/, list_prefix: a/, versions: true,
    key: [alias/a, 1234abcd-12ab-34cd-56ef-1234567890ab], tags: {a: b}, acl: private, storage_class: GLACIER, create_only: true, via: athena}
  table: {name: orders, index: true, read: true, scan: true, write: true, delete: true, attributes: a, key: alias/a}
  queue: {send: a, receive: a, publish: a, key: alias/a}
  topic: {publish: a}
  event_bus: {put: a, key: alias/a}
  stream: {put: a, read: a, deliver: a, key: alias/a}
  secrets: {read: a}
  parameters: {read: a, path: /a}
  keys: {encrypt: alias/a, decrypt: 1234abcd-12ab-34cd-56ef-1234567890ab, sign: alias/a, verify: alias/a, mac: alias/a}
  functions: {invoke: a}
  workflows: {start: [a, "a:b"], signal: true, key: alias/a}
  email: {send_from: [a@example.com, example.com], configuration_set: a, template: a}
  models: {invoke: [amazon.nova-lite-v1:0, eu.amazon.nova-lite-v1:0, "arn:aws:bedrock:eu-west-1:123456789012:prompt/A"], guardrail: a}
  database: {query: a, secret: a, key: alias/a}
  api:
    - {call: ["GET https://a.execute-api.eu-west-1.amazonaws.com/prod/*", "POST https://a.execute-api.eu-west-1.amazonaws.com/prod/@connections/*"]}
    - {call: "https://a.lambda-url.eu-west-1.on.aws", function: a}
    - {call: "https://a.appsync-api.eu-west-1.amazonaws.com/graphql", graphql: a}
  assume: {role: a, tags: {a: b}}
`), manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Grants) < 30 {
		t.Fatalf("got %d grants", len(m.Grants))
	}
	for _, g := range m.Grants {
		for _, a := range g.Actions {
			src := "credentials: {role: self}\nallow:\n"
			for _, c := range g.Conditions {
				src += fmt.Sprintf("  - {actions: %q, resources: %q, when: {%q: {%q: %q}}}\n", a, g.Resources[0], c.Operator, c.Key, c.Values[0])
			}
			src += fmt.Sprintf("  - {actions: %q, resources: %q}\n", a, g.Resources[0])
			if _, err := manifest.Parse(g.ID, []byte(src), manifest.Options{}); err != nil {
				t.Error(err)
			}
		}
	}
}

// What is known by hand beside the list agrees with it.
func TestEveryKeyThatIsReadHereExists(t *testing.T) {
	for _, key := range []string{
		"s3:prefix", "s3:delimiter", "s3:max-keys", "s3:versionid", "s3:if-match", "s3:if-none-match", "s3:annotation-prefix",
		"s3:max-annotation-results", "s3:authType", "s3:signatureversion", "s3:locationconstraint", "s3:ObjectCreationOperation",
		"s3:RequestObjectTagKeys", "s3:RequestObjectTag/a", "s3:object-lock-mode", "s3:object-lock-retain-until-date",
		"s3:object-lock-legal-hold", "s3:object-lock-event-hold", "s3:object-lock-event-hold-duration-days",
		"s3:x-amz-acl", "s3:x-amz-storage-class", "s3:x-amz-website-redirect-location", "s3:x-amz-server-side-encryption",
		"s3:x-amz-server-side-encryption-aws-kms-key-id", "s3:x-amz-server-side-encryption-customer-algorithm",
		"dynamodb:EnclosingOperation", "kms:EncryptionContextKeys", "kms:EncryptionContext:a", "kms:SigningAlgorithm",
		"kms:MacAlgorithm", "kms:RequestAlias", "kms:ViaService", "sns:Protocol", "sns:Endpoint", "secretsmanager:SecretId",
		"ssm:Recursive", "ssm:Overwrite", "aws:CalledVia", "aws:RequestedRegion", "aws:CurrentTime", "aws:EpochTime",
		"events:source", "events:detail-type", "states:StateMachineQualifier", "sts:ExternalId", "sts:RoleSessionName",
		"bedrock:InferenceProfileArn", "bedrock:PromptRouterArn", "lambda:InvokedViaFunctionUrl",
		"aws:SecureTransport", "aws:ViaAWSService", "aws:PrincipalIsAWSService", "aws:SourceArn", "aws:SourceAccount",
	} {
		if manifest.Deferred(key) {
			t.Errorf("%q is deferred", key)
		}
		src := fmt.Sprintf("credentials: {role: self}\nallow: {actions: '*', resources: '*', when: {'Null': {%q: true}}}", key)
		if _, err := manifest.Parse("f", []byte(src), manifest.Options{}); err != nil {
			t.Error(err)
		}
	}
}
