package environ_test

import (
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/lambda-remit/remit/extension/environ"
)

func ExampleMaker_Make() {
	m := environ.Maker{
		// As the extension told: see [environ.Ask].
		Handshake: environ.Handshake{
			Version:        environ.HandshakeVersion,
			Proxy:          "127.0.0.1:40127",
			CredentialsURI: "http://127.0.0.1:40128/credentials",
			Token:          "token",
			CA:             "-----BEGIN CERTIFICATE-----\n…",
			Domains:        []string{"amazonaws.com"},
		},
		Way: environ.Endpoint,
	}
	made, err := m.Make([]string{
		"PATH=/usr/bin",
		"AWS_ACCESS_KEY_ID=ASIAIOSFODNN7EXAMPLE",
		"AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	})
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(made.Dir)
	for _, v := range made.Environ {
		if !strings.Contains(v, made.Dir) && !strings.Contains(strings.ToUpper(v), "NO_PROXY") {
			fmt.Println(v)
		}
	}
	// Output:
	// PATH=/usr/bin
	// AWS_CONTAINER_AUTHORIZATION_TOKEN=token
	// AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:40128/credentials
	// AWS_DISABLE_HOST_PREFIX_INJECTION=true
	// AWS_EC2_METADATA_DISABLED=true
	// AWS_ENDPOINT_URL=http://127.0.0.1:40127
}

// Node's SDK heeds no proxy variable, so Node loads a file of ours.
func ExampleChoose() {
	fmt.Println(environ.Choose(environ.RuntimeOf([]string{"/usr/bin/java"}, nil)))
	fmt.Println(environ.Choose(environ.RuntimeOf([]string{"/var/lang/bin/node"}, nil)))
	// Output:
	// proxy
	// preload
}
