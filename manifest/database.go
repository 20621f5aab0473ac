package manifest

import (
	"errors"
	"strings"
)

// database reads the kind `database`: a cluster of Aurora, by the Data API.
func (p *parser) database(e *entry) {
	p.connect(e)
	f, has := e.fields["query"]
	if !has {
		if s, has := e.fields["secret"]; has {
			p.errorf(s.key, `secret: this is of the Data API, and the entry has no "query"`)
		}
		return
	}
	clusters, ok := p.arns(f, p.clusterARN)
	s, has := e.fields["secret"]
	if !has {
		p.errorf(f.key, `query: the Data API logs in by a secret: name it by "secret"`)
		return
	}
	names, good := p.names(s.value, `"secret"`)
	var secrets []Pattern
	for _, n := range names {
		r, warning, err := p.secretARN(n.string)
		if err != nil && n.string != "" {
			p.errorf(n.at, "secret: %q: %v", n.string, err)
		}
		if warning != "" {
			p.warnf(n.at, "%s", warning)
		}
		good = good && err == nil
		secrets = append(secrets, r)
	}
	if !ok || !good || !p.room(f.key, len(clusters)+len(secrets)) {
		return
	}
	g := p.grant(e, f, []string{"rds-data:ExecuteStatement", "rds-data:BatchExecuteStatement", "rds-data:BeginTransaction", "rds-data:CommitTransaction", "rds-data:RollbackTransaction"}, clusters)
	// The Data API reads the secret in the function's name: the function itself
	// learns no password. It is not among the services that aws:CalledVia
	// names, so any service's call it is. (Amazon Aurora User Guide, "Using the
	// Amazon RDS Data API"; IAM User Guide, "AWS global condition context
	// keys", aws:ViaAWSService.)
	read := p.grantAs(e, s, "", []string{"secretsmanager:GetSecretValue"}, secrets, Condition{"Bool", "aws:ViaAWSService", []string{"true"}})
	p.owned[read] = true
	g.Needs = append([]*Grant{read}, p.keyUse(e, "secretsmanager", "", "kms:Decrypt")...)
}

// clusterARN returns the pattern of a cluster, of which s is the name or the ARN.
func (p *parser) clusterARN(s string) (Pattern, error) {
	name, isARN, err := nameIn(s, "rds", "cluster:", "a cluster's")
	if err != nil {
		return "", err
	}
	// (Amazon RDS API Reference, CreateDBCluster, "DBClusterIdentifier", which
	// is kept in small letters.)
	if name == "" || len(name) > 63 || !made(name, lower+digits+"-") || strings.Contains(name, "--") {
		return "", errors.New("a cluster is a name of at most 63 small letters, digits and hyphens, or its ARN; wildcards are for \"allow\"")
	}
	if isARN {
		return Literal(s), nil
	}
	return p.regional("rds", "cluster:"+Literal(name)), nil
}
