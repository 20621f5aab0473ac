package aws

import (
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// compute is what the tables do not say of Amazon EC2: what an id is of where
// tags are put on it, the tags that things are made with, the roles that
// instances are given, and more of what a few calls touch. (Service Authorization
// Reference, "Amazon EC2"; Amazon EC2 User Guide, "Grant permission to tag Amazon
// EC2 resources during creation" and "Grant permissions to attach an IAM role to
// an instance"; Amazon EC2 API Reference, each operation.)
func compute(operation string) reading {
	switch operation {
	case "CreateTags", "DeleteTags":
		return tagIDs
	case "AssociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation", "RequestSpotInstances", "RunInstances",
		"AssociateAddress", "CreateNetworkInterface", "DetachVolume", "ModifyInstanceAttribute", "ModifyNetworkInterfaceAttribute":
		return func(c *tableCall) ([]manifest.Request, error) {
			all, err := c.tabled()
			if err == nil {
				all, err = c.computed(all)
			}
			if err != nil {
				return nil, err
			}
			return c.tagsMade(all)
		}
	}
	if strings.HasPrefix(operation, "Describe") {
		return nil
	}
	var templates []string
	switch operation {
	case "CreateFleet":
		templates = []string{"LaunchTemplateConfigs"}
	case "ModifyFleet":
		templates = []string{"LaunchTemplateConfig"}
	case "ModifySpotFleetRequest":
		templates = []string{"LaunchTemplateConfig", "LaunchTemplateConfigs"}
	case "RequestSpotFleet":
		templates = []string{"SpotFleetRequestConfig.LaunchTemplateConfigs"}
	}
	return func(c *tableCall) ([]manifest.Request, error) {
		all, err := c.tabled()
		if err != nil {
			return nil, err
		}
		if all, err = c.launched(all, templates...); err != nil {
			return nil, err
		}
		return c.tagsMade(all)
	}
}

// computed adds to all what the table misses of one operation.
func (c *tableCall) computed(all []manifest.Request) ([]manifest.Request, error) {
	action := "ec2:" + c.operation.name
	const group, key = "ec2:{r}:{a}:security-group/{/:}", "ec2:{r}:{a}:key-pair/{/:}"
	named := map[string]string{}
	switch c.operation.name {
	case "AssociateAddress", "DetachVolume":
		needed := "b.AllocationId" // by its address, of whichever id
		if c.operation.name == "DetachVolume" {
			needed = "b.InstanceId"
		}
		if _, ok, err := c.text(needed); ok || err != nil || all[len(all)-1].Partly {
			return all, err
		}
		return append(all, unknown(action)), nil
	case "CreateNetworkInterface", "ModifyNetworkInterfaceAttribute":
		named["b.SecurityGroupId.#"] = group
	case "ModifyInstanceAttribute":
		named["b.GroupId.#"] = group
	case "RunInstances":
		named["b.KeyName"] = key
	case "RequestSpotInstances":
		named["b.LaunchSpecification.KeyName"] = key
	}
	for path, template := range named {
		values, err := c.values(path)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			arn, err := c.fill(template, []string{v})
			if err != nil {
				return nil, err
			}
			all = append(all, request(action, arn))
		}
	}
	if c.operation.name == "RunInstances" {
		var err error
		if all, err = c.parameterImage(all); err != nil {
			return nil, err
		}
	}
	// A profile's role is not named, though often called as it is.
	for _, path := range []string{"b.IamInstanceProfile", "b.LaunchSpecification.IamInstanceProfile"} {
		for _, member := range []string{".Arn", ".Name"} {
			if strings.HasPrefix(path, "b.L") != (c.operation.name == "RequestSpotInstances") {
				continue
			}
			profile, ok, err := c.text(path + member)
			if err != nil {
				return nil, err
			}
			if ok && profile != "" {
				return append(all, c.pass("*")), nil
			}
		}
	}
	if c.operation.name == "RunInstances" {
		return c.launched(all, "LaunchTemplate")
	}
	return all, nil
}

