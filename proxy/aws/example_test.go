package aws_test

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/lambda-remit/remit/proxy/aws"
)

// What a recorded call asks for, without its signature being checked.
func ExampleCloud_Identify() {
	c := &aws.Cloud{Region: "eu-west-1", Account: func() string { return "123456789012" }}
	r := &http.Request{
		Method:     "PUT",
		RequestURI: "/derived/cat%20one.png",
		URL:        &url.URL{Scheme: "https", Host: "media-eu.s3.eu-west-1.amazonaws.com"},
		Host:       "media-eu.s3.eu-west-1.amazonaws.com",
		Header:     http.Header{"X-Amz-Copy-Source": {"media-eu/uploads/cat.png"}},
		Body:       http.NoBody,
	}
	call, err := c.Identify(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(call.Operation, call.Region)
	for _, req := range call.Requests {
		fmt.Println(req.Action, req.Resource)
	}
	// Output:
	// CopyObject eu-west-1
	// s3:GetObject arn:aws:s3:::media-eu/uploads/cat.png
	// s3:PutObject arn:aws:s3:::media-eu/derived/cat one.png
}

// Hosts that a customer controls are under AWS's domains too: they are claimed,
// so that their calls are read, and unread, so that nothing is sent to them.
func ExampleClaims() {
	for _, host := range []string{"sts.eu-west-1.amazonaws.com", "api.execute-api.eu-west-1.amazonaws.com", "api.example.com"} {
		fmt.Println(host, aws.Claims(host))
	}
	// Output:
	// sts.eu-west-1.amazonaws.com true
	// api.execute-api.eu-west-1.amazonaws.com true
	// api.example.com false
}
