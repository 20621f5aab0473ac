package sigv4_test

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/lambda-remit/remit/proxy/sigv4"
)

// The first request of AWS's own test suite, as a server reads it.
const request = "GET / HTTP/1.1\r\n" +
	"Host: example.amazonaws.com\r\n" +
	"X-Amz-Date: 20150830T123600Z\r\n" +
	"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, " +
	"Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31\r\n\r\n"

func ExampleRead() {
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(request)))
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := sigv4.Read(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.AccessKeyID, "for", s.Scope.Service, "in", s.Scope.Region)
	fmt.Println("signed", s.Signed)

	r.Header.Add("Authorization", "AWS4-HMAC-SHA256 another")
	_, err = sigv4.Read(r)
	fmt.Println(err)
	// Output:
	// AKIDEXAMPLE for service in us-east-1
	// signed [host x-amz-date]
	// the request has more than one Authorization header; send one
}

func ExampleSignature_Verify() {
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(request)))
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := sigv4.Read(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	c := sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
	o := sigv4.Options{
		// The request does not state the hash of its body, which is empty.
		Body: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		Now:  time.Date(2015, 8, 30, 12, 40, 0, 0, time.UTC),
	}
	fmt.Println(s.Verify(r, c, o))

	r.Header.Set("X-Amz-Copy-Source", "/other-bucket/key")
	fmt.Println(s.Verify(r, c, o))

	r.Header.Del("X-Amz-Copy-Source")
	r.RequestURI = "/other"
	fmt.Println(s.Verify(r, c, o))
	// Output:
	// <nil>
	// the signature does not match: header "x-amz-copy-source" is not signed; every x-amz-* header has to be
	// the signature does not match
}
