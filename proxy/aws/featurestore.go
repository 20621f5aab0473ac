package aws

import (
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// featureStore is what the tables do not say of Amazon SageMaker's feature store:
// the feature groups of a batch, each by name or by ARN. (Amazon SageMaker API
// Reference, BatchGetRecord: "A list containing the name or Amazon Resource Name
// (ARN) of the FeatureGroup".)
func featureStore(operation string) reading {
	where := "Identifiers#"
	switch operation {
	case "BatchGetRecord":
	case "BatchWriteRecord":
		where = "Entries#"
	default:
		return nil
	}
	return func(c *tableCall) ([]manifest.Request, error) {
		entries, err := c.objectsAt(where)
		if err != nil || len(entries) == 0 {
			return errorOr(err, c.tabled)
		}
		var all []manifest.Request
		for _, e := range entries {
			name, err := textOf(e, "FeatureGroupName")
			if err != nil {
				return nil, err
			}
			if strings.HasPrefix(name, "arn:") {
				name, err = c.stated("sagemaker", name)
			} else {
				name, err = c.fill("sagemaker:{r}:{a}:feature-group/{/:}", []string{name})
			}
			if err != nil {
				return nil, err
			}
			if r := request("sagemaker:"+operation, name); !slices.ContainsFunc(all, func(o manifest.Request) bool { return same(&o, &r) }) {
				all = append(all, r)
			}
		}
		return all, nil
	}
}
