package manifest

import (
	"slices"
	"strings"
)

// via reads the services that an entry is for: its grants are theirs to use,
// while they serve a call of the function's, and not the function's own.
// (IAM User Guide, "AWS global condition context keys", aws:CalledVia.)
func (p *parser) via(e *entry, f field) []Condition {
	if p.m.Credentials.Unminted {
		p.errorf(f.key, `"via" means nothing where "unminted: true" mints no credentials: leave it out`)
		return nil
	}
	list, ok := p.names(f.value, `"via"`)
	c := Condition{Operator: forAny + ":StringEquals", Key: "aws:CalledVia"}
	said := true
	for _, n := range list {
		if n.string == "" {
			continue
		}
		service := strings.TrimSuffix(n.string, ".amazonaws.com")
		if p.service(service) == nil {
			p.unknownf(n.at, "via: %q is no service%s", n.string, p.didYouMean(service, services()))
			if ok = ok && p.o.Lenient; !ok || !made(service, lower+digits+"-") {
				continue
			}
		}
		c.Values = appendNew(c.Values, service+".amazonaws.com")
		e.via = appendNew(e.via, service)
		said = said && saysCalledVia(service)
	}
	if !ok || len(c.Values) == 0 {
		return nil
	}
	if !said {
		return []Condition{{"Bool", "aws:ViaAWSService", []string{"true"}}}
	}
	return []Condition{c}
}

// saysCalledVia reports whether AWS says that a service is named by aws:CalledVia
// when it acts in a caller's name. Others (Textract, Rekognition, Transcribe, the
// RDS Data API) act by forward access sessions all the same, which
// aws:ViaAWSService tells of any service; which one it is, the session policies
// see to, that are of calls to it. (IAM User Guide, "AWS global condition context
// keys", aws:CalledVia and aws:ViaAWSService; Amazon Bedrock User Guide, "Set up
// Amazon Bedrock Marketplace".)
func saysCalledVia(service string) bool {
	switch service {
	case "athena", "bedrock", "cloudformation", "dynamodb", "kms":
		return true
	}
	return false
}

// needs gives each grant those that services need of the function to serve its
// calls: grants under a condition that names such a service. Those of a field
// "key" belong to their own entry's grants, which have them already.
func (p *parser) needs() {
	for _, v := range p.m.Grants {
		if p.owned[v] {
			continue
		}
		by, _ := servedBy(v.Conditions)
		if via := p.served[v]; via != nil {
			by = via
		}
		if len(by) == 0 {
			continue
		}
		for _, g := range p.m.Grants {
			if _, alone := servedBy(g.Conditions); g != v && !alone && slices.ContainsFunc(g.Actions, func(a string) bool {
				service, _, _ := strings.Cut(a, ":")
				return slices.Contains(by, service) || slices.Contains(by, "*") || service == "*"
			}) {
				g.Needs = append(g.Needs, v)
			}
		}
	}
}

// servedBy returns the services that conditions say the call is made by, "*"
// for any, and whether it is made by them alone, and never by the function.
func servedBy(all []Condition) (by []string, alone bool) {
	for _, c := range all {
		op, ok := parseOperator(c.Operator)
		switch key := strings.ToLower(c.Key); {
		case !ok || op.negated:
		case op.compare == boolean && key == "aws:viaawsservice" && slices.ContainsFunc(c.Values, func(v string) bool { return strings.EqualFold(v, "true") }):
			by = append(by, "*")
			alone = alone || !op.missing() && len(c.Values) == 1
		case key == "kms:viaservice" || strings.HasPrefix(key, "aws:calledvia"):
			if op.compare == null {
				if strings.EqualFold(c.Values[0], "false") {
					by, alone = append(by, "*"), true
				}
				continue
			}
			alone = alone || !op.missing()
			for _, v := range c.Values {
				service, _, _ := strings.Cut(v, ".")
				if strings.ContainsAny(service, "*?$") {
					service = "*"
				}
				by = append(by, service)
			}
		}
	}
	return by, alone
}
