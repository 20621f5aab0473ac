package aws

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// denyGo makes the calls with the AWS SDK for Go, those that it has clients for
// here.
func denyGo(t *testing.T, calls []deniedCall) []deniedOutcome {
	outcomes := make([]deniedOutcome, len(calls))
	var all sync.WaitGroup
	for i, c := range calls {
		all.Go(func() {
			err, ok := goCall(t.Context(), c)
			var api smithy.APIError
			switch {
			case !ok:
				outcomes[i].Skipped = true
			case errors.As(err, &api):
				outcomes[i] = deniedOutcome{Code: api.ErrorCode(), Message: api.ErrorMessage(), Type: fmt.Sprintf("%T", api)}
			default:
				outcomes[i] = deniedOutcome{Message: fmt.Sprint(err), Type: fmt.Sprintf("%T", err)}
			}
		})
	}
	all.Wait()
	return outcomes
}

// goCall makes a call, and reports whether there is a client for it.
func goCall(ctx context.Context, c deniedCall) (err error, ok bool) {
	cfg := sdk.Config{
		Region:       "eu-west-1",
		BaseEndpoint: &c.Endpoint,
		Credentials:  credentials.NewStaticCredentialsProvider("ASIAREMIT", "x", "x"),
		Retryer: func() sdk.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = 2, time.Millisecond })
		},
	}
	text := func(name string) *string {
		s, _ := c.Input[name].(string)
		return &s
	}
	switch c.Service + " " + c.Operation {
	case "cloudwatch ListMetrics":
		_, err = cloudwatch.NewFromConfig(cfg).ListMetrics(ctx, &cloudwatch.ListMetricsInput{})
	case "dynamodb GetItem":
		key := map[string]dynamotypes.AttributeValue{"id": &dynamotypes.AttributeValueMemberS{Value: "1"}}
		_, err = dynamodb.NewFromConfig(cfg).GetItem(ctx, &dynamodb.GetItemInput{TableName: text("TableName"), Key: key})
	case "kms DescribeKey":
		_, err = kms.NewFromConfig(cfg).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: text("KeyId")})
	case "lambda GetFunction":
		_, err = lambda.NewFromConfig(cfg).GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: text("FunctionName")})
	case "lambda InvokeWithResponseStream":
		_, err = lambda.NewFromConfig(cfg).InvokeWithResponseStream(ctx, &lambda.InvokeWithResponseStreamInput{FunctionName: text("FunctionName")})
	case "route53 ListHostedZones":
		_, err = route53.NewFromConfig(cfg).ListHostedZones(ctx, &route53.ListHostedZonesInput{})
	case "s3 GetObject":
		_, err = s3.NewFromConfig(cfg, pathStyle).GetObject(ctx, &s3.GetObjectInput{Bucket: text("Bucket"), Key: text("Key")})
	case "s3 HeadObject":
		_, err = s3.NewFromConfig(cfg, pathStyle).HeadObject(ctx, &s3.HeadObjectInput{Bucket: text("Bucket"), Key: text("Key")})
	case "secretsmanager GetSecretValue":
		_, err = secretsmanager.NewFromConfig(cfg).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: text("SecretId")})
	case "sns GetTopicAttributes":
		_, err = sns.NewFromConfig(cfg).GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: text("TopicArn")})
	case "sqs SendMessage":
		_, err = sqs.NewFromConfig(cfg).SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: text("QueueUrl"), MessageBody: text("MessageBody")})
	case "ssm GetParameter":
		_, err = ssm.NewFromConfig(cfg).GetParameter(ctx, &ssm.GetParameterInput{Name: text("Name")})
	case "sts GetCallerIdentity":
		_, err = sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	default:
		return nil, false
	}
	return err, true
}

func pathStyle(o *s3.Options) { o.UsePathStyle = true }
