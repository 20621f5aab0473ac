package aws

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// Amazon SQS speaks JSON 1.0, and to older SDKs the query protocol, version
// 2012-11-05. Its only resource type is the queue, and its actions are its
// operations but for the batches, which are authorized as what they are
// batches of. (Service Authorization Reference, "Amazon SQS"; Amazon SQS API
// Reference.)
var sqsOperations = map[string]struct {
	action string
	by     sqsNaming
}{
	"AddPermission":                {"AddPermission", byQueueURL},
	"CancelMessageMoveTask":        {"CancelMessageMoveTask", byTask},
	"ChangeMessageVisibility":      {"ChangeMessageVisibility", byQueueURL},
	"ChangeMessageVisibilityBatch": {"ChangeMessageVisibility", byQueueURL},
	"CreateQueue":                  {"CreateQueue", byQueueName},
	"DeleteMessage":                {"DeleteMessage", byQueueURL},
	"DeleteMessageBatch":           {"DeleteMessage", byQueueURL},
	"DeleteQueue":                  {"DeleteQueue", byQueueURL},
	"GetQueueAttributes":           {"GetQueueAttributes", byQueueURL},
	"GetQueueUrl":                  {"GetQueueUrl", byQueueName},
	"ListDeadLetterSourceQueues":   {"ListDeadLetterSourceQueues", byQueueURL},
	"ListMessageMoveTasks":         {"ListMessageMoveTasks", bySource},
	"ListQueueTags":                {"ListQueueTags", byQueueURL},
	"ListQueues":                   {"ListQueues", byNothing},
	"PurgeQueue":                   {"PurgeQueue", byQueueURL},
	"ReceiveMessage":               {"ReceiveMessage", byQueueURL},
	"RemovePermission":             {"RemovePermission", byQueueURL},
	"SendMessage":                  {"SendMessage", byQueueURL},
	"SendMessageBatch":             {"SendMessage", byQueueURL},
	"SetQueueAttributes":           {"SetQueueAttributes", byQueueURL},
	"StartMessageMoveTask":         {"StartMessageMoveTask", bySource},
	"TagQueue":                     {"TagQueue", byQueueURL},
	"UntagQueue":                   {"UntagQueue", byQueueURL},
}

// A sqsNaming says how an operation names its queue.
type sqsNaming int

const (
	byNothing   sqsNaming = iota // it is about no queue
	byQueueURL                   // by QueueUrl, or by the path of the request
	byQueueName                  // by QueueName, and QueueOwnerAWSAccountId
	bySource                     // by SourceArn
	byTask                       // by TaskHandle, which is opaque
)

// A sqsCall is a call to SQS in either protocol, less the protocol.
type sqsCall struct {
	operation string
	member    func(name string) (string, error) // "" where it is absent
	tags      func() ([]tag, error)
}

// readSQS reads a call to Amazon SQS.
func readSQS(in *input, call *proxy.Call) error {
	c, err := in.sqs()
	op, known := sqsOperations[c.operation]
	if known {
		call.Operation = c.operation
	}
	switch {
	case err != nil:
		return err
	case !known:
		return fmt.Errorf("operation %.60q of SQS is not known", c.operation)
	case in.path != "/" && op.by != byQueueURL:
		return fmt.Errorf("path %.120q of %s, which is about no queue's URL", in.path, c.operation)
	}
	switch op.by {
	case byTask:
		if handle, err := c.member("TaskHandle"); err != nil || handle == "" {
			return errors.Join(errors.New("member \"TaskHandle\" is not there"), err)
		}
		call.Requests = []manifest.Request{unknown("sqs:" + op.action)}
		return nil
	case byNothing:
		call.Requests = []manifest.Request{request("sqs:"+op.action, "*")}
		return nil
	}
	resource, err := in.queue(call, c, op.by)
	if err != nil {
		return err
	}
	call.Requests = []manifest.Request{request("sqs:"+op.action, resource)}
	switch c.operation {
	case "StartMessageMoveTask":
		return moveMessages(in, call, c, resource)
	case "CreateQueue", "TagQueue":
		tags, err := c.tags()
		if err != nil {
			return err
		}
		withTags(&call.Requests[0], tags)
		if c.operation == "CreateQueue" && len(tags) > 0 {
			// To tag what it creates, the caller needs both. (Amazon SQS API
			// Reference, CreateQueue, "tags".)
			tagging := request("sqs:TagQueue", resource)
			withTags(&tagging, tags)
			call.Requests = append(call.Requests, tagging)
		}
	case "UntagQueue":
		keys, err := c.tags()
		if err != nil {
			return err
		}
		withTagKeys(&call.Requests[0], keys)
	}
	return nil
}

