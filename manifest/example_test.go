package manifest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/lambda-remit/remit/manifest"
)

const mission = `function: generate-thumbnail
credentials:
  role: self
permissions:
  object_storage:
    bucket: media-eu
    read_prefix: uploads/images/
    write_prefix: derived/thumbnails/
  queue:
    publish: image-processing-results
  secrets:
    read: [image-signing-key]
`

func ExampleParse() {
	m, err := manifest.Parse("remit.yaml", []byte(mission), manifest.Options{Region: "eu-west-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, g := range m.Grants {
		fmt.Println(g, g.Actions[0], g.Resources[0])
	}
	// Output:
	// remit.yaml:7 object_storage.read_prefix s3:GetObject arn:aws:s3:::media-eu/uploads/images/*
	// remit.yaml:8 object_storage.write_prefix s3:PutObject arn:aws:s3:::media-eu/derived/thumbnails/*
	// remit.yaml:10 queue.publish sns:Publish arn:aws:sns:eu-west-1:${aws:PrincipalAccount}:image-processing-results
	// remit.yaml:12 secrets.read secretsmanager:GetSecretValue arn:aws:secretsmanager:eu-west-1:${aws:PrincipalAccount}:secret:image-signing-key-??????
}

// Every mistake is reported at once, where it stands.
func ExampleParse_mistakes() {
	_, err := manifest.Parse("remit.yaml", []byte(`
credentials: {role: self, mint: adaptiv}
permissions:
  object_storge: {bucket: media-eu}
allow:
  - actions: s3:GetObjct
    resources: arn:aws:s3:::media-eu/*
`), manifest.Options{})
	fmt.Println(err)
	// Output:
	// remit.yaml:2:33: mint: "adaptiv" is not "adaptive" or "call" or "grant"; did you mean "adaptive"?
	// remit.yaml:4:3: "permissions" has no key "object_storge"; did you mean "object_storage"?
	// remit.yaml:6:14: action "s3:GetObjct" does not exist; did you mean "s3:GetObject"?
}

// A copy makes two requests, and needs both.
func ExampleManifest_Decide() {
	m, err := manifest.Parse("remit.yaml", []byte(mission), manifest.Options{Region: "eu-west-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	get := manifest.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::media-eu/uploads/images/cat.png"}
	put := manifest.Request{Action: "s3:PutObject", Resource: "arn:aws:s3:::media-eu/uploads/images/cat-2.png"}
	d := m.Decide(get, put)
	fmt.Println(d.Allowed, d.Reason)
	fmt.Println("denied: ", d.Denied.Action, d.Denied.Resource)
	fmt.Println("nearest:", d.Nearest)
	// Output:
	// false no-resource
	// denied:  s3:PutObject arn:aws:s3:::media-eu/uploads/images/cat-2.png
	// nearest: remit.yaml:8 object_storage.write_prefix
}

func ExampleLiteral() {
	key := manifest.Literal("in/*.png")
	fmt.Println(key, key.Match("in/*.png", nil), key.Match("in/cat.png", nil))
	// Output:
	// in/${*}.png true false
}

// What stands in a call is decided here; what AWS alone sees is left to the
// session policy.
func ExampleManifest_Decide_conditions() {
	m, err := manifest.Parse("remit.yaml", []byte(`
credentials: {role: self}
allow:
  actions: s3:ListBucket
  resources: "arn:aws:s3:::media-eu"
  when:
    StringLike: {"s3:prefix": uploads/*}
    IpAddress: {"aws:SourceIp": 10.0.0.0/8}
`), manifest.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, prefix := range []string{"uploads/2026/", "billing/"} {
		d := m.Decide(manifest.Request{
			Action:   "s3:ListBucket",
			Resource: "arn:aws:s3:::media-eu",
			Context:  map[string][]string{"s3:prefix": {prefix}},
		})
		fmt.Printf("%s %v %q\n", prefix, d.Allowed, d.Reason)
	}
	// Output:
	// uploads/2026/ true ""
	// billing/ false "no-condition"
}

func ExampleDeferred() {
	for _, key := range []string{"s3:prefix", "aws:SourceIp", "kms:ViaService"} {
		fmt.Println(key, manifest.Deferred(key))
	}
	// Output:
	// s3:prefix false
	// aws:SourceIp true
	// kms:ViaService false
}

// Any of the values may be passed, so the largest says it all.
func ExampleCondition_Simple() {
	c := manifest.Condition{Operator: "NumericLessThan", Key: "s3:max-keys", Values: []string{"10", "100", "50"}}
	fmt.Println(c.Simple().Values)
	// Output:
	// [100]
}

func ExampleManifest_Missing() {
	m, err := manifest.Parse("remit.yaml", []byte(`
credentials: {role: "arn:aws:iam::123456789012:role/calls"}
permissions:
  queue: {send: [orders]}
`), manifest.Options{Region: "eu-west-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range []manifest.Request{
		{Action: "s3:GetObject", Resource: "arn:aws:s3:::media-eu/uploads/a.jpg"},
		{Action: "sqs:SendMessage", Resource: "arn:aws:sqs:eu-west-1:123456789012:jobs"},
		{Action: "ec2:DescribeInstances", Resource: "*"},
	} {
		for _, p := range m.Missing(r) {
			fmt.Println(p)
		}
	}
	// Output:
	// permissions.object_storage: {bucket: media-eu, read: [uploads/a.jpg]}
	// add jobs to permissions.queue.send
	// allow: {actions: [ec2:DescribeInstances], resources: ["*"]}
}

func ExamplePermission_YAML() {
	var none manifest.Manifest
	for _, p := range none.Missing(manifest.Request{Action: "dynamodb:PutItem", Resource: "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"}) {
		fmt.Println(p.YAML())
	}
	// Output:
	// permissions: {table: {name: "arn:aws:dynamodb:eu-west-1:123456789012:table/orders", write: true}}
}

func ExampleSchema() {
	var schema struct{ Properties map[string]any }
	if err := json.Unmarshal(manifest.Schema(), &schema); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(slices.Sorted(maps.Keys(schema.Properties)))
	// Output:
	// [allow credentials egress function function_identity log mode permissions upstreams]
}
