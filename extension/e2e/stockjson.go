package e2e

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
)

// A thing is what moto's services of JSON are given or give.
type thing = map[string]any

// makes calls an operation of one of moto's services, which has to succeed.
func (s *Servers) makes(ctx context.Context, service, target string, input thing) (output thing, err error) {
	body, err := json.Marshal(input)
	if err != nil {
		return nil, err
	}
	kind := "application/x-amz-json-1.1"
	if service == "dynamodb" || service == "sqs" {
		kind = "application/x-amz-json-1.0"
	}
	answer, err := must(ctx, anyone, service, http.MethodPost, s.Moto+"/", http.Header{
		"X-Amz-Target": {target},
		"Content-Type": {kind},
	}, body)
	if err != nil || len(answer) == 0 {
		return nil, err
	}
	return output, json.Unmarshal(answer, &output)
}

// MakeSecret makes a secret.
func (s *Servers) MakeSecret(ctx context.Context, name, value string) error {
	_, err := s.makes(ctx, "secretsmanager", "secretsmanager.CreateSecret", thing{
		"Name": name, "SecretString": value, "ClientRequestToken": "00000000-0000-4000-8000-000000000000"})
	return err
}

// MakeTable makes a table whose key is "id", with an index by each of
// attributes, named after it: by-customer.
func (s *Servers) MakeTable(ctx context.Context, name string, attributes ...string) error {
	key := func(name string) []thing { return []thing{{"AttributeName": name, "KeyType": "HASH"}} }
	defined := []thing{{"AttributeName": "id", "AttributeType": "S"}}
	var indexes []thing
	for _, a := range attributes {
		defined = append(defined, thing{"AttributeName": a, "AttributeType": "S"})
		indexes = append(indexes, thing{"IndexName": "by-" + a, "KeySchema": key(a), "Projection": thing{"ProjectionType": "ALL"}})
	}
	input := thing{"TableName": name, "KeySchema": key("id"), "AttributeDefinitions": defined, "BillingMode": "PAY_PER_REQUEST"}
	if len(indexes) > 0 {
		input["GlobalSecondaryIndexes"] = indexes
	}
	_, err := s.makes(ctx, "dynamodb", "DynamoDB_20120810.CreateTable", input)
	return err
}

// MakeStreamingTable makes a table whose changes are in a stream.
func (s *Servers) MakeStreamingTable(ctx context.Context, name string) error {
	_, err := s.makes(ctx, "dynamodb", "DynamoDB_20120810.CreateTable", thing{
		"TableName": name, "BillingMode": "PAY_PER_REQUEST",
		"KeySchema":            []thing{{"AttributeName": "id", "KeyType": "HASH"}},
		"AttributeDefinitions": []thing{{"AttributeName": "id", "AttributeType": "S"}},
		"StreamSpecification":  thing{"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
	})
	return err
}

// MakeStream makes a stream of Kinesis, of one shard, with a record in it.
func (s *Servers) MakeStream(ctx context.Context, name string) error {
	if _, err := s.makes(ctx, "kinesis", "Kinesis_20131202.CreateStream", thing{"StreamName": name, "ShardCount": 1}); err != nil {
		return err
	}
	_, err := s.makes(ctx, "kinesis", "Kinesis_20131202.PutRecord", thing{"StreamName": name, "Data": "aGVsbG8=", "PartitionKey": "1"})
	return err
}

// MakeLogGroup makes a log group.
func (s *Servers) MakeLogGroup(ctx context.Context, name string) error {
	_, err := s.makes(ctx, "logs", "Logs_20140328.CreateLogGroup", thing{"logGroupName": name})
	return err
}

// MakeQueue makes a queue.
func (s *Servers) MakeQueue(ctx context.Context, name string) error {
	_, err := s.makes(ctx, "sqs", "AmazonSQS.CreateQueue", thing{"QueueName": name})
	return err
}

// MakeParameter makes a parameter.
func (s *Servers) MakeParameter(ctx context.Context, name, value string) error {
	_, err := s.makes(ctx, "ssm", "AmazonSSM.PutParameter", thing{"Name": name, "Value": value, "Type": "String"})
	return err
}

// MakeBus makes an event bus of EventBridge's.
func (s *Servers) MakeBus(ctx context.Context, name string) error {
	_, err := s.makes(ctx, "events", "AWSEvents.CreateEventBus", thing{"Name": name})
	return err
}

// Encrypt encrypts a text under a KMS key, and returns what comes of it in base64.
func (s *Servers) Encrypt(ctx context.Context, key, text string) (string, error) {
	made, err := s.makes(ctx, "kms", "TrentService.Encrypt", thing{"KeyId": key, "Plaintext": base64.StdEncoding.EncodeToString([]byte(text))})
	if err != nil {
		return "", err
	}
	blob, _ := made["CiphertextBlob"].(string)
	return blob, nil
}

// MakeKey makes a KMS key with an alias, and returns its id.
func (s *Servers) MakeKey(ctx context.Context, alias string) (id string, err error) {
	made, err := s.makes(ctx, "kms", "TrentService.CreateKey", thing{})
	if err != nil {
		return "", err
	}
	about, _ := made["KeyMetadata"].(thing)
	if id, _ = about["KeyId"].(string); id == "" {
		return "", fmt.Errorf("moto's key has no id: %v", made)
	}
	_, err = s.makes(ctx, "kms", "TrentService.CreateAlias", thing{"AliasName": alias, "TargetKeyId": id})
	return id, err
}

// MakeFunction makes a function. It does not run: moto answers its invocations
// itself.
func (s *Servers) MakeFunction(ctx context.Context, name string) error {
	if _, err := must(ctx, anyone, "moto", http.MethodPost, s.Moto+"/moto-api/config", http.Header{"Content-Type": {"application/json"}},
		[]byte(`{"lambda": {"use_docker": false}}`)); err != nil {
		return err
	}
	var code bytes.Buffer
	z := zip.NewWriter(&code)
	f, err := z.Create("app.py")
	if err != nil {
		return err
	}
	fmt.Fprintln(f, "def handler(event, context): return event")
	if err := z.Close(); err != nil {
		return err
	}
	body, err := json.Marshal(thing{
		"FunctionName": name, "Runtime": "python3.13", "Handler": "app.handler",
		"Role": "arn:aws:iam::" + Account + ":role/stock", "Code": thing{"ZipFile": code.Bytes()},
	})
	if err != nil {
		return err
	}
	_, err = must(ctx, anyone, "lambda", http.MethodPost, s.Moto+"/2015-03-31/functions", http.Header{"Content-Type": {"application/json"}}, body)
	return err
}
