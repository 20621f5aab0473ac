package aws

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// glue is what the tables do not say of AWS Glue: databases, tables and
// connections whose names stand in what they are to be, tables in a list,
// schemas by ARN or in a registry, and roles that are passed by name. (AWS Glue
// Developer Guide, "Specifying AWS Glue resource ARNs"; AWS Glue API Reference.)
func glue(operation string) reading {
	switch operation {
	case "CreateDatabase", "UpdateDatabase":
		return glueNamed("glue:{r}:{a}:database/{/}", "b.Name", "b.DatabaseInput.Name")
	case "CreateTable", "UpdateTable":
		return glueTable
	case "UpdateConnection":
		return glueNamed("glue:{r}:{a}:connection/{}", "b.Name", "b.ConnectionInput.Name")
	case "BatchDeleteTable":
		return glueTables
	case "BatchGetTableOptimizer":
		return glueOptimizers
	case "UpdateDataQualityRuleset":
		return glueRuleset
	case "CreateColumnStatisticsTaskSettings", "CreateCrawler", "CreateJob", "CreateMLTransform", "CreateSession",
		"StartColumnStatisticsTaskRun", "StartDataQualityRuleRecommendationRun", "StartDataQualityRulesetEvaluationRun",
		"UpdateColumnStatisticsTaskSettings", "UpdateCrawler", "UpdateMLTransform":
		return gluePasses("b.Role")
	case "UpdateJob":
		return gluePasses("b.JobUpdate.Role")
	case "CreateSchema", "DeleteRegistry", "GetRegistry", "ListSchemas", "UpdateRegistry":
		return glueRegistry
	case "DeleteSchema", "DeleteSchemaVersions", "GetSchema", "GetSchemaByDefinition", "GetSchemaVersion", "GetSchemaVersionsDiff",
		"ListSchemaVersions", "PutSchemaVersionMetadata", "QuerySchemaVersionMetadata", "RegisterSchemaVersion",
		"RemoveSchemaVersionMetadata", "UpdateSchema":
		return glueSchema
	case "GetUnfilteredPartitionMetadata", "GetUnfilteredPartitionsMetadata", "GetUnfilteredTableMetadata":
		return glueUnfiltered
	}
	return nil
}

// replaced is the table's answer with the requests of the operation's own
// action that gone reports on taken out, and one for each of arns.
func (c *tableCall) replaced(gone func(r *manifest.Request) bool, arns ...string) ([]manifest.Request, error) {
	all, err := c.tabled()
	if err != nil {
		return nil, err
	}
	own := slices.IndexFunc(all, func(r manifest.Request) bool { return strings.HasPrefix(r.Action, c.table.prefix+":") })
	if own < 0 {
		return nil, fmt.Errorf("the table has no action for %s", c.operation.name)
	}
	of := all[own]
	all = slices.DeleteFunc(all, func(r manifest.Request) bool { return r.Action == of.Action && gone(&r) })
	for i, arn := range arns {
		r := of
		r.Context = maps.Clone(of.Context)
		r.Resource, r.Partly = arn, arn == "*"
		all = slices.Insert(all, min(i, len(all)), r)
	}
	return all, nil
}

// foreignCatalog reports whether the call is about a catalog that is none of an
// account's own, such as one of S3 Tables or of Redshift. The table asks for all
// of it then as for what is not known.
func (c *tableCall) foreignCatalog() (bool, error) {
	owned, err := c.owned()
	return !owned, err
}

// glueNamed asks for what the call names by itself, and for what it is to be
// called, which might be another.
func glueNamed(template string, paths ...string) reading {
	return func(c *tableCall) ([]manifest.Request, error) {
		foreign, err := c.foreignCatalog()
		if err != nil || foreign {
			return errorOr(err, c.tabled)
		}
		var arns []string
		for _, path := range paths {
			name, ok, err := c.text(path)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			arn, err := c.fill(template, []string{name})
			if err != nil {
				return nil, err
			}
			if !slices.Contains(arns, arn) {
				arns = append(arns, arn)
			}
		}
		if len(arns) == 0 {
			arns = []string{"*"}
		}
		return c.replaced(func(r *manifest.Request) bool { return r.Partly || slices.Contains(arns, r.Resource) }, arns...)
	}
}

func errorOr(err error, f func() ([]manifest.Request, error)) ([]manifest.Request, error) {
	if err != nil {
		return nil, err
	}
	return f()
}

