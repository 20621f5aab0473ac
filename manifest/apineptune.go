package manifest

import (
	"errors"
	"fmt"
	"strings"
)

// graphClusterARN returns the pattern of a cluster of Neptune's, of which s is the
// resource id or the ARN that policies have. (Amazon Neptune User Guide, "IAM
// resource types for accessing data in Amazon Neptune".)
func (p *parser) graphClusterARN(s string) (Pattern, error) {
	id, isARN, err := nameIn(strings.TrimSuffix(s, "/*"), "neptune-db", "", "a cluster's of Neptune")
	if err != nil {
		return "", err
	}
	if rest, ok := strings.CutPrefix(id, "cluster-"); !ok || rest == "" || len(id) > 64 || !made(rest, letters+digits) {
		return "", errors.New(`a cluster is its resource id, "cluster-" with capitals and digits behind it, which is not its name; or arn:aws:neptune-db:REGION:ACCOUNT:RESOURCE-ID/*; wildcards are for "allow"`)
	}
	if isARN {
		return Literal(strings.TrimSuffix(s, "/*")), nil
	}
	return p.regional("neptune-db", Literal(id)), nil
}

// neptuneCluster says of what cluster a host is: NAME.cluster-ID.REGION.neptune,
// with cluster-ro-ID for its readers, cluster-custom-ID for some of them, and ID
// for one instance. (Amazon Neptune User Guide, "Connecting to Amazon Neptune
// endpoints".)
func neptuneCluster(host string) (apiCall, bool) {
	label := strings.Split(host, ".")
	if len(label) != 6 || label[3] != "neptune" || strings.Join(label[4:], ".") != "amazonaws.com" || !isRegion(label[2]) {
		return apiCall{}, false
	}
	for _, l := range label[:2] {
		if !made(l, lower+digits+"-") || strings.Trim(l, "-") != l || l == "" {
			return apiCall{}, false
		}
	}
	return apiCall{host: host, service: "neptune-db", region: label[2], partition: partitionOf(label[2])}, true
}

// reached says what a cluster is called for. Which actions a query takes, Neptune
// knows by its steps; all read. (The same, "Using query actions in Neptune
// data-access policy statements".)
func (c apiCall) reached(how, path string) (apiCall, error) {
	if path != "" && path != "/" {
		return c, fmt.Errorf("IAM knows no path there: write \"READ https://%s:8182\" alone", c.host)
	}
	c.actions = []string{"neptune-db:ReadDataViaQuery neptune-db:GetQueryStatus neptune-db:GetEngineStatus neptune-db:GetGraphSummary"}
	const writes, deletes = "neptune-db:WriteDataViaQuery", "neptune-db:DeleteDataViaQuery"
	switch how {
	case "READ":
	case "WRITE":
		c.actions = append(c.actions, writes)
	case "DELETE":
		c.actions = append(c.actions, deletes)
	case "ANY":
		c.actions = append(c.actions, writes, deletes, "neptune-db:CancelQuery")
	default:
		return c, fmt.Errorf("what queries do stands before a cluster's URL: READ, WRITE, DELETE, or ANY for all, not %q", how)
	}
	return c, nil
}
