package aws

import "github.com/lambda-remit/remit/manifest"

// contacts is what the tables do not say of Amazon Connect: that a contact's
// attributes are the initial contact's. (Amazon Connect API Reference,
// GetContactAttributes and UpdateContactAttributes, "InitialContactId".)
func contacts(operation string) reading {
	var paths []string
	switch operation {
	case "GetContactAttributes":
		paths = []string{"l.InstanceId", "l.InitialContactId"}
	case "UpdateContactAttributes":
		paths = []string{"b.InstanceId", "b.InitialContactId"}
	default:
		return nil
	}
	return func(c *tableCall) ([]manifest.Request, error) {
		ids, err := c.valuesOf(paths...)
		if err != nil {
			return nil, err
		}
		arn, err := c.fill("connect:{r}:{a}:instance/{/:}/contact/{/:}", ids)
		return []manifest.Request{request("connect:"+operation, arn)}, err
	}
}
