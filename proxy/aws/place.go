package aws

// A place is what a host name of AWS's says. Its zero value says nothing.
type place struct {
	host      string // the name itself, in lower case
	service   string // as it signs: "s3", "sns"
	region    string // "us-east-1" for a global host
	partition string // "aws", "aws-cn", "aws-us-gov"

	bucket      string // S3, virtual-hosted: the bucket, or an access point's alias
	accessPoint string // S3: the access point's name
	account     string // S3: the account that an access point's host names
}
