package manifest

import (
	"errors"
	"fmt"
	"strings"
)

// queue reads the kinds `queue` and `topic`, whose `publish` names topics.
func (p *parser) queue(e *entry) {
	for _, verb := range []struct {
		field, service string
		actions, key   []string
		arn            func(string) (Pattern, error)
	}{
		// What is encrypted under a key takes both to send: a data key may be
		// new, or one to be used again. (Amazon SQS and Amazon SNS Developer
		// Guides, "Key management", "Configuring KMS permissions".)
		{"send", "sqs", []string{"sqs:SendMessage", "sqs:GetQueueUrl"}, []string{"kms:GenerateDataKey", "kms:Decrypt"}, p.queueARN},
		{"receive", "sqs", []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"}, []string{"kms:Decrypt"}, p.queueARN},
		{"publish", "sns", []string{"sns:Publish"}, []string{"kms:GenerateDataKey", "kms:Decrypt"}, p.topicARN},
	} {
		f, ok := e.fields[verb.field]
		if !ok {
			continue
		}
		if list, ok := p.arns(f, verb.arn); ok && p.room(f.key, len(list)) {
			p.grant(e, f, verb.actions, list).Needs = p.keyUse(e, verb.service, "."+verb.field, verb.key...)
		}
	}
}

// arns reads a field of names, each made a pattern by arn.
func (p *parser) arns(f field, arn func(string) (Pattern, error)) ([]Pattern, bool) {
	list, ok := p.names(f.value, fmt.Sprintf("%q", f.key.Value))
	var all []Pattern
	for _, n := range list {
		a, err := arn(n.string)
		if err != nil && n.string != "" {
			p.errorf(n.at, "%s: %q: %v", f.key.Value, n.string, err)
		}
		ok = ok && err == nil
		all = append(all, a)
	}
	return all, ok
}

// queueARN returns the pattern of a queue, of which s is the name or the ARN.
func (p *parser) queueARN(s string) (Pattern, error) {
	if strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") {
		// https://sqs.eu-west-1.amazonaws.com/123456789012/orders
		part := strings.Split(s, "/")
		if host := strings.Split(part[2], "."); len(part) == 5 && len(host) > 2 && isRegion(host[1]) && isAccount(part[3]) {
			return "", fmt.Errorf("a queue is named here, or its ARN written: %q", arn{partitionOf(host[1]), "sqs", host[1], part[3], part[4]})
		}
		return "", errors.New("a queue is named here, or its ARN written, not its URL")
	}
	name := s
	a, isARN := parseARN(s)
	if isARN {
		if err := a.check("sqs", false); err != nil {
			return "", err
		}
		name = a.resource
	}
	// (Amazon SQS API Reference, CreateQueue, "QueueName".)
	stem := strings.TrimSuffix(name, ".fifo")
	if stem == "" || len(name) > 80 || !made(stem, letters+digits+"-_") {
		return "", errors.New("a queue is a name of at most 80 letters, digits, - and _, or its ARN; wildcards are for \"allow\"")
	}
	if isARN {
		return Literal(s), nil
	}
	return p.regional("sqs", Literal(name)), nil
}

// topicARN returns the pattern of a topic, of which s is the name or the ARN.
func (p *parser) topicARN(s string) (Pattern, error) {
	name := s
	a, isARN := parseARN(s)
	if isARN {
		if err := a.check("sns", false); err != nil {
			return "", err
		}
		name = a.resource
	}
	// (Amazon SNS API Reference, CreateTopic, "Name".)
	stem := strings.TrimSuffix(name, ".fifo")
	if stem == "" || len(name) > 256 || !made(stem, letters+digits+"-_") {
		return "", errors.New("a topic is a name of at most 256 letters, digits, - and _, or its ARN; wildcards are for \"allow\"")
	}
	if isARN {
		return Literal(s), nil
	}
	return p.regional("sns", Literal(name)), nil
}
