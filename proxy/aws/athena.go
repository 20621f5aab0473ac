package aws

import "github.com/lambda-remit/remit/manifest"

// athena is what the tables do not say of Amazon Athena: that a call which names
// no workgroup is in the one called "primary", and which data catalog is read.
// (Amazon Athena API Reference, "WorkGroup" of each operation; Amazon Athena User
// Guide, "Example workgroup policies".)
func athena(operation string) reading {
	switch operation {
	case "CreateNamedQuery", "ListNamedQueries", "ListQueryExecutions", "StartQueryExecution":
		return func(c *tableCall) ([]manifest.Request, error) {
			group, err := c.workgroup()
			return []manifest.Request{request("athena:"+operation, group)}, err
		}
	case "GetDatabase", "GetTableMetadata", "ListDatabases", "ListTableMetadata":
		return func(c *tableCall) ([]manifest.Request, error) {
			catalog, _, err := c.text("b.CatalogName")
			if err != nil {
				return nil, err
			}
			arn, err := c.fill("athena:{r}:{a}:datacatalog/{/:}", []string{catalog})
			return []manifest.Request{request("athena:"+operation, arn)}, err
		}
	}
	return nil
}

func (c *tableCall) workgroup() (string, error) {
	name, _, err := c.text("b.WorkGroup")
	if err != nil {
		return "", err
	}
	if name == "" {
		name = "primary"
	}
	return c.fill("athena:{r}:{a}:workgroup/{/:}", []string{name})
}
