// Command stream-transform is a Lambda function that passes clicks on from one
// stream to another, without what nobody needs of them.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/netip"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// target is the stream that clicks are passed on to.
const target = "clicks-clean"

// A click is what comes; a clean one goes without its visitor.
type click struct {
	Visitor string `json:"visitor,omitempty"`
	Address string `json:"address"`
	Page    string `json:"page"`
	Bot     bool   `json:"bot,omitempty"`
}

func main() {
	c, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	client := kinesis.NewFromConfig(c)
	lambda.Start(func(ctx context.Context, event events.KinesisEvent) (events.KinesisEventResponse, error) {
		return transform(ctx, client, event)
	})
}

// transform passes on what event has. A record that cannot be read, or that the
// target did not take, is named in the answer, from which on Lambda calls again.
func transform(ctx context.Context, client *kinesis.Client, event events.KinesisEvent) (answer events.KinesisEventResponse, err error) {
	again := func(number string) {
		answer.BatchItemFailures = append(answer.BatchItemFailures, events.KinesisBatchItemFailure{ItemIdentifier: number})
	}
	var entries []types.PutRecordsRequestEntry
	var numbers []string
	for _, r := range event.Records {
		out, keep, err := clean(r.Kinesis.Data)
		if err != nil {
			log.Printf("record %s: %v", r.Kinesis.SequenceNumber, err)
			again(r.Kinesis.SequenceNumber)
			break // what comes behind it comes again as well
		}
		if keep {
			entries = append(entries, types.PutRecordsRequestEntry{Data: out, PartitionKey: aws.String(r.Kinesis.PartitionKey)})
			numbers = append(numbers, r.Kinesis.SequenceNumber)
		}
	}
	if len(entries) == 0 {
		return answer, nil
	}
	put, err := client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: aws.String(target), Records: entries})
	if err != nil {
		return answer, err
	}
	for i, r := range put.Records {
		if r.ErrorCode != nil {
			again(numbers[i])
		}
	}
	return answer, nil
}

// clean returns a click without its visitor and the last part of his address.
// Bots' are not kept.
func clean(data []byte) (out []byte, keep bool, err error) {
	var c click
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, false, fmt.Errorf("this is no click: %w", err)
	}
	if c.Bot {
		return nil, false, nil
	}
	address, err := netip.ParseAddr(c.Address)
	if err != nil {
		return nil, false, err
	}
	bits := 24
	if address.Is6() {
		bits = 48
	}
	network, err := address.Prefix(bits)
	if err != nil {
		return nil, false, err
	}
	c.Visitor, c.Address = "", network.String()
	out, err = json.Marshal(c)
	return out, true, err
}
