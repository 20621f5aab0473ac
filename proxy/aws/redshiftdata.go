package aws

import (
	"cmp"
	"errors"

	"github.com/lambda-remit/remit/manifest"
)

// redshiftData is what the tables do not say of the Amazon Redshift Data API: that
// a call is to a cluster or to a workgroup, and that it logs in by a secret, or by
// credentials which it asks for in the function's name. (Amazon Redshift
// Management Guide, "Authorizing access to the Amazon Redshift Data API".)
func redshiftData(operation string) reading {
	switch operation {
	case "BatchExecuteStatement", "DescribeTable", "ExecuteStatement", "ListDatabases", "ListSchemas", "ListTables":
		return func(c *tableCall) ([]manifest.Request, error) { return c.redshift("redshift-data:" + operation) }
	}
	return nil
}

func (c *tableCall) redshift(action string) ([]manifest.Request, error) {
	var of [6]string
	for i, name := range []string{"ClusterIdentifier", "WorkgroupName", "SecretArn", "DbUser", "Database", "ConnectedDatabase"} {
		var err error
		if of[i], _, err = c.text("b." + name); err != nil {
			return nil, err
		}
	}
	cluster, workgroup, secret, user, database := of[0], of[1], of[2], of[3], cmp.Or(of[5], of[4])
	var all []manifest.Request
	switch {
	case cluster != "" && workgroup != "":
		return nil, errors.New("the call names a cluster and a workgroup: leave one out")
	case cluster != "":
		arn, err := c.fill("redshift:{r}:{a}:cluster:{/:}", []string{cluster})
		if err != nil {
			return nil, err
		}
		all = append(all, request(action, arn))
	case workgroup != "":
		r, err := c.workgroupOf(action, workgroup)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	default:
		return []manifest.Request{unknown(action)}, nil // of a session
	}
	switch {
	case secret != "":
		r, err := secretRequest(c.in, "secretsmanager:GetSecretValue", secret)
		if err != nil {
			return nil, err
		}
		delete(r.Context, "secretsmanager:secretid")
		return append(all, inName(r)...), nil
	case workgroup != "":
		r, err := c.workgroupOf("redshift-serverless:GetCredentials", workgroup)
		return append(all, inName(r)...), err
	}
	if database == "" {
		return nil, errors.New("a call to a cluster without a Database")
	}
	name, err := c.fill("redshift:{r}:{a}:dbname:{/:}/{}", []string{cluster, database})
	if err != nil {
		return nil, err
	}
	if user == "" {
		return append(all, inName(request("redshift:GetClusterCredentialsWithIAM", name, "redshift:DbName", database))...), nil
	}
	login, err := c.fill("redshift:{r}:{a}:dbuser:{/:}/{}", []string{cluster, user})
	const get = "redshift:GetClusterCredentials"
	return append(all, inName(
		request(get, login, "redshift:DbName", database, "redshift:DbUser", user),
		request(get, name, "redshift:DbName", database, "redshift:DbUser", user))...), err
}

// workgroupOf is a request on a serverless workgroup: its ARN has an id, which
// its name does not tell.
func (c *tableCall) workgroupOf(action, workgroup string) (manifest.Request, error) {
	if len(workgroup) < 4 || workgroup[:4] != "arn:" {
		return unknown(action), literal(workgroup)
	}
	arn, err := c.stated("redshift-serverless", workgroup)
	return request(action, arn), err
}
