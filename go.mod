module github.com/lambda-remit/remit

go 1.26.0

require (
	github.com/aws/aws-sdk-go-v2 v1.47.7
	github.com/aws/aws-sdk-go-v2/credentials v1.20.15
	github.com/rogpeppe/go-internal v1.16.0
	golang.org/x/sys v0.49.0
)

require (
	github.com/aws/smithy-go v1.28.8 // indirect
	golang.org/x/tools v0.26.0 // indirect
)
