package manifest

import (
	"fmt"
	"strings"
)

// topic reads the kinds `topic` and `queue`, whose `publish` names topics.
func (p *parser) topic(e *entry) {
	f, ok := e.fields["publish"]
	if !ok {
		return
	}
	names, ok := p.names(f.value, `"publish"`)
	var topics []Pattern
	for _, n := range names {
		t, err := p.topicARN(n.string)
		if err != nil && n.string != "" {
			p.errorf(n.at, "publish: %q: %v", n.string, err)
		}
		ok = ok && err == nil
		topics = append(topics, t)
	}
	if ok && p.room(f.key, len(topics)) {
		p.grant(e, f, []string{"sns:Publish"}, topics)
	}
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
		return "", fmt.Errorf("a topic is a name of at most 256 letters, digits, - and _, or its ARN; wildcards are for \"allow\"")
	}
	if isARN {
		return Literal(s), nil
	}
	return p.regional("sns", Literal(name)), nil
}
