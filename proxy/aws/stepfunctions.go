package aws

import (
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// stepFunctions is what the tables do not say of AWS Step Functions: that a
// version or an alias is authorized on its state machine, and told by a condition
// key. (AWS Step Functions Developer Guide, "Authorization for versions and
// aliases in Step Functions workflows".)
func stepFunctions(string) reading {
	return func(c *tableCall) ([]manifest.Request, error) {
		all, err := c.tabled()
		for i := range all {
			r := &all[i]
			arn := strings.SplitN(r.Resource, ":", 8)
			// What has a slash in its name is a map run's.
			if len(arn) == 8 && arn[2] == "states" && arn[5] == "stateMachine" && !strings.Contains(arn[6], "/") {
				r.Resource = strings.Join(arn[:7], ":")
				with(r, "states:StateMachineQualifier", arn[7])
			}
		}
		return all, err
	}
}
