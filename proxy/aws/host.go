package aws

import "strings"

// A Host is what the name of a host says, for people: see [ReadHost].
type Host struct {
	Services  []string // that it serves, as SDKs call them: "sesv2"; several where the name alone leaves them
	Signing   string   // the name that calls to it are signed with: "ses"; empty where that is several too
	Region    string   // that it is in, or that its calls are signed for; empty where it is for the signature to say
	Partition string

	FIPS, Dualstack bool

	Account string // that it names
	Bucket  string // S3: or an access point's alias

	// Plane says which API this is, where it is not the service's own but what a
	// customer made, or a part of S3: "execute-api", "function-url", "s3express".
	Plane    string
	Resource string // what the name calls it
}

// ReadHost says what the host called name is to AWS. It reports false for one
// that no endpoint rule produces and that takes no calls as AWS signs them: it is
// a customer's, such as a load balancer's, or nobody's, and calls to it are the
// function's egress. A Host without Services and Plane has the form of a service
// that no rule knows.
func ReadHost(name string) (Host, bool) {
	name = strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(name), ":443"), ".")
	p, ok := placeOf(name)
	if !ok {
		return Host{}, false
	}
	h := Host{
		Services: p.services, Signing: p.service, Region: p.region, Partition: p.partition,
		FIPS: p.fips, Dualstack: p.dualstack, Account: p.account, Bucket: p.bucket, Plane: p.plane, Resource: p.resource,
	}
	if h.Resource == "" {
		h.Resource = p.accessPoint + p.mrap // a host has one of them
	}
	return h, true
}
