package aws

import "github.com/lambda-remit/remit/manifest"

// A reading says what a call of one operation asks for, in place of the table.
type reading func(c *tableCall) ([]manifest.Request, error)

// byHand returns what is known by hand of an operation of a service that the
// tables read otherwise; nil if the table says all. Each service has its file,
// and one line here. ADDING.md shows how one is added.
func byHand(service, operation string) reading {
	switch service {
	case "amplify":
		return amplify(operation)
	case "api-gateway", "apigatewayv2":
		return gateway(operation)
	case "appconfig", "appconfigdata":
		return appConfig(operation)
	case "athena":
		return athena(operation)
	case "auto-scaling":
		return autoScaling(operation)
	case "batch":
		return batch(operation)
	case "bedrock":
		return bedrockControl(operation)
	case "bedrock-agent-runtime":
		return bedrockAgents(operation)
	case "bedrock-runtime":
		return bedrockRuntime(operation)
	case "cloudformation":
		return cloudFormation(operation)
	case "cloudfront":
		return cloudFront(operation)
	case "cloudwatch":
		return cloudWatch(operation)
	case "cloudwatch-logs":
		return logs(operation)
	case "cognito-identity", "cognito-identity-provider":
		return cognito(operation)
	case "connect":
		return contacts(operation)
	case "data-pipeline":
		return pipeline(operation)
	case "docdb", "neptune", "rds": // which their calls do not tell apart
		return relational(operation)
	case "ec2":
		return compute(operation)
	case "ecs":
		return containers(operation)
	case "elastic-beanstalk":
		return beanstalk(operation)
	case "eventbridge":
		return eventBridge(operation)
	case "firehose":
		return firehose(operation)
	case "glue":
		return glue(operation)
	case "iam":
		return identities(operation)
	case "iot-data-plane":
		return iotData(operation)
	case "kinesis":
		return kinesis(operation)
	case "mediaconvert":
		return mediaConvert(operation)
	case "polly":
		return polly(operation)
	case "rds-data":
		return rdsData(operation)
	case "redshift-data":
		return redshiftData(operation)
	case "rekognition":
		return rekognition(operation)
	case "route-53":
		return hostedZones(operation)
	case "s3-control":
		return outpostControl(operation)
	case "sagemaker-featurestore-runtime":
		return featureStore(operation)
	case "scheduler":
		return scheduler(operation)
	case "servicediscovery":
		return discovery(operation)
	case "ses", "sesv2":
		return email(operation)
	case "sfn":
		return stepFunctions(operation)
	case "textract":
		return textract(operation)
	case "timestream-write":
		return timestream(operation)
	case "transcribe":
		return transcribe(operation)
	case "verifiedpermissions":
		return verifiedPermissions(operation)
	case "xray":
		return tracing(operation)
	}
	return nil
}
