package aws

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// glueRegistry asks for the schema registry that a call names, and for the schema
// that it creates there. (AWS Glue API Reference, RegistryId; CreateSchema: "If
// this is not provided, we use the default registry".)
func glueRegistry(c *tableCall) ([]manifest.Request, error) {
	action := "glue:" + c.operation.name
	name, ok, err := c.registry("RegistryId", "RegistryArn")
	if err != nil {
		return nil, err
	}
	creates := c.operation.name == "CreateSchema"
	if !ok && !creates {
		return c.tabled()
	}
	arn := name
	if !strings.HasPrefix(name, "arn:") {
		if arn, err = c.fill("glue:{r}:{a}:registry/{/}", []string{name}); err != nil {
			return nil, err
		}
	}
	if !creates {
		return []manifest.Request{request(action, arn)}, nil
	}
	schema, _, err := c.text("b.SchemaName")
	if err != nil {
		return nil, err
	}
	if schema == "" || strings.Contains(schema, "/") {
		return nil, fmt.Errorf("%.160q is no name of a schema", schema)
	}
	return c.replaced(func(*manifest.Request) bool { return true }, arn, strings.Replace(arn, ":registry/", ":schema/", 1)+"/"+schema)
}

// glueSchema asks for the schema that a call names, by ARN, or by name in its
// registry, and for the registry. One version of a schema may be named by its id
// alone. (AWS Glue API Reference, SchemaId; AWS Glue Developer Guide, "AWS Glue
// Schema Registry", IAM examples.)
func glueSchema(c *tableCall) ([]manifest.Request, error) {
	id, err := c.objectAt("SchemaId")
	if err != nil {
		return nil, err
	}
	stated, err := textOf(id, "SchemaArn")
	if err != nil {
		return nil, err
	}
	name, err := textOf(id, "SchemaName")
	if err != nil {
		return nil, err
	}
	_, version, err := c.text("b.SchemaVersionId")
	if err != nil {
		return nil, err
	}
	registry, inOne, err := c.registry("SchemaId", "")
	switch {
	case err != nil:
		return nil, err
	case stated != "" && (name != "" || inOne), version && (stated != "" || name != ""):
		return nil, errors.New("the call names a schema twice: leave all but one of SchemaArn, SchemaName and SchemaVersionId out")
	case stated == "" && name == "":
		return []manifest.Request{unknown("glue:" + c.operation.name)}, nil
	case stated != "":
		if stated, err = c.stated("glue", stated); err != nil {
			return nil, err
		}
		_, path, ok := strings.Cut(stated, ":schema/")
		in, _, parted := strings.Cut(path, "/")
		if !ok || !parted || strings.Count(path, "/") != 1 {
			return nil, fmt.Errorf("%.160q is no ARN of a schema", stated)
		}
		return c.replaced(func(*manifest.Request) bool { return true }, strings.TrimSuffix(stated, ":schema/"+path)+":registry/"+in, stated)
	}
	var arns [2]string
	if arns[0], err = c.fill("glue:{r}:{a}:registry/{/}", []string{registry}); err != nil {
		return nil, err
	}
	if arns[1], err = c.fill("glue:{r}:{a}:schema/{/}/{/}", []string{registry, name}); err != nil {
		return nil, err
	}
	return c.replaced(func(*manifest.Request) bool { return true }, arns[:]...)
}

// registry returns the schema registry that an id names, by name or, where it may
// have one, by ARN, and whether it does: the default one's name otherwise.
func (c *tableCall) registry(member, arn string) (string, bool, error) {
	id, err := c.objectAt(member)
	if err != nil {
		return "", false, err
	}
	name, err := textOf(id, "RegistryName")
	if err != nil {
		return "", false, err
	}
	if arn != "" {
		stated, err := textOf(id, arn)
		if err != nil {
			return "", false, err
		}
		if stated != "" {
			if name != "" {
				return "", false, errors.New("the call names a registry twice: leave RegistryName or RegistryArn out")
			}
			stated, err = c.stated("glue", stated)
			if err == nil && (!strings.Contains(stated, ":registry/") || strings.Count(stated, "/") != 1) {
				err = fmt.Errorf("%.160q is no ARN of a registry", stated)
			}
			return stated, true, err
		}
	}
	if name == "" {
		return "default-registry", false, nil
	}
	return name, true, nil
}

// objectAt returns a member of the body that is an object; absent, it is empty.
func (c *tableCall) objectAt(name string) (tree, error) {
	members, err := c.body()
	if err != nil {
		return tree{}, err
	}
	if _, err := memberOf(members, name); err != nil {
		return tree{}, err
	}
	return object(members, name)
}
