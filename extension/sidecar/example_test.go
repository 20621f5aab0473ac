package sidecar_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"

	"github.com/lambda-remit/remit/extension/sidecar"
	"github.com/lambda-remit/remit/manifest"
)

// A process beside a sidecar gets credentials from it that AWS has never heard
// of; with no manifest, nothing is granted.
func ExampleStart() {
	ctx := context.Background()
	s, err := sidecar.Start(ctx, sidecar.Config{
		Manifest: new(manifest.Manifest),
		Region:   "eu-west-1",
		Log:      io.Discard,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close(ctx)

	h := s.Handshake()
	req, err := http.NewRequest("GET", h.CredentialsURI, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, token := range []string{"guessed", h.Token} {
		req.Header.Set("Authorization", token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			log.Fatal(err)
		}
		resp.Body.Close()
		fmt.Println(resp.Status)
	}
	// Output:
	// 403 Forbidden
	// 200 OK
}
