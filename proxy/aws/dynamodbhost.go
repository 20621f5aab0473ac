package aws

import (
	"net/url"
	"strings"
)

// The APIs of DynamoDB that have hosts of their own. The rest, "", is at
// dynamodb.REGION and at ACCOUNT.ddb.REGION.
const (
	dynamoStreams = "streams"
	dynamoSearch  = "search"
)

// dynamoPlace says what a host of DynamoDB's is, and whether it is one: any that
// the endpoint rules produce. (AWS SDKs' endpoint-rule-set of dynamodb and
// dynamodbstreams, 2012-08-10.)
func dynamoPlace(host, before, domain string, dualstack bool) (place, bool) {
	i := strings.LastIndexByte(before, '.')
	if i < 0 || !isRegion(before[i+1:]) {
		return place{}, false
	}
	name, region := before[:i], before[i+1:]
	part := partitionOf(region)
	if domain != part.suffix && domain != part.dualstack {
		return place{}, false
	}
	p := place{host: host, service: "dynamodb", services: []string{"dynamodb"}, region: region, partition: part.name, dualstack: dualstack}
	if account, rest, found := strings.Cut(name, "."); found && isAccount(account) {
		p.account, name = account, rest
	}
	name, p.fips = strings.CutSuffix(name, "-fips")
	switch name {
	case "dynamodb":
	case "ddb":
		if p.fips {
			return place{}, false
		}
	case "search-dynamodb":
		p.api = dynamoSearch
	case "search-ddb":
		if p.api = dynamoSearch; p.fips {
			return place{}, false
		}
	case "streams.dynamodb", "streams-dynamodb": // the latter where it is dualstack
		if p.api = dynamoStreams; dualstack != (name == "streams-dynamodb") {
			return place{}, false
		}
	case "streams-ddb":
		p.api = dynamoStreams
	default:
		return place{}, false
	}
	if p.api == dynamoStreams {
		p.services = []string{"dynamodb-streams"}
	}
	if short := strings.HasSuffix(name, "ddb"); short != (p.account != "") {
		return place{}, false
	}
	return p, true
}

// dynamoUpstream returns where calls in a region go: to the host that the client
// asked for, or where it asked for none to the plain one of the API.
func dynamoUpstream(region string, p place) *url.URL {
	switch p.api {
	case dynamoStreams:
		return upstream("dynamodb-streams", region, p)
	case dynamoSearch:
		u, _ := upstreamFor("dynamodb", "SearchVectors", region, p)
		return u
	}
	return upstream("dynamodb", region, p)
}
