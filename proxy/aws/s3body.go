package aws

import (
	"fmt"
	"net/http"
	"strings"
)

// Operations whose bodies hold condition keys, or ask for more than the
// operation's own action. Bodies of the others configure a bucket, under the
// one action that the operation needs, and are not read.

// readTagging asks for the tags that the body sets.
func (c *s3Call) readTagging() error {
	root, err := c.body("Tagging")
	if err != nil {
		return err
	}
	set, err := root.child("TagSet")
	if err != nil {
		return err
	}
	tags, err := set.tags()
	if err != nil {
		return err
	}
	action, context := c.action(c.operation.action, c.operation.version)
	c.ask(action, c.resource(), append(context, s3TagKeys(tags)...)...)
	return nil
}

func (c *s3Call) readLegalHold() error {
	root, err := c.body("LegalHold")
	if err != nil {
		return err
	}
	context, err := root.keys("Status", "s3:object-lock-legal-hold")
	if err != nil {
		return err
	}
	c.ask(c.operation.action, c.resource(), context...)
	return nil
}

func (c *s3Call) readRetention() error {
	root, err := c.body("Retention")
	if err != nil {
		return err
	}
	context, err := root.keys("Mode", "s3:object-lock-mode", "RetainUntilDate", "s3:object-lock-retain-until-date",
		"EventHold", "s3:object-lock-event-hold", "EventHoldDuration/Days", "s3:object-lock-event-hold-duration-days")
	if err != nil {
		return err
	}
	c.ask(c.operation.action, c.resource(), context...)
	c.readBypass(c.resource())
	return nil
}

// readRestore asks for a restore. A restore by a query, which S3 offers no
// longer to new customers, reads the object and writes its answer to a bucket
// and under a prefix of its own choosing: objects that no ARN names.
func (c *s3Call) readRestore() error {
	root, err := c.body("RestoreRequest")
	if err != nil {
		return err
	}
	if err := c.readPlain(); err != nil {
		return err
	}
	for _, name := range []string{"Type", "SelectParameters", "OutputLocation"} {
		e, err := root.child(name)
		if err != nil {
			return err
		}
		if e != nil {
			c.ask("s3:GetObject", c.resource())
			c.ask("s3:PutObject", "*")
			break
		}
	}
	return nil
}

func (c *s3Call) readEncryption() error {
	root, err := c.body("ObjectEncryption")
	if err != nil {
		return err
	}
	context, err := root.keys("SSE-KMS/KMSKeyArn", "s3:x-amz-server-side-encryption-aws-kms-key-id")
	if err != nil {
		return err
	}
	if len(context) > 0 {
		context = append(context, "s3:x-amz-server-side-encryption", "aws:kms")
	}
	c.ask(c.operation.action, c.resource(), context...)
	return nil
}

// readCreate asks for a bucket and what it is made with. (Amazon S3 API
// Reference, CreateBucket, "Permissions".)
func (c *s3Call) readCreate() error {
	root, err := c.body("CreateBucketConfiguration")
	if err != nil {
		return err
	}
	context, err := root.keys("LocationConstraint", "s3:locationconstraint", "Location/Name", "s3express:locationname")
	if err != nil {
		return err
	}
	list, err := root.child("Tags")
	if err != nil {
		return err
	}
	tags, err := list.tags()
	if err != nil {
		return err
	}
	var tagged []string
	for _, t := range tags {
		tagged = append(tagged, "aws:requesttag/"+t.name, t.value, "aws:tagkeys", t.name)
	}
	acl := c.aclKeys()
	context = append(context, tagged...)
	context = append(context, acl...)
	context = append(context, c.keys("X-Amz-Object-Ownership", "X-Amz-Bucket-Namespace")...)

	bucket := c.resource()
	c.ask("s3:CreateBucket", bucket, context...)
	if len(tags) > 0 {
		c.ask("s3:TagResource", bucket, tagged...)
	}
	if len(acl) > 0 {
		c.ask("s3:PutBucketAcl", bucket, acl...)
	}
	if v, ok := c.header("X-Amz-Bucket-Object-Lock-Enabled"); ok && !strings.EqualFold(v, "false") {
		c.ask("s3:PutBucketObjectLockConfiguration", bucket)
		c.ask("s3:PutBucketVersioning", bucket)
	}
	if c.hasHeader("X-Amz-Object-Ownership") {
		c.ask("s3:PutBucketOwnershipControls", bucket)
	}
	return nil
}

// readReplication asks for the configuration and for the right to pass its
// role to S3. What is no ARN S3 refuses. (Amazon S3 API Reference,
// PutBucketReplication, "Permissions".)
func (c *s3Call) readReplication() error {
	root, err := c.body("ReplicationConfiguration")
	if err != nil {
		return err
	}
	role, _, err := root.value("Role")
	if err != nil {
		return err
	}
	if err := c.readPlain(); err != nil {
		return err
	}
	return c.pass(role)
}

// readMetadata asks for the configuration of a bucket's tables of metadata, and
// for the role by which S3 annotates.
func (c *s3Call) readMetadata() error {
	name, path := "MetadataConfiguration", []string{"AnnotationTableConfiguration", "Role"}
	if c.operation.method == http.MethodPut {
		name, path = path[0], path[1:]
	}
	root, err := c.body(name)
	if err != nil {
		return err
	}
	role, _, err := root.value(path...)
	if err != nil {
		return err
	}
	if err := c.readPlain(); err != nil {
		return err
	}
	return c.pass(role)
}

// pass asks for the right to pass a role to S3, if it is one.
func (c *s3Call) pass(role string) error {
	if role = strings.TrimSpace(role); strings.HasPrefix(role, "arn:") {
		if strings.ContainsAny(role, "*?$") {
			return fmt.Errorf("role %.200q is no role's ARN", role)
		}
		c.call.Requests = append(c.call.Requests, request("iam:PassRole", role, "iam:passedtoservice", "s3.amazonaws.com"))
	}
	return nil
}

// keys returns condition keys whose values stand in elements: path, key, path, key.
func (e *element) keys(paths ...string) ([]string, error) {
	var context []string
	for i := 0; i+1 < len(paths); i += 2 {
		value, ok, err := e.value(strings.Split(paths[i], "/")...)
		if err != nil {
			return nil, err
		}
		if ok {
			context = append(context, paths[i+1], value)
		}
	}
	return context, nil
}
