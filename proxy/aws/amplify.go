package aws

import "github.com/lambda-remit/remit/manifest"

// amplify is what the tables do not say of AWS Amplify: that a job which is to be
// has no id yet. (Service Authorization Reference, "AWS Amplify".)
func amplify(operation string) reading {
	if operation != "StartJob" {
		return nil
	}
	return func(c *tableCall) ([]manifest.Request, error) {
		if id, _, err := c.text("b.jobId"); err != nil || id != "" {
			return errorOr(err, c.tabled)
		}
		arn, err := c.fill("amplify:{r}:{a}:apps/{/}/branches/{/}/jobs/*", []string{c.labels["appId"], c.labels["branchName"]})
		return []manifest.Request{request("amplify:StartJob", arn)}, err
	}
}
