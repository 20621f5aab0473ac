package iam_test

import (
	"fmt"
	"log"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/manifest/iam"
)

func ExampleSessionPolicy() {
	m, err := manifest.Parse("remit.yaml", []byte(`
credentials: {role: "arn:aws:iam::123456789012:role/thumbnail-calls"}
permissions:
  object_storage: {bucket: media-eu, read_prefix: uploads/}
`), manifest.Options{Region: "eu-west-1"})
	if err != nil {
		log.Fatal(err)
	}
	call := manifest.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::media-eu/uploads/*.jpg"}
	policy, width, err := iam.SessionPolicy(m, m.Decide(call), []manifest.Request{call}, manifest.WidthCall)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(width)
	fmt.Println(policy)
	// Output:
	// call
	// {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::media-eu/uploads/${*}.jpg","Condition":{"StringEquals":{"aws:ResourceAccount":"123456789012"}}}]}
}

func ExampleRolePolicy() {
	m, err := manifest.Parse("remit.yaml", []byte(`
credentials: {role: "arn:aws:iam::123456789012:role/notifier-calls"}
permissions:
  topic: {publish: orders}
`), manifest.Options{Region: "eu-west-1"})
	if err != nil {
		log.Fatal(err)
	}
	policy, err := iam.RolePolicy(m)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s", policy)
	// Output:
	// {
	//   "Version": "2012-10-17",
	//   "Statement": [
	//     {
	//       "Effect": "Allow",
	//       "Action": "sns:Publish",
	//       "Resource": "arn:aws:sns:eu-west-1:123456789012:orders"
	//     },
	//     {
	//       "Effect": "Deny",
	//       "NotAction": [
	//         "kms:Decrypt",
	//         "kms:Encrypt",
	//         "kms:GenerateDataKey",
	//         "kms:GenerateDataKeyWithoutPlaintext",
	//         "sns:Publish"
	//       ],
	//       "Resource": "*"
	//     },
	//     {
	//       "Effect": "Deny",
	//       "Action": [
	//         "kms:Decrypt",
	//         "kms:Encrypt",
	//         "kms:GenerateDataKey",
	//         "kms:GenerateDataKeyWithoutPlaintext"
	//       ],
	//       "Resource": "*",
	//       "Condition": {
	//         "StringNotLike": {
	//           "kms:ViaService": "sns.*"
	//         }
	//       }
	//     },
	//     {
	//       "Effect": "Deny",
	//       "Action": "sns:Publish",
	//       "NotResource": "arn:aws:sns:eu-west-1:123456789012:orders"
	//     }
	//   ]
	// }
}

func ExampleTrustPolicy() {
	policy, err := iam.TrustPolicy("arn:aws:iam::123456789012:role/notifier", true)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s", policy)
	// Output:
	// {
	//   "Version": "2012-10-17",
	//   "Statement": [
	//     {
	//       "Effect": "Allow",
	//       "Principal": {
	//         "AWS": "arn:aws:iam::123456789012:role/notifier"
	//       },
	//       "Action": [
	//         "sts:AssumeRole",
	//         "sts:TagSession"
	//       ]
	//     }
	//   ]
	// }
}

// The execution role may assume the role that calls are made under, from inside
// this function alone, and write its log.
func ExampleExecutionPolicy() {
	m, err := manifest.Parse("remit.yaml", []byte(`
credentials: {role: "arn:aws:iam::123456789012:role/notifier-calls"}
permissions:
  topic: {publish: orders}
`), manifest.Options{Region: "eu-west-1"})
	if err != nil {
		log.Fatal(err)
	}
	policy, err := iam.ExecutionPolicy(m, "arn:aws:lambda:eu-west-1:123456789012:function:notifier")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(policy))
	// Output:
	// {
	//   "Version": "2012-10-17",
	//   "Statement": [
	//     {
	//       "Effect": "Allow",
	//       "Action": "sts:AssumeRole",
	//       "Resource": "arn:aws:iam::123456789012:role/notifier-calls",
	//       "Condition": {
	//         "ArnEquals": {
	//           "lambda:SourceFunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:notifier"
	//         }
	//       }
	//     },
	//     {
	//       "Effect": "Allow",
	//       "Action": [
	//         "logs:CreateLogGroup",
	//         "logs:CreateLogStream",
	//         "logs:PutLogEvents"
	//       ],
	//       "Resource": [
	//         "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/notifier",
	//         "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/notifier:*"
	//       ]
	//     },
	//     {
	//       "Effect": "Deny",
	//       "Action": "sts:AssumeRole",
	//       "Resource": "*",
	//       "Condition": {
	//         "ArnNotEquals": {
	//           "lambda:SourceFunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:notifier"
	//         }
	//       }
	//     },
	//     {
	//       "Effect": "Deny",
	//       "Action": "sts:AssumeRole",
	//       "NotResource": "arn:aws:iam::123456789012:role/notifier-calls"
	//     },
	//     {
	//       "Effect": "Deny",
	//       "NotAction": [
	//         "elasticfilesystem:ClientMount",
	//         "elasticfilesystem:ClientWrite",
	//         "logs:CreateLogGroup",
	//         "logs:CreateLogStream",
	//         "logs:PutLogEvents",
	//         "sts:AssumeRole",
	//         "xray:PutTelemetryRecords",
	//         "xray:PutTraceSegments"
	//       ],
	//       "Resource": "*",
	//       "Condition": {
	//         "ArnEquals": {
	//           "lambda:SourceFunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:notifier"
	//         }
	//       }
	//     }
	//   ]
	// }
}
