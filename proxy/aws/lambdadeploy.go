package aws

import (
	"fmt"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// lambdaStated adds a condition key from a member, if it is there.
func lambdaStated(req *manifest.Request, members tree, name, key string) error {
	v, err := text(members, name)
	if v != "" {
		with(req, key, v)
	}
	return err
}

// mappedFunction adds the function that an event source is mapped to, which is
// what these actions can be bound by: they have no function as a resource.
func (in *input) mappedFunction(req *manifest.Request, members tree) error {
	name, err := text(members, "FunctionName")
	if err != nil || name == "" {
		return err
	}
	arn, err := in.function(name, "", true)
	with(req, "lambda:FunctionArn", arn)
	return err
}

// deployment adds what deploying code or configuration says for conditions,
// and returns what Lambda does for it with the caller's own rights: passing a
// role and a capacity provider, reading layers and the code in S3. (AWS Lambda
// Developer Guide, "Identity-based IAM policies for Lambda"; Service
// Authorization Reference, "AWS Lambda".)
func (in *input) deployment(req *manifest.Request, members tree) ([]manifest.Request, error) {
	var more []manifest.Request
	permissions, err := object(members, "PermissionsConfig")
	if err != nil {
		return nil, err
	}
	for _, m := range []struct {
		members tree
		name    string
	}{{members, "Role"}, {permissions, "CapacityProviderOperatorRoleArn"}} {
		role, err := text(m.members, m.name)
		if err != nil {
			return nil, err
		}
		if role == "" {
			continue
		}
		pass, err := in.passRole(role, "lambda.amazonaws.com")
		if err != nil {
			return nil, err
		}
		more = append(more, pass)
	}
	if err := lambdaStated(req, members, "CodeSigningConfigArn", "lambda:CodeSigningConfigArn"); err != nil {
		return nil, err
	}
	vpc, err := object(members, "VpcConfig")
	if err != nil {
		return nil, err
	}
	for _, m := range []struct{ name, key string }{{"SubnetIds", "lambda:SubnetIds"}, {"SecurityGroupIds", "lambda:SecurityGroupIds"}} {
		ids, err := texts(vpc.get(m.name), m.name)
		if err != nil {
			return nil, err
		}
		with(req, m.key, ids...)
	}
	layers, err := texts(members.get("Layers"), "Layers")
	if err != nil {
		return nil, err
	}
	with(req, "lambda:Layer", layers...)
	for _, layer := range layers {
		get := unknown("lambda:GetLayerVersion") // Lambda takes ARNs alone
		if strings.HasPrefix(layer, "arn:") {
			if _, _, err := in.here("lambda", layer); err != nil {
				return nil, err
			}
			get = request("lambda:GetLayerVersion", layer)
		}
		more = append(more, get)
	}
	provider, err := capacityProvider(members)
	if err != nil {
		return nil, err
	}
	if provider != "" {
		if _, _, err := in.here("lambda", provider); err != nil {
			return nil, err
		}
		more = append(more, request("lambda:PassCapacityProvider", provider))
	}
	code, err := in.codeObject(members)
	return append(more, code...), err
}

func capacityProvider(members tree) (string, error) {
	config, err := object(members, "CapacityProviderConfig")
	if err != nil {
		return "", err
	}
	managed, err := object(config, "LambdaManagedInstancesCapacityProviderConfig")
	if err != nil {
		return "", err
	}
	return text(managed, "CapacityProviderArn")
}

// codeObject returns the request for the object in S3 that code comes from.
func (in *input) codeObject(members tree) ([]manifest.Request, error) {
	from := members
	for _, name := range []string{"Code", "Content"} {
		if members.get(name) == nil {
			continue
		}
		var err error
		if from, err = object(members, name); err != nil {
			return nil, err
		}
	}
	bucket, err := text(from, "S3Bucket")
	if err != nil || bucket == "" {
		return nil, err
	}
	key, err := text(from, "S3Key")
	if err != nil {
		return nil, err
	}
	version, err := text(from, "S3ObjectVersion")
	if err != nil {
		return nil, err
	}
	if !isName(bucket, ".-_") || key == "" {
		return nil, fmt.Errorf("%.120q of bucket %.80q is no object in S3", key, bucket)
	}
	action := "s3:GetObject"
	if version != "" {
		action = "s3:GetObjectVersion"
	}
	return []manifest.Request{request(action, "arn:"+in.partition+":s3:::"+bucket+"/"+key)}, nil
}
