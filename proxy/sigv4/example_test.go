package sigv4_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
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

// An empty object in chunks, of which there is only the last.
const upload = "PUT /bucket/key HTTP/1.1\r\n" +
	"Host: s3.amazonaws.com\r\n" +
	"Content-Length: 86\r\n" +
	"X-Amz-Content-Sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\n" +
	"X-Amz-Date: 20150830T123600Z\r\n" +
	"X-Amz-Decoded-Content-Length: 0\r\n" +
	"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/s3/aws4_request, " +
	"SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length, " +
	"Signature=ec7711ff8da364e25fa289eec414faff4286cf04c526543b3c8f07c281228920\r\n\r\n" +
	"0;chunk-signature=ef77ef29b8e6187c4a6405b47d1380fcdd740d0135ee0cca20a98eed54112412\r\n\r\n"

func ExampleSignature_Chunks() {
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(upload)))
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
	o := sigv4.Options{S3: true, Now: time.Date(2015, 8, 30, 12, 40, 0, 0, time.UTC)}
	if err := s.Verify(r, c, o); !errors.Is(err, sigv4.ErrChunks) {
		fmt.Println(err)
		return
	}
	body, err := s.Chunks(r, c, o)
	if err != nil {
		fmt.Println(err)
		return
	}
	// The request that it goes on with is signed by other credentials, and its
	// signature is what the chunks' begin at.
	seed := &sigv4.Signature{
		Scope: s.Scope, Time: time.Date(2015, 8, 30, 12, 40, 1, 0, time.UTC),
		Value: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
	}
	if err := body.SignAnew(seed, sigv4.Credentials{AccessKeyID: "ASIAMINTED", SecretAccessKey: "another"}); err != nil {
		fmt.Println(err)
		return
	}
	all, err := io.ReadAll(body)
	fmt.Printf("%q %v\n", all, err)

	r.Body = io.NopCloser(strings.NewReader("5;chunk-signature=" + s.Value + "\r\nhello\r\n"))
	if body, err = s.Chunks(r, c, o); err == nil {
		_, err = io.ReadAll(body)
	}
	fmt.Println(err)
	// Output:
	// "0;chunk-signature=1fe946819b26b990d225690ff9cb0cfbb5b03fa3cfd4418a3df6dd4b3ca9df6e\r\n\r\n" <nil>
	// the body is not the one that was signed: chunk 1: it is longer than X-Amz-Decoded-Content-Length leaves it
}
