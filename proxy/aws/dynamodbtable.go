package aws

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// What makes, moves or copies tables asks for more than its own action: DynamoDB
// does part of it in the caller's name. What it does there to objects of S3 and
// keys of KMS (exports, imports, encryption) does not stand in the request and
// is not asked for: a session policy of exactly the call then lets AWS refuse it.

// written are the actions that DynamoDB needs on a table that it fills.
// (Amazon DynamoDB Developer Guide, "Using IAM with DynamoDB backup and restore"
// and "DynamoDB global tables security".)
var written = []string{"BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"}

// readCreateTable reads CreateTable. A policy or tags that the table is made
// with are put on it: it could be made readable for everybody at once.
func (c *dynamoCall) readCreateTable() error {
	name, err := member(c.members, "TableName")
	if err != nil {
		return err
	}
	table, err := c.table(name)
	if err != nil {
		return err
	}
	tags, err := c.tags()
	if err != nil {
		return err
	}
	c.ask("CreateTable", table, tags...)
	if len(tags) > 0 {
		c.ask("TagResource", table, tags...)
	}
	if c.members.get("ResourcePolicy") != nil {
		c.ask("PutResourcePolicy", table)
	}
	// A replica of another account's table, to which it is joined. (Service
	// Authorization Reference, AssociateTableReplica.)
	if c.members.get("GlobalTableSourceArn") != nil {
		source, err := c.elsewhere(c.members, "GlobalTableSourceArn")
		if err != nil {
			return err
		}
		c.ask("AssociateTableReplica", source)
	}
	return nil
}

// readUpdateTable reads UpdateTable. Replicas of the table are made, filled and
// deleted in other regions under the caller's rights there.
func (c *dynamoCall) readUpdateTable() error {
	if err := c.readTable(); err != nil {
		return err
	}
	table := c.call.Requests[0].Resource
	witness := func(region, update string) error {
		if update != "Create" && update != "Delete" {
			return errors.New("a witness is created or deleted")
		}
		c.ask(update+"GlobalTableWitness", moved(table, region))
		return nil
	}
	return errors.Join(c.regions("ReplicaUpdates", func(region, update string) error {
		replica := moved(table, region)
		switch update {
		case "Create":
			for _, action := range append([]string{"CreateTable", "CreateTableReplica"}, written...) {
				c.ask(action, replica)
			}
		case "Delete":
			c.ask("DeleteTable", replica)
			c.ask("DeleteTableReplica", replica)
		default:
			c.ask("UpdateTable", replica)
		}
		return nil
	}), c.regions("GlobalTableWitnessUpdates", witness))
}

// moved returns the ARN of the table that replicates table in region.
func moved(table, region string) string {
	parts := strings.SplitN(table, ":", 6)
	parts[3] = region
	return strings.Join(parts, ":")
}

// readGlobalTable reads an operation on a global table of the version of 2017,
// which is authorized on the global table and on each replica.
func (c *dynamoCall) readGlobalTable() error {
	name, err := member(c.members, "GlobalTableName")
	if err != nil {
		return err
	}
	if err := dynamoName("a table", name); err != nil {
		return err
	}
	global, err := c.in.global("dynamodb", "global-table/"+name)
	if err != nil {
		return err
	}
	op := c.call.Operation
	c.ask(op, global)
	table, err := c.table(name)
	if err != nil {
		return err
	}
	replica := func(region string) { c.ask(op, moved(table, region)) }
	switch op {
	case "CreateGlobalTable", "UpdateGlobalTableSettings":
		member := "ReplicationGroup"
		if op == "UpdateGlobalTableSettings" {
			member = "ReplicaSettingsUpdate"
		}
		replicas, err := objects(c.members.get(member), member)
		if err != nil {
			return err
		}
		for _, r := range replicas {
			if r.get("RegionName") == nil {
				continue // DynamoDB will not have it
			}
			region, err := regionName(r)
			if err != nil {
				return err
			}
			replica(region)
		}
		if len(replicas) == 0 {
			replica(c.in.region)
		}
	case "UpdateGlobalTable":
		return c.regions("ReplicaUpdates", func(region, _ string) error { replica(region); return nil })
	}
	return nil
}

