package aws

import (
	"fmt"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// identities is what the tables do not say of AWS IAM: that what is made has a
// path in its ARN. Of what there is already a call says the name alone; its path
// is taken for "/". (IAM User Guide, "IAM identifiers", "Friendly names and
// paths".)
func identities(operation string) reading {
	kind, member := "", ""
	switch operation {
	case "CreateRole":
		kind, member = "role", "b.RoleName"
	case "CreateUser":
		kind, member = "user", "b.UserName"
	case "CreateGroup":
		kind, member = "group", "b.GroupName"
	case "CreatePolicy":
		kind, member = "policy", "b.PolicyName"
	case "CreateInstanceProfile":
		kind, member = "instance-profile", "b.InstanceProfileName"
	case "CreateVirtualMFADevice":
		kind, member = "mfa", "b.VirtualMFADeviceName"
	case "UploadServerCertificate":
		kind, member = "server-certificate", "b.ServerCertificateName"
	default:
		return nil
	}
	return func(c *tableCall) ([]manifest.Request, error) {
		name, _, err := c.text(member)
		if err != nil {
			return nil, err
		}
		path, _, err := c.text("b.Path")
		if err != nil {
			return nil, err
		}
		if path == "" {
			path = "/"
		}
		if !strings.HasPrefix(path, "/") || !strings.HasSuffix(path, "/") || strings.Contains(path, "//") || strings.Contains(path, ":") {
			return nil, fmt.Errorf("%.160q is no path of IAM's", path)
		}
		if err := literal(path); err != nil {
			return nil, err
		}
		arn, err := c.fill("iam::{a}:"+kind+"{:}{/:}", []string{path, name})
		if err != nil {
			return nil, err
		}
		all, err := c.tabled()
		for i := range all {
			if r := &all[i]; r.Action == "iam:"+operation {
				r.Resource, r.Partly = arn, false
			}
		}
		return all, err
	}
}
