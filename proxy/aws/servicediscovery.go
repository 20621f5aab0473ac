package aws

import "github.com/lambda-remit/remit/manifest"

// discovery is what the tables do not say of AWS Cloud Map: the names by which
// instances are looked up, which conditions compare. Their ARNs have ids.
// (Service Authorization Reference, "AWS Cloud Map".)
func discovery(operation string) reading {
	switch operation {
	case "DiscoverInstances", "DiscoverInstancesRevision":
	default:
		return nil
	}
	return func(c *tableCall) ([]manifest.Request, error) {
		all, err := c.tabled()
		if err != nil {
			return nil, err
		}
		for _, member := range []string{"NamespaceName", "ServiceName"} {
			name, ok, err := c.text("b." + member)
			if err != nil {
				return nil, err
			}
			for i := range all {
				if ok {
					with(&all[i], "servicediscovery:"+member, name)
				}
			}
		}
		return all, nil
	}
}
