package aws

import (
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// relational is what the tables do not say of Amazon RDS: which of two kinds an
// identifier is of, ARNs of any kind, and lists of what belongs to another.
// (Amazon RDS API Reference, each operation; Service Authorization Reference,
// "Amazon RDS".)
func relational(operation string) reading {
	switch operation {
	case "AddTagsToResource", "ListTagsForResource", "RemoveTagsFromResource":
		return func(c *tableCall) ([]manifest.Request, error) { return relationalOn(c, "b.ResourceName") }
	case "StartExportTask":
		return func(c *tableCall) ([]manifest.Request, error) { return relationalOn(c, "b.SourceArn") }
	case "DescribeDBSnapshots":
		return func(c *tableCall) ([]manifest.Request, error) { return listedBy(c, "b.DBSnapshotIdentifier") }
	case "DescribeDBClusterSnapshots":
		return func(c *tableCall) ([]manifest.Request, error) { return listedBy(c, "b.DBClusterSnapshotIdentifier") }
	case "DescribeDBClusterEndpoints":
		return func(c *tableCall) ([]manifest.Request, error) { return listedBy(c, "b.DBClusterEndpointIdentifier") }
	case "RestoreDBClusterFromSnapshot":
		return restoreCluster
	case "RestoreDBInstanceToPointInTime":
		return restoreInstance
	}
	return nil
}

// relationalOn asks for the resource whose ARN is a member, and besides for what
// the call's table has for other actions.
func relationalOn(c *tableCall, path string) ([]manifest.Request, error) {
	action := "rds:" + c.operation.name
	arn, ok, err := c.text(path)
	if err != nil {
		return nil, err
	}
	all := []manifest.Request{unknown(action)}
	if ok {
		if arn, err = c.stated("rds", arn); err != nil {
			return nil, err
		}
		all[0] = request(action, arn)
	}
	if err := c.tag(all); err != nil {
		return nil, err
	}
	besides, err := c.tabledBut(action)
	return append(all, besides...), err
}

// listedBy is the table's answer for a list. Where it is of what belongs to the
// one that is named, AWS compares those as well.
func listedBy(c *tableCall, member string) ([]manifest.Request, error) {
	all, err := c.tabled()
	if err != nil {
		return nil, err
	}
	if _, ok, err := c.text(member); ok || err != nil || all[len(all)-1].Partly {
		return all, err
	}
	return append(all, unknown("rds:"+c.operation.name)), nil
}

// restoreCluster is the table's answer, for a snapshot of a cluster where one is
// named without its ARN.
func restoreCluster(c *tableCall) ([]manifest.Request, error) {
	all, err := c.tabled()
	if err != nil {
		return nil, err
	}
	name, ok, err := c.text("b.SnapshotIdentifier")
	if err != nil || !ok || strings.HasPrefix(name, "arn:") {
		return all, err
	}
	arn, err := c.fill("rds:{r}:{a}:cluster-snapshot:{:}", []string{name})
	for i := range all {
		if strings.HasSuffix(all[i].Resource, ":snapshot:"+name) {
			all[i].Resource = arn
		}
	}
	return all, err
}

// restoreInstance asks for the instance that is restored and the one that is
// made. Its groups have defaults, which the call does not tell.
func restoreInstance(c *tableCall) ([]manifest.Request, error) {
	const action = "rds:RestoreDBInstanceToPointInTime"
	var all []manifest.Request
	for _, path := range []string{"b.SourceDBInstanceIdentifier", "b.TargetDBInstanceIdentifier"} {
		name, ok, err := c.text(path)
		if err == nil && ok {
			if strings.HasPrefix(name, "arn:") {
				name, err = c.stated("rds", name)
			} else {
				name, err = c.fill("rds:{r}:{a}:db:{:}", []string{name})
			}
			all = append(all, request(action, name))
		}
		if err != nil {
			return nil, err
		}
	}
	all = append(all, unknown(action))
	if err := c.tag(all); err != nil {
		return nil, err
	}
	besides, err := c.tabledBut(action)
	return append(all, besides...), err
}