// regions calls f for each update of a replica, with the region that it names.
func (c *dynamoCall) regions(name string, f func(region, update string) error) error {
	updates, err := objects(c.members.get(name), name)
	if err != nil {
		return err
	}
	for _, u := range updates {
		for _, update := range slices.Sorted(u.names()) {
			replica, err := object(u, update)
			if err != nil {
				return err
			}
			region, err := regionName(replica)
			switch {
			case err != nil:
				return err
			case !slices.Contains([]string{"Create", "Delete", "Disassociate", "Update"}, update):
				return fmt.Errorf("member %.40q of %q is not known", update, name)
			}
			if err := f(region, update); err != nil {
				return err
			}
		}
	}
	return nil
}

// regionName returns the region that a member names. It is checked for what
// would make another ARN of it; whether there is such a region AWS knows.
func regionName(m tree) (string, error) {
	region, err := member(m, "RegionName")
	if err == nil && !isLabel(strings.ToLower(region)) {
		err = fmt.Errorf("%.40q is no region", region)
	}
	return region, errors.Join(err, unfolded(m))
}

// readRestore reads the restoring of a table from a backup or another table: on
// the source, and on the table that it makes.
func (c *dynamoCall) readRestore() error {
	name, err := member(c.members, "TargetTableName")
	if err != nil {
		return err
	}
	target, err := c.table(name)
	if err != nil {
		return err
	}
	op := c.call.Operation
	if op == "RestoreTableFromBackup" {
		backup, err := c.elsewhere(c.members, "BackupArn")
		if err != nil {
			return err
		}
		c.ask(op, backup)
	} else if err := c.restoreSource(op); err != nil {
		return err
	}
	for _, action := range append([]string{op}, written...) {
		c.ask(action, target)
	}
	return nil
}

func (c *dynamoCall) restoreSource(op string) error {
	if c.members.get("SourceTableArn") != nil {
		source, err := c.elsewhere(c.members, "SourceTableArn")
		if err != nil {
			return err
		}
		c.ask(op, source)
	}
	name, ok, err := optional(c.members, "SourceTableName")
	if err != nil {
		return err
	}
	if ok {
		source, err := c.table(name)
		if err != nil {
			return err
		}
		c.ask(op, source)
	}
	if len(c.call.Requests) == 0 {
		return errors.New(`neither "SourceTableArn" nor "SourceTableName" names what to restore`)
	}
	return nil
}

// readImport reads ImportTable, which makes the table that it fills.
func (c *dynamoCall) readImport() error {
	parameters, err := object(c.members, "TableCreationParameters")
	if err != nil {
		return err
	}
	name, err := member(parameters, "TableName")
	if err := errors.Join(err, unfolded(parameters)); err != nil {
		return err
	}
	table, err := c.table(name)
	if err != nil {
		return err
	}
	c.ask("ImportTable", table)
	return nil
}

// readEnableKinesis reads EnableKinesisStreamingDestination, which copies all
// that is written to a table into a stream that the caller may write to.
// (Developer Guide, "Using IAM policies for Amazon Kinesis Data Streams and
// Amazon DynamoDB".)
func (c *dynamoCall) readEnableKinesis() error {
	if err := c.readTable(); err != nil {
		return err
	}
	stream, err := member(c.members, "StreamArn")
	if err == nil {
		stream, err = c.in.checkARN("kinesis", stream)
	}
	if err != nil {
		return err
	}
	for _, action := range []string{"kinesis:DescribeStream", "kinesis:PutRecords"} {
		c.call.Requests = append(c.call.Requests, request(action, stream))
	}
	return nil
}

// tags returns the keys of the tags that a call puts on or takes off.
func (c *dynamoCall) tags() ([]string, error) {
	var context []string
	tags, err := objects(c.members.get("Tags"), "Tags")
	if err != nil {
		return nil, err
	}
	for _, tag := range tags {
		key, err := member(tag, "Key")
		if err := errors.Join(err, unfolded(tag)); err != nil {
			return nil, err
		}
		value, err := text(tag, "Value")
		if err != nil {
			return nil, err
		}
		context = append(context, "aws:TagKeys", key, "aws:RequestTag/"+key, value)
	}
	keys, err := texts(c.members.get("TagKeys"), "TagKeys")
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		context = append(context, "aws:TagKeys", key)
	}
	return context, nil
}
