package manifest

import (
	"errors"
	"strings"
)

// exposing reads whether an entry's grants are the function's own to sign for,
// and refuses beside it what such credentials cannot be.
func (p *parser) exposing(e *entry) {
	f, ok := e.fields["expose"]
	if !ok || !p.truth(e, "expose") {
		return
	}
	e.expose = true
	if p.exposeAt == nil {
		p.exposeAt = f.key
	}
	if g, ok := e.fields["via"]; ok {
		p.errorf(g.key, `"via" and "expose: true" exclude each other: what a service does in the function's name is signed by nobody`)
	}
	if g, ok := e.fields["mint"]; ok && e.mint == WidthCall {
		p.errorf(g.key, `"mint: call" and "expose: true" exclude each other: the function's own credentials are of no one call`)
	}
	if p.m.Credentials.Unminted && p.m.Credentials.ExposedRole == "" {
		p.errorf(f.key, `"expose: true" takes a role to assume: name one by "credentials: {exposed_role: ARN}"`)
	}
	p.warnf(f.key, "%s is exposed: the function holds credentials of it that AWS honours; calls under them may go round Remit, and are as wide as the exposed grants together", e.id)
}

// exposed ends the reading of what is exposed.
func (p *parser) exposed() {
	for g := range p.owned {
		g.Exposed = false // its calls are a service's; the grants that need it carry it
	}
	if p.roleAt != nil && p.exposeAt == nil && len(p.errs) == 0 {
		p.warnf(p.roleAt, `"exposed_role" means nothing where no grant says "expose: true"`)
	}
}

// Exposed are the grants that the function's own credentials are good for, in
// source order.
func (m *Manifest) Exposed() []*Grant {
	if m == nil {
		return nil
	}
	var grants []*Grant
	for _, g := range m.Grants {
		if g.Exposed {
			grants = append(grants, g)
		}
	}
	return grants
}

// connect reads the database users that the function logs in as, by tokens that
// it signs itself.
func (p *parser) connect(e *entry) {
	f, ok := e.fields["connect"]
	if !ok {
		return
	}
	users, ok := p.arns(f, p.databaseUserARN)
	if !e.expose {
		p.errorf(f.key, `connect: a token that logs in is signed inside the function: write "expose: true" beside it`)
		return
	}
	if ok && p.room(f.key, len(users)) {
		p.grant(e, f, []string{"rds-db:connect"}, users)
	}
}

// databaseUserARN returns the pattern of a database user, of which s is the ARN
// or RESOURCE-ID/USER. (Amazon RDS User Guide, "Creating and using an IAM policy
// for IAM database access": the id is of the instance, in Aurora of the cluster,
// of RDS Proxy of the proxy, and none of them is the name.)
func (p *parser) databaseUserARN(s string) (Pattern, error) {
	name, isARN, err := nameIn(s, "rds-db", "dbuser:", "a database user's")
	if err != nil {
		return "", err
	}
	id, user, ok := strings.Cut(name, "/")
	kind, rest, _ := strings.Cut(id, "-")
	if !ok || kind != "db" && kind != "cluster" && kind != "prx" || rest == "" || !made(rest, letters+digits) || user == "" || len(user) > 63 || strings.ContainsAny(user, "*?$/ ") {
		return "", errors.New(`a database user is RESOURCE-ID/USER, as in cluster-ABCDEFGHIJKL01234/app, or its ARN; the id is not the cluster's name, and wildcards are for "allow"`)
	}
	if isARN {
		return Literal(s), nil
	}
	return p.regional("rds-db", "dbuser:"+Literal(name)), nil
}
