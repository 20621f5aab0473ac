package aws

import "github.com/lambda-remit/remit/manifest"

// timestream is what the tables do not say of Amazon Timestream: the table that a
// batch is loaded into. (Service Authorization Reference, "Amazon Timestream".)
func timestream(operation string) reading {
	if operation != "CreateBatchLoadTask" {
		return nil
	}
	return func(c *tableCall) ([]manifest.Request, error) {
		of, err := c.valuesOf("b.TargetDatabaseName", "b.TargetTableName")
		if err != nil {
			return nil, err
		}
		arn, err := c.fill("timestream:{r}:{a}:database/{/}/table/{/}", of)
		if err != nil {
			return nil, err
		}
		// It reads the data, and writes its report, in the function's name.
		// (Amazon Timestream Developer Guide, "Batch load prerequisites".)
		return append([]manifest.Request{request("timestream:CreateBatchLoadTask", arn)},
			inName(unknown("s3:GetObject"), unknown("s3:PutObject"))...), nil
	}
}