// parameterImage takes an image that a parameter names for what it is. (Amazon
// EC2 User Guide, "Reference AMIs using Systems Manager parameters".)
func (c *tableCall) parameterImage(all []manifest.Request) ([]manifest.Request, error) {
	image, _, err := c.text("b.ImageId")
	if err != nil || !strings.HasPrefix(image, "resolve:ssm:") {
		return all, err
	}
	kept := all[:0]
	for _, r := range all {
		if !strings.HasSuffix(r.Resource, ":image/"+image) {
			kept = append(kept, r)
		}
	}
	return append(kept, unknown("ssm:GetParameters")), nil
}

// tagsMade adds what a call needs to put tags on what it makes: ec2:CreateTags,
// on what has no id yet.
func (c *tableCall) tagsMade(all []manifest.Request) ([]manifest.Request, error) {
	members, err := c.body()
	if err != nil {
		return nil, err
	}
	for _, member := range []string{"TagSpecification", "TagSpecifications"} {
		v, err := memberOf(members, member)
		if err != nil {
			return nil, err
		}
		if v == nil || v == "" {
			continue
		}
		specifications, err := objects(v, member)
		if err != nil {
			return nil, err
		}
		for _, s := range specifications {
			v, err := memberOf(s, "Tag")
			if err != nil {
				return nil, err
			}
			tags, err := tagList(v, "Key", "Value")
			if err != nil {
				return nil, err
			}
			r := unknown("ec2:CreateTags", "ec2:CreateAction", c.operation.name)
			withTags(&r, tags)
			all = append(all, r)
		}
	}
	return all, nil
}

// tagIDs asks for what tags are put on or taken from, by id.
func tagIDs(c *tableCall) ([]manifest.Request, error) {
	action := "ec2:" + c.operation.name
	ids, err := c.values("b.ResourceId.#")
	if err != nil {
		return nil, err
	}
	var all []manifest.Request
	partly := len(ids) == 0
	for _, id := range ids {
		if err := literal(id); err != nil {
			return nil, err
		}
		prefix, rest, _ := cutLast(id, "-")
		kind := kindOfID(prefix)
		if kind == "" || !isName(rest, "") {
			partly = true
			continue
		}
		template := "ec2:{r}:{a}:" + kind + "/{/:}"
		if kind == "image" || kind == "snapshot" {
			template = "ec2:{r}::" + kind + "/{/:}"
		}
		arn, err := c.fill(template, []string{id})
		if err != nil {
			return nil, err
		}
		all = append(all, request(action, arn))
	}
	if partly {
		all = append(all, unknown(action))
	}
	return all, c.tag(all)
}

// kindOfID returns what ids with a prefix are of, as ARNs have it. (Amazon EC2
// User Guide, "Resource IDs"; Service Authorization Reference, "Amazon EC2".)
func kindOfID(prefix string) string {
	switch prefix {
	case "acl":
		return "network-acl"
	case "ami":
		return "image"
	case "cgw":
		return "customer-gateway"
	case "cr":
		return "capacity-reservation"
	case "dopt":
		return "dhcp-options"
	case "eigw":
		return "egress-only-internet-gateway"
	case "eipalloc":
		return "elastic-ip"
	case "eni":
		return "network-interface"
	case "fl":
		return "vpc-flow-log"
	case "i":
		return "instance"
	case "igw":
		return "internet-gateway"
	case "lt":
		return "launch-template"
	case "nat":
		return "natgateway"
	case "pcx":
		return "vpc-peering-connection"
	case "pl":
		return "prefix-list"
	case "rtb":
		return "route-table"
	case "sg":
		return "security-group"
	case "sgr":
		return "security-group-rule"
	case "sir":
		return "spot-instances-request"
	case "snap":
		return "snapshot"
	case "subnet":
		return "subnet"
	case "tgw":
		return "transit-gateway"
	case "tgw-attach":
		return "transit-gateway-attachment"
	case "tgw-rtb":
		return "transit-gateway-route-table"
	case "vgw":
		return "vpn-gateway"
	case "vol":
		return "volume"
	case "vpc":
		return "vpc"
	case "vpce":
		return "vpc-endpoint"
	case "vpn":
		return "vpn-connection"
	}
	return ""
}
