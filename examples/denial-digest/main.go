// Command denial-digest is a Lambda function that sums up what Remit has denied
// in others, from the log groups that it is subscribed to, and publishes that.
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/lambda-remit/remit/proxy/audit"
)

func main() {
	c, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	client, topic := sns.NewFromConfig(c), os.Getenv("TOPIC_ARN")
	lambda.Start(func(ctx context.Context, event events.CloudwatchLogsEvent) (int, error) {
		data, err := event.AWSLogs.Parse()
		if err != nil {
			return 0, err
		}
		denials, err := count(data.LogEvents)
		if err != nil || len(denials) == 0 {
			return 0, err
		}
		_, err = client.Publish(ctx, &sns.PublishInput{
			TopicArn: aws.String(topic),
			Subject:  aws.String(fmt.Sprintf("Remit: %d denials in %s", total(denials), data.LogGroup[:min(len(data.LogGroup), 60)])), // of 100 characters at most, in ASCII
			Message:  aws.String(digest(data.LogGroup, denials)),
		})
		return len(denials), err
	})
}

// A denial is calls that were denied for the same reason.
type denial struct {
	function, action, resource, reason, nearest string
	observed                                    bool
	calls                                       int
	id                                          string // of one of them
}

// count puts together the denials among the lines of a log. Other lines are the
// functions' own.
func count(lines []events.CloudwatchLogsLogEvent) ([]denial, error) {
	var text strings.Builder
	for _, l := range lines {
		text.WriteString(strings.TrimRight(l.Message, "\n"))
		text.WriteByte('\n')
	}
	var denials []denial
	for e, err := range audit.Read(strings.NewReader(text.String())) {
		if err != nil {
			return nil, err
		}
		if e.Decision != "deny" {
			continue
		}
		d := denial{function: e.Function, reason: string(e.Reason), nearest: e.Nearest, observed: e.Msg == audit.WouldDeny, id: e.ID}
		if len(e.Requests) > 0 {
			d.action, d.resource = e.Requests[0].Action, e.Requests[0].Resource
		} else {
			d.action, d.resource = cmp.Or(e.Operation, "a call"), e.Host
		}
		i := slices.IndexFunc(denials, func(o denial) bool {
			return o.function == d.function && o.action == d.action && o.resource == d.resource && o.reason == d.reason && o.observed == d.observed
		})
		if i < 0 {
			i, denials = len(denials), append(denials, d)
		}
		denials[i].calls += e.Calls()
	}
	slices.SortStableFunc(denials, func(a, b denial) int {
		return cmp.Or(cmp.Compare(a.function, b.function), cmp.Compare(b.calls, a.calls))
	})
	return denials, nil
}

func total(denials []denial) (calls int) {
	for _, d := range denials {
		calls += d.calls
	}
	return calls
}

// most is how many denials a digest tells of: a message has 256 KB. (Amazon SNS
// API Reference, Publish.)
const most = 200

// digest is for people.
func digest(group string, denials []denial) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Denied in %s, by what its lines say; whatever prints there could have written them.\n", group)
	last := ""
	for i, d := range denials {
		if i == most {
			fmt.Fprintf(&b, "\nand %d more\n", len(denials)-most)
			break
		}
		if d.function != last || i == 0 {
			fmt.Fprintf(&b, "\n%s\n", d.function)
			last = d.function
		}
		was := "denied"
		if d.observed {
			was = "would be denied"
		}
		fmt.Fprintf(&b, "  %5d × %s on %s: %s, %s (%s)\n", d.calls, d.action, cut(d.resource, 200), was, d.reason, d.id)
		if d.nearest != "" {
			fmt.Fprintf(&b, "          nearest: %s\n", d.nearest)
		}
	}
	return b.String()
}

// cut returns the first n bytes of s, at most, and no half a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
