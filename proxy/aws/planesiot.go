package aws

import (
	"fmt"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// iotData is what the tables do not say of the data plane of AWS IoT: which names
// can stand in an ARN as they are. A topic is one label of the path and has
// levels between slashes. (AWS IoT Core Developer Guide, "HTTPS" and "AWS IoT Core
// policy actions"; MQTT 3.1.1, section 4.7: nothing is published to a wildcard.)
func iotData(string) reading {
	return func(c *tableCall) ([]manifest.Request, error) {
		for name, value := range c.labels {
			odd := "/"
			if name == "topic" {
				odd = "#+%"
			}
			if strings.ContainsAny(value, odd) {
				return nil, fmt.Errorf("%.20s %.120q has a character that none has", name, value)
			}
		}
		return c.tabled()
	}
}

// topicPath returns a path of AWS IoT's with its topic as one label, as SDKs write
// it: others leave the slashes in a topic as they are. One at the end of the path
// belongs to the topic, where other labels would lose it.
func topicPath(path string) string {
	for _, before := range []string{"/topics/", "/retainedMessage/"} {
		rest, ok := strings.CutPrefix(path, before)
		if !ok {
			continue
		}
		if _, err := pathSegments(rest); err != nil || strings.HasPrefix(rest, "/") || strings.HasSuffix(rest, "//") {
			break // some servers take segments away that others see
		}
		return before + strings.ReplaceAll(rest, "/", "%2F")
	}
	return path
}
