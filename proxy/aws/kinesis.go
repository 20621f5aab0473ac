package aws

import (
	"fmt"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// kinesis is what the tables do not say of Amazon Kinesis Data Streams: that a
// stream named twice is one, that a consumer may go by its name and its stream's,
// and what the reference leaves open. (Amazon Kinesis Data Streams API Reference,
// "StreamARN", "StreamName" and "StreamId" of each operation; Service
// Authorization Reference, "Amazon Kinesis Data Streams".)
func kinesis(operation string) reading {
	switch operation {
	case "AddTagsToStream", "CreateStream", "DecreaseStreamRetentionPeriod", "DeleteStream", "DescribeStream",
		"DescribeStreamSummary", "GetRecords", "GetShardIterator", "IncreaseStreamRetentionPeriod", "ListShards",
		"ListStreamConsumers", "ListTagsForStream", "MergeShards", "PutRecord", "PutRecords", "RegisterStreamConsumer",
		"RemoveTagsFromStream", "SplitShard", "UpdateMaxRecordSize", "UpdateStreamRecordDistributionStrategy",
		"UpdateStreamWarmThroughput":
		return onStream
	case "StartStreamEncryption", "StopStreamEncryption":
		return encryptStream
	case "DeregisterStreamConsumer", "DescribeStreamConsumer":
		return onConsumer
	case "DisableEnhancedMonitoring", "EnableEnhancedMonitoring", "UpdateShardCount", "UpdateStreamMode":
		// The reference has no resource for them; AWS's own examples grant them on
		// a stream. Which of the two it compares is left to it.
		return func(c *tableCall) ([]manifest.Request, error) {
			_, err := c.streams()
			return []manifest.Request{unknown("kinesis:" + operation)}, err
		}
	}
	return nil
}

// onStream asks for the call's stream.
func onStream(c *tableCall) ([]manifest.Request, error) {
	all, err := c.streams()
	if err != nil {
		return nil, err
	}
	return all, c.tag(all)
}

// streams asks for the stream that the call names, by name, by ARN or by both.
// An id, which is reserved, may be any stream's, and so may an iterator.
func (c *tableCall) streams() ([]manifest.Request, error) {
	action := "kinesis:" + c.operation.name
	arn, named, err := c.text("b.StreamARN")
	if err != nil {
		return nil, err
	}
	if named {
		if arn, err = c.stated("kinesis", arn); err != nil {
			return nil, err
		}
	}
	name, ok, err := c.text("b.StreamName")
	if err != nil {
		return nil, err
	}
	if ok {
		if !isName(name, "_.-") {
			return nil, fmt.Errorf("%.160q is no name of a stream", name)
		}
		// Of another account's stream, only its ARN says that it is.
		if _, last, _ := strings.Cut(arn, ":stream/"); named && last != name {
			return nil, fmt.Errorf("StreamName %.160q and StreamARN %.160q are two streams", name, arn)
		}
		if !named {
			if arn, err = c.fill("kinesis:{r}:{a}:stream/{/:}", []string{name}); err != nil {
				return nil, err
			}
			named = true
		}
	}
	_, id, err := c.text("b.StreamId")
	if err != nil {
		return nil, err
	}
	var all []manifest.Request
	if named {
		all = append(all, request(action, arn))
	}
	if id || !named {
		all = append(all, unknown(action))
	}
	return all, nil
}

// encryptStream asks for the stream and its key: whose an alias is, the call
// does not tell.
func encryptStream(c *tableCall) ([]manifest.Request, error) {
	all, err := c.streams()
	if err != nil {
		return nil, err
	}
	key, ok, err := c.text("b.KeyId")
	action := "kinesis:" + c.operation.name
	switch {
	case err != nil || !ok:
		return all, err
	case strings.HasPrefix(key, "arn:"):
		if key, err = c.stated("kms", key); err != nil {
			return nil, err
		}
		if !strings.Contains(key, ":alias/") {
			return append(all, request(action, key)), nil
		}
	case !strings.HasPrefix(key, "alias/"):
		arn, err := c.fill("kms:{r}:{a}:key/{/:}", []string{key})
		return append(all, request(action, arn)), err
	}
	return append(all, unknown(action)), nil
}

// onConsumer asks for the call's consumer. Its ARN ends in when it was made, in
// seconds, which a call by name does not tell.
func onConsumer(c *tableCall) ([]manifest.Request, error) {
	action := "kinesis:" + c.operation.name
	var given [3]string
	for i, path := range []string{"b.ConsumerARN", "b.StreamARN", "b.ConsumerName"} {
		v, ok, err := c.text(path)
		if err == nil && ok && i < 2 {
			v, err = c.stated("kinesis", v)
		}
		if err == nil && ok && i == 2 && !isName(v, "_.-") {
			err = fmt.Errorf("%.160q is no name of a consumer", v)
		}
		if err != nil {
			return nil, err
		}
		given[i] = v
	}
	arn, stream, name := given[0], given[1], given[2]
	switch {
	case arn != "":
		owner, own, _ := strings.Cut(arn, "/consumer/")
		if stream != "" && owner != stream || name != "" && !strings.HasPrefix(own, name+":") {
			return nil, fmt.Errorf("ConsumerARN %.200q is not of consumer %.80q of stream %.160q", arn, name, stream)
		}
		return []manifest.Request{request(action, arn)}, nil
	case stream != "" && name != "":
		r := request(action, stream+"/consumer/"+name+":??????????")
		r.Partly = true
		return []manifest.Request{r}, nil
	}
	return []manifest.Request{unknown(action)}, nil
}
