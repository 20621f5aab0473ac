package aws

import "github.com/lambda-remit/remit/manifest"

// rdsData is what the tables do not say of the RDS Data API: that it reads the
// secret which it logs in by in the function's name. (Amazon Aurora User Guide,
// "Authorizing access to the Amazon RDS Data API".)
func rdsData(operation string) reading {
	if operation == "ExecuteSql" {
		return nil
	}
	return func(c *tableCall) ([]manifest.Request, error) {
		all, err := c.tabled()
		if err != nil {
			return nil, err
		}
		secret, ok, err := c.text("b.secretArn")
		if err != nil || !ok {
			return all, err
		}
		r, err := secretRequest(c.in, "secretsmanager:GetSecretValue", secret)
		if err != nil {
			return nil, err
		}
		// How the service names it to Secrets Manager does not stand here.
		delete(r.Context, "secretsmanager:secretid")
		with(&r, "aws:ViaAWSService", "true")
		return append(all, r), nil
	}
}
