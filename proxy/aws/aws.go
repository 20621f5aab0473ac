// Package aws is the [proxy.Cloud] of Amazon Web Services: it reads, sends and
// denies its calls.
//
// What is known by hand of one service is in one file, named for it: its
// operations, and the resources they touch. All others are read by table: see
// package gen, which makes ztables.txt, and ADDING.md, which shows how a service
// gets a file. A call that neither knows is unread, and an unread call is not
// sent.
package aws

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/credentials"
	"github.com/lambda-remit/remit/proxy/mint"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

// Cloud implements [proxy.Cloud]. Its fields must not change once it reads.
type Cloud struct {
	Sealed    func(accessKeyID string) (sigv4.Credentials, bool) // the keys that the function was given
	Foreign   func(accessKeyID string) (account string, ok bool) // the keys of others that the manifest names; nil: there are none
	Bearers   []credentials.Bearer                               // the tokens that the function was given
	Base      sdk.CredentialsProvider                            // for calls under `unminted`, and observed ones
	Minter    *mint.Minter
	Transport http.RoundTripper                     // what it calls Small (see package upstream) it sends at most once by itself; another connection of its that has a method Taken() is told of each request after its first
	Function  string                                // names the function in denials; empty: "this function"
	Region    string                                // the function's
	Account   func() string                         // the function's; empty while it is not known
	Manifest  func() *manifest.Manifest             // in force: it says what is behind hosts that anybody could have had made. nil: nothing, and no call to one is sent
	Session   func() string                         // the RoleSessionName to mint under
	Self      func(context.Context) (string, error) // the execution role's ARN, for `role: self`
	Now       func() time.Time                      // nil: time.Now

	signers struct { // kept for the signing keys that they keep
		once  sync.Once
		s3    *v4.Signer
		other *v4.Signer
	}
	policies policies // that sessions were minted under
	tables   tables   // of the services that were called
	sealer   credentials.Sealer

	remembered remembered // ids that were issued here, and what they are of
	buckets    whereabouts

	clock  atomic.Pointer[second]
	keys   sigv4.Keys    // of the signatures verified
	chunks sigv4.Buffers // that signed chunks were held in
	room   room          // for the bodies and chunks that are held
}

var _ proxy.Cloud = (*Cloud)(nil)
