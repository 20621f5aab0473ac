package aws

import "github.com/lambda-remit/remit/manifest"

// A reading says what a call of one operation asks for, in place of the table.
type reading func(c *tableCall) ([]manifest.Request, error)

// byHand returns what is known by hand of an operation of a service that the
// tables read otherwise; nil if the table says all. Each service has its file,
// and one line here. ADDING.md shows how one is added.
func byHand(service, operation string) reading {
	switch service {
	case "appconfig", "appconfigdata":
		return appConfig(operation)
	case "athena":
		return athena(operation)
	case "bedrock-runtime":
		return bedrockRuntime(operation)
	case "cloudwatch":
		return cloudWatch(operation)
	case "cloudwatch-logs":
		return logs(operation)
	case "ecs":
		return containers(operation)
	case "eventbridge":
		return eventBridge(operation)
	case "firehose":
		return firehose(operation)
	case "glue":
		return glue(operation)
	case "iam":
		return identities(operation)
	case "kinesis":
		return kinesis(operation)
	case "iot-data-plane":
		return iotData(operation)
	case "rds-data":
		return rdsData(operation)
	case "scheduler":
		return scheduler(operation)
	case "ses", "sesv2":
		return email(operation)
	case "sfn":
		return stepFunctions(operation)
	case "xray":
		return tracing(operation)
	}
	return nil
}
