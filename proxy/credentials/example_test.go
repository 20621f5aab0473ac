package credentials_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/lambda-remit/remit/proxy/credentials"
)

func ExampleNew() {
	issuer, err := credentials.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(issuer)
	defer server.Close()

	// As an SDK does that was given
	// AWS_CONTAINER_CREDENTIALS_FULL_URI and AWS_CONTAINER_AUTHORIZATION_TOKEN.
	r, err := http.NewRequest("GET", server.URL+credentials.Path, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Header.Set("Authorization", issuer.Token())
	answer, err := server.Client().Do(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	var c struct{ AccessKeyID, SecretAccessKey, Token, Expiration string }
	if err := json.NewDecoder(answer.Body).Decode(&c); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.HasPrefix(c.AccessKeyID, credentials.KeyPrefix), len(c.SecretAccessKey))

	sealed, ok := issuer.Sealed(c.AccessKeyID)
	fmt.Println(sealed.SecretAccessKey == c.SecretAccessKey, ok)
	_, ok = issuer.Sealed("AKIAIOSFODNN7EXAMPLE")
	fmt.Println(ok)
	// Output:
	// true 40
	// true true
	// false
}