// moveMessages adds what a move of messages needs besides: it reads and
// deletes them at the source and sends them to the destination with the
// caller's rights, so that a call could otherwise reach a queue that the
// function may not send to. Without a destination they go back where they
// came from, which only SQS knows. (Amazon SQS API Reference,
// StartMessageMoveTask, "DestinationArn".)
func moveMessages(in *input, call *proxy.Call, c sqsCall, source string) error {
	for _, action := range []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"} {
		call.Requests = append(call.Requests, request(action, source))
	}
	destination, err := c.member("DestinationArn")
	switch {
	case err != nil:
		return err
	case destination == "":
		call.Requests = append(call.Requests, unknown("sqs:SendMessage"))
		return nil
	}
	if destination, err = in.queueARN(destination); err != nil {
		return err
	}
	call.Requests = append(call.Requests, request("sqs:SendMessage", destination))
	return nil
}

// queue returns the ARN of the queue that a call names.
func (in *input) queue(call *proxy.Call, c sqsCall, by sqsNaming) (string, error) {
	switch by {
	case bySource:
		source, err := c.member("SourceArn")
		if err != nil {
			return "", err
		}
		return in.queueARN(source)
	case byQueueName:
		name, err1 := c.member("QueueName")
		owner, err2 := c.member("QueueOwnerAWSAccountId")
		switch {
		case err1 != nil || err2 != nil:
			return "", errors.Join(err1, err2)
		case !isQueueName(name):
			return "", fmt.Errorf("%.120q is no name of a queue", name)
		case owner == "":
			return in.arn("sqs", name)
		case !isAccount(owner) || c.operation == "CreateQueue":
			return "", fmt.Errorf("member \"QueueOwnerAWSAccountId\" is %.40q", owner)
		}
		return "arn:" + in.partition + ":sqs:" + in.region + ":" + owner + ":" + name, nil
	}
	stated, err := c.member("QueueUrl")
	if err != nil {
		return "", err
	}
	var path, member queueURL
	if in.path != "/" {
		if path, err = in.queueURL(in.path); err != nil {
			return "", err
		}
	}
	if stated != "" {
		if member, err = in.queueURL(stated); err != nil {
			return "", err
		}
	}
	switch {
	case in.path == "/" && stated == "":
		return "", errors.New("neither member \"QueueUrl\" nor the path names a queue")
	case stated == "":
		return path.arn(in)
	case in.path != "/" && path != member:
		return "", fmt.Errorf("path %.120q and member \"QueueUrl\" %.200q name different queues", in.path, stated)
	}
	return member.arn(in.follow(call, member))
}

// queueARN returns s if it is an ARN of SQS in the call's region.
func (in *input) queueARN(s string) (string, error) {
	_, _, err := in.here("sqs", s)
	return s, err
}

// isQueueName reports whether s is a queue's name: up to 80 letters, digits,
// hyphens and underscores, ".fifo" at the end included. (Amazon SQS API
// Reference, CreateQueue, "QueueName".)
func isQueueName(s string) bool {
	return len(s) <= 80 && isName(strings.TrimSuffix(s, ".fifo"), "-_")
}
