package aws

import (
	"fmt"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// logs is what the tables do not say of Amazon CloudWatch Logs: that a log group
// may be named by any of four members, by its name or by its ARN with ":*" behind
// it or without. (Amazon CloudWatch Logs API Reference, FilterLogEvents,
// GetLogEvents and StartQuery.)
func logs(operation string) reading {
	switch operation {
	case "DescribeLogStreams", "FilterLogEvents", "GetLogGroupFields", "StartLiveTail":
		return func(c *tableCall) ([]manifest.Request, error) {
			groups, err := c.logGroups()
			return onLogs(c, groups, err)
		}
	case "GetLogEvents":
		return getLogEvents
	case "StartQuery":
		return startLogQuery
	}
	return nil
}

// logGroups returns the ARNs of the log groups that a call names.
func (c *tableCall) logGroups() ([]string, error) {
	var named []string
	for _, path := range []string{"b.logGroupName", "b.logGroupIdentifier"} {
		name, ok, err := c.text(path)
		if err != nil {
			return nil, err
		}
		if ok {
			named = append(named, name)
		}
	}
	members, err := c.body()
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"logGroupNames", "logGroupIdentifiers"} {
		v, err := memberOf(members, name)
		if err != nil {
			return nil, err
		}
		list, err := texts(v, name)
		if err != nil {
			return nil, err
		}
		named = append(named, list...)
	}
	for i, name := range named {
		if named[i], err = c.logGroup(name); err != nil {
			return nil, err
		}
	}
	return named, nil
}

// logGroup returns the ARN of the log group that is called s.
func (c *tableCall) logGroup(s string) (string, error) {
	if !strings.HasPrefix(s, "arn:") {
		return c.fill("logs:{r}:{a}:log-group:{:}", []string{s})
	}
	arn, err := c.stated("logs", strings.TrimSuffix(s, ":*"))
	if err != nil {
		return "", err
	}
	name, ok := strings.CutPrefix(strings.SplitN(arn, ":", 6)[5], "log-group:")
	if !ok || name == "" || strings.Contains(name, ":") {
		return "", fmt.Errorf("%.160q is no ARN of a log group", s)
	}
	return arn, nil
}

func onLogs(c *tableCall, resources []string, err error) ([]manifest.Request, error) {
	if err != nil {
		return nil, err
	}
	action := "logs:" + c.operation.name
	if len(resources) == 0 {
		return []manifest.Request{unknown(action)}, nil
	}
	var all []manifest.Request
	seen := make(map[string]bool)
	for _, r := range resources {
		if !seen[r] {
			seen[r] = true
			all = append(all, request(action, r))
		}
	}
	return all, nil
}

// getLogEvents reads a stream of a group.
func getLogEvents(c *tableCall) ([]manifest.Request, error) {
	groups, err := c.logGroups()
	if err != nil {
		return nil, err
	}
	stream, ok, err := c.text("b.logStreamName")
	switch {
	case err != nil:
		return nil, err
	case !ok || stream == "" || strings.Contains(stream, ":"):
		return nil, fmt.Errorf("%.160q is no name of a log stream", stream)
	}
	if err := literal(stream); err != nil {
		return nil, err
	}
	for i := range groups {
		groups[i] += ":log-stream:" + stream
	}
	return onLogs(c, groups, nil)
}

// startLogQuery reads the groups that a query is over. One that begins with
// SOURCE names them in its text, by prefixes and classes that AWS alone can
// resolve. (Amazon CloudWatch Logs User Guide, "SOURCE".)
func startLogQuery(c *tableCall) ([]manifest.Request, error) {
	groups, err := c.logGroups()
	if err != nil {
		return nil, err
	}
	all, err := onLogs(c, groups, nil)
	if err != nil {
		return nil, err
	}
	query, _, err := c.text("b.queryString")
	if err != nil {
		return nil, err
	}
	if len(groups) > 0 && strings.Contains(strings.ToLower(query), "source") {
		all = append(all, unknown("logs:StartQuery"))
	}
	return all, nil
}
