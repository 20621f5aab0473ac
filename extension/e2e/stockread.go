package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
)

// Item returns the item of a table whose "id" is id, in DynamoDB's words; nil if
// there is none.
func (s *Servers) Item(ctx context.Context, table, id string) (map[string]any, error) {
	got, err := s.makes(ctx, "dynamodb", "DynamoDB_20120810.GetItem", thing{"TableName": table, "Key": thing{"id": thing{"S": id}}})
	if err != nil {
		return nil, err
	}
	item, _ := got["Item"].(thing)
	return item, nil
}

// Records returns what was put into the first shard of a stream of Kinesis.
func (s *Servers) Records(ctx context.Context, stream string) (data []string, err error) {
	got, err := s.makes(ctx, "kinesis", "Kinesis_20131202.GetShardIterator", thing{
		"StreamName": stream, "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"})
	if err != nil {
		return nil, err
	}
	got, err = s.makes(ctx, "kinesis", "Kinesis_20131202.GetRecords", thing{"ShardIterator": got["ShardIterator"]})
	if err != nil {
		return nil, err
	}
	records, _ := got["Records"].([]any)
	for _, r := range records {
		record, _ := r.(thing)
		text, _ := record["Data"].(string)
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, err
		}
		data = append(data, string(b))
	}
	return data, nil
}

// MakeSender has SES send as an address.
func (s *Servers) MakeSender(ctx context.Context, address string) error {
	body, err := json.Marshal(thing{"EmailIdentity": address})
	if err != nil {
		return err
	}
	_, err = must(ctx, anyone, "ses", http.MethodPost, s.Moto+"/v2/email/identities", http.Header{"Content-Type": {"application/json"}}, body)
	return err
}
