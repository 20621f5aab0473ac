package manifest

import (
	"errors"
	"fmt"
	"strings"
)

// stream reads the kind `stream`: streams of Kinesis, and Firehose's delivery
// streams.
func (p *parser) stream(e *entry) {
	if f, has := e.fields["put"]; has {
		if list, ok := p.arns(f, p.streamARN); ok && p.room(f.key, len(list)) {
			// (Amazon Kinesis Data Streams Developer Guide, "Permissions to use
			// user-generated KMS keys".)
			p.grant(e, f, []string{"kinesis:PutRecord", "kinesis:PutRecords"}, list).Needs = p.keyUse(e, "kinesis", ".put", "kms:GenerateDataKey")
		}
	}
	if f, has := e.fields["read"]; has {
		p.readStream(e, f)
	}
	if f, has := e.fields["deliver"]; has {
		// Firehose has the key by a grant of its own, made when encryption was
		// started. (Amazon Data Firehose Developer Guide, "Data protection".)
		if list, ok := p.arns(f, p.deliveryARN); ok && p.room(f.key, len(list)) {
			p.grant(e, f, []string{"firehose:PutRecord", "firehose:PutRecordBatch"}, list)
		}
	}
	if f, has := e.fields["key"]; has && !e.has("put", "read") {
		p.errorf(f.key, `key: Firehose needs no right to a key from who puts records: this is of "put" and "read"`)
	}
}

// readStream reads "read". A stream is read with all of its consumers, and a
// consumer's ARN says that one alone: only SubscribeToShard is about consumers.
func (p *parser) readStream(e *entry, f field) {
	list, ok := p.arns(f, p.readableARN)
	if !ok {
		return
	}
	var streams, consumers []Pattern
	for _, s := range list {
		if strings.Contains(string(s), "/consumer/") {
			consumers = append(consumers, s)
			continue
		}
		streams = append(streams, s)
	}
	if !p.room(f.key, 2*len(streams)+len(consumers)) {
		return
	}
	key := p.keyUse(e, "kinesis", ".read", "kms:Decrypt")
	if len(streams) > 0 {
		p.grant(e, f, []string{"kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:ListShards"}, streams).Needs = key
		for _, s := range streams {
			consumers = append(consumers, s+"/consumer/*")
		}
	}
	p.grantAs(e, f, ".consumer", []string{"kinesis:SubscribeToShard"}, consumers).Needs = key
}

// streamARN returns the pattern of a stream, of which s is the name or the ARN.
func (p *parser) streamARN(s string) (Pattern, error) {
	name, isARN, err := nameIn(s, "kinesis", "stream/", "a stream's")
	if err != nil {
		return "", err
	}
	// (Amazon Kinesis Data Streams API Reference, CreateStream, "StreamName".)
	if !isStream(name, 128) {
		return "", errors.New("a stream is a name of at most 128 letters, digits and _.-, or its ARN; wildcards are for \"allow\"")
	}
	if isARN {
		return Literal(s), nil
	}
	return p.regional("kinesis", "stream/"+Literal(name)), nil
}

// readableARN is streamARN, and the pattern of a consumer whose ARN s is.
func (p *parser) readableARN(s string) (Pattern, error) {
	stream, consumer, ok := strings.Cut(s, "/consumer/")
	if !ok {
		return p.streamARN(s)
	}
	if _, isARN := parseARN(s); !isARN {
		return "", errors.New("a consumer is named by its ARN, which ends in the second of its creation; or name the stream, for all of its consumers")
	}
	if _, err := p.streamARN(stream); err != nil {
		return "", err
	}
	name, created, _ := strings.Cut(consumer, ":")
	if !isStream(name, 128) || created == "" || !made(created, digits) {
		return "", fmt.Errorf("a consumer's ARN ends in its name, a colon and the second of its creation, not in %q", consumer)
	}
	return Literal(s), nil
}

// deliveryARN returns the pattern of a delivery stream of Firehose, of which s is
// the name or the ARN.
func (p *parser) deliveryARN(s string) (Pattern, error) {
	name, isARN, err := nameIn(s, "firehose", "deliverystream/", "a delivery stream's")
	if err != nil {
		return "", err
	}
	// (Amazon Data Firehose API Reference, CreateDeliveryStream.)
	if !isStream(name, 64) {
		return "", errors.New("a delivery stream is a name of at most 64 letters, digits and _.-, or its ARN; wildcards are for \"allow\"")
	}
	if isARN {
		return Literal(s), nil
	}
	return p.regional("firehose", "deliverystream/"+Literal(name)), nil
}

func isStream(s string, longest int) bool {
	return s != "" && len(s) <= longest && made(s, letters+digits+"_.-")
}
