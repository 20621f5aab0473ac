package aws

import "strings"

// readPut asks for all that an operation that writes an object asks for: a
// header may need an action of its own. Any list in the headers needs
// PutObjectAcl, "private" too. (Amazon S3 User Guide, "Required permissions
// for Amazon S3 API operations", PutObject.)
func (c *s3Call) readPut() error {
	tags, err := c.tagKeys()
	if err != nil {
		return err
	}
	acl := c.aclKeys()
	locks := c.keys("X-Amz-Object-Lock-Mode", "X-Amz-Object-Lock-Retain-Until-Date", "X-Amz-Object-Lock-Event-Hold", "X-Amz-Object-Lock-Event-Hold-Duration-Days")
	hold := c.keys("X-Amz-Object-Lock-Legal-Hold")
	class := c.keys("X-Amz-Storage-Class")

	// Operations on the way to an object do not create it. (Amazon S3 User
	// Guide, "Enforce conditional writes on Amazon S3 buckets".)
	creates := "false"
	switch c.operation.name {
	case "PutObject", "CopyObject", "CompleteMultipartUpload":
		creates = "true"
	}
	context := []string{"s3:objectcreationoperation", creates}
	for _, keys := range [][]string{
		c.keys("If-Match", "If-None-Match", "X-Amz-Metadata-Directive", "X-Amz-Object-Annotation-Directive",
			"X-Amz-Server-Side-Encryption", "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id",
			"X-Amz-Server-Side-Encryption-Customer-Algorithm", "X-Amz-Website-Redirect-Location"),
		acl, class, locks, hold, tags,
	} {
		context = append(context, keys...)
	}
	if c.source != "" {
		context = append(context, "s3:x-amz-copy-source", c.source)
	}
	resource := c.resource()
	c.ask("s3:PutObject", resource, context...)
	if len(acl) > 0 {
		c.ask("s3:PutObjectAcl", resource, append(acl, class...)...)
	}
	if c.hasHeader("X-Amz-Tagging") {
		c.ask("s3:PutObjectTagging", resource, tags...)
	}
	if len(locks) > 0 || c.hasHeader("X-Amz-Object-Lock-Event-Hold-Duration-Years") {
		c.ask("s3:PutObjectRetention", resource, locks...)
	}
	if len(hold) > 0 {
		c.ask("s3:PutObjectLegalHold", resource, hold...)
	}
	return nil
}

// readDelete asks for the deletion of an object or of one version of it.
func (c *s3Call) readDelete() error {
	action, context := c.action(c.operation.action, c.operation.version)
	if context == nil {
		context = c.keys("If-Match")
	}
	c.ask(action, c.resource(), context...)
	c.readBypass(c.resource())
	return nil
}

// readBypass asks for the right to go round governance-mode retention, if the
// call wants to: only "false" says that it does not.
func (c *s3Call) readBypass(resource string) {
	if v, ok := c.header("X-Amz-Bypass-Governance-Retention"); ok && !strings.EqualFold(v, "false") {
		c.ask("s3:BypassGovernanceRetention", resource)
	}
}

func (c *s3Call) readACL() error {
	action, context := c.action(c.operation.action, c.operation.version)
	c.ask(action, c.resource(), append(context, c.aclKeys()...)...)
	return nil
}

// readAttributes asks for what a HEAD and the attributes need.
func (c *s3Call) readAttributes() error {
	action, context := c.action("s3:GetObject", "s3:GetObjectVersion")
	c.ask(action, c.resource(), context...)
	return c.readPlain()
}

func (c *s3Call) readAnnotations() error {
	action, context := c.action(c.operation.action, c.operation.version)
	context = append(context, c.keys("X-Amz-Object-If-Match")...)
	c.ask(action, c.resource(), append(context, c.paramKeys("annotation-prefix", "max-annotation-results")...)...)
	return nil
}
