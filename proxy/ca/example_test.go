package ca_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"

	"github.com/lambda-remit/remit/proxy/ca"
)

func ExampleNew() {
	a, err := ca.New("amazonaws.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	config, err := a.TLS("s3.eu-west-1.amazonaws.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	chain, err := config.GetCertificate(&tls.ClientHelloInfo{ServerName: "s3.eu-west-1.amazonaws.com"})
	if err != nil {
		fmt.Println(err)
		return
	}
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AppendCertsFromPEM(a.PEM())
	intermediate, err := x509.ParseCertificate(chain.Certificate[1])
	if err != nil {
		fmt.Println(err)
		return
	}
	intermediates.AddCert(intermediate)
	_, err = chain.Leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, DNSName: "s3.eu-west-1.amazonaws.com"})
	fmt.Println(chain.Leaf.DNSNames, err)

	_, err = a.TLS("api.example.com")
	fmt.Println(err)
	// Output:
	// [s3.eu-west-1.amazonaws.com] <nil>
	// host "api.example.com" is under none of the authority's domains
}