// glueTable asks for the table that is created or changed: older clients name it
// in TableInput alone. (AWS Glue API Reference, CreateTable and UpdateTable.)
func glueTable(c *tableCall) ([]manifest.Request, error) {
	foreign, err := c.foreignCatalog()
	if err != nil || foreign {
		return errorOr(err, c.tabled)
	}
	database, _, err := c.text("b.DatabaseName")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, path := range []string{"b.Name", "b.TableInput.Name"} {
		name, ok, err := c.text(path)
		if err != nil {
			return nil, err
		}
		if ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return c.onTables(database, names)
}

// glueTables asks for every table of a list.
func glueTables(c *tableCall) ([]manifest.Request, error) {
	foreign, err := c.foreignCatalog()
	if err != nil || foreign {
		return errorOr(err, c.tabled)
	}
	database, _, err := c.text("b.DatabaseName")
	if err != nil {
		return nil, err
	}
	names, err := c.values("b.TablesToDelete.#")
	if err != nil {
		return nil, err
	}
	return c.onTables(database, names)
}

func (c *tableCall) onTables(database string, names []string) ([]manifest.Request, error) {
	arns := make([]string, len(names))
	for i, name := range names {
		var err error
		if arns[i], err = c.fill("glue:{r}:{a}:table/{/}/{/}", []string{database, name}); err != nil {
			return nil, err
		}
	}
	if len(arns) == 0 {
		arns = []string{"*"}
	}
	return c.replaced(func(r *manifest.Request) bool { return r.Partly || strings.Contains(r.Resource, ":table/") }, arns...)
}

// glueOptimizers asks for the tables of entries, each in a catalog of its own.
func glueOptimizers(c *tableCall) ([]manifest.Request, error) {
	members, err := c.body()
	if err != nil {
		return nil, err
	}
	v, err := memberOf(members, "Entries")
	if err != nil {
		return nil, err
	}
	entries, err := objects(v, "Entries")
	if err != nil || len(entries) == 0 {
		return errorOr(err, c.tabled)
	}
	action := "glue:" + c.operation.name
	var all []manifest.Request
	for _, entry := range entries {
		var of [3]string
		for i, name := range []string{"catalogId", "databaseName", "tableName"} {
			if of[i], err = textOf(entry, name); err != nil {
				return nil, err
			}
		}
		c.owner = of[0]
		if of[0] != "" && !isAccount(of[0]) || of[1] == "" || of[2] == "" {
			all = append(all, unknown(action))
			continue
		}
		for _, what := range []struct {
			template string
			values   []string
		}{{"glue:{r}:{a}:table/{/}/{/}", of[1:]}, {"glue:{r}:{a}:database/{/}", of[1:2]}, {"glue:{r}:{a}:catalog", nil}} {
			arn, err := c.fill(what.template, what.values)
			if err != nil {
				return nil, err
			}
			r := request(action, arn)
			if !slices.ContainsFunc(all, func(o manifest.Request) bool { return same(&o, &r) }) {
				all = append(all, r)
			}
		}
	}
	return all, nil
}

// glueRuleset asks for the ruleset by its name: Ruleset is its text.
func glueRuleset(c *tableCall) ([]manifest.Request, error) {
	name, _, err := c.text("b.Name")
	if err != nil {
		return nil, err
	}
	arn, err := c.fill("glue:{r}:{a}:dataQualityRuleset/{/}", []string{name})
	if err != nil {
		return nil, err
	}
	return []manifest.Request{request("glue:"+c.operation.name, arn)}, nil
}

// gluePasses adds the role that is passed, by name or by ARN. (AWS Glue
// Developer Guide, "Step 3: Attach a policy to users or groups that access AWS
// Glue": iam:PassRole.)
func gluePasses(path string) reading {
	return func(c *tableCall) ([]manifest.Request, error) {
		all, err := c.tabled()
		if err != nil {
			return nil, err
		}
		role, ok, err := c.text(path)
		if err != nil || !ok || role == "" {
			return all, err
		}
		arn, err := c.role(role)
		return append(all, request("iam:PassRole", arn, "iam:PassedToService", "glue.amazonaws.com")), err
	}
}

// glueUnfiltered asks for a table's metadata where engines ask that enforce Lake
// Formation's permissions themselves. Its base may be in another region.
func glueUnfiltered(c *tableCall) ([]manifest.Request, error) {
	region, ok, err := c.text("b.Region")
	if err != nil {
		return nil, err
	}
	all, err := c.tabled()
	if err == nil && ok && region != c.in.region && len(all) > 0 {
		return []manifest.Request{unknown(all[0].Action)}, nil
	}
	return all, err
}
