package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A pool numbers one service's ARN templates.
type pool struct {
	list   []string
	number map[string]int
}

func (p *pool) id(template string) int {
	if n, ok := p.number[template]; ok {
		return n
	}
	if p.number == nil {
		p.number = make(map[string]int)
	}
	p.number[template] = len(p.list)
	p.list = append(p.list, template)
	return len(p.list) - 1
}

var variable = regexp.MustCompile(`\$\{([^}]*)\}`)

// A shape is an ARN template, taken apart.
type shape struct {
	typ      string // the resource type's name
	required bool   // the action's page says that it has to be there
	text     string // "kinesis:{r}:{a}:stream/{/}", as the tables write it
	service  string
	vars     []string // of the resource
	any      bool     // its id stands as "*" in the template, and is no name that requests have
}

// shapeOf takes a template of the reference apart. Of a page's other templates
// it tells which characters a variable's value cannot have: those by which it
// would be another resource.
func shapeOf(name, arn string, others map[string]string) (shape, error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" {
		return shape{}, fmt.Errorf("resource type %q has the ARN %q", name, arn)
	}
	sh := shape{typ: name, service: parts[2]}
	region, account := parts[3], parts[4]
	if strings.Contains(region, "${") {
		region = "{r}"
	}
	if strings.Contains(account, "${") {
		account = "{a}"
	}
	head := parts[2] + ":" + region + ":" + account + ":"
	rest, b := parts[5], strings.Builder{}
	for {
		at := variable.FindStringSubmatchIndex(rest)
		if at == nil {
			b.WriteString(rest)
			break
		}
		b.WriteString(rest[:at[0]])
		sh.vars = append(sh.vars, rest[at[2]:at[3]])
		rest = rest[at[1]:]
		forbidden := "/:"
		if rest != "" && (rest[0] == '/' || rest[0] == ':') {
			forbidden = rest[:1] // where the name ends
		} else if rest == "" {
			forbidden = ""
			for _, other := range others {
				o := strings.SplitN(other, ":", 6)
				if len(o) != 6 || o[5] == parts[5] {
					continue
				}
				// What goes on behind this one's end goes on with a delimiter.
				if after, ok := strings.CutPrefix(normal(o[5]), normal(parts[5])); ok && after != "" && strings.IndexByte("/:", after[0]) >= 0 && !strings.Contains(forbidden, after[:1]) {
					forbidden += after[:1]
				}
			}
			f := []byte(forbidden)
			slices.Sort(f)
			forbidden = string(f)
		}
		b.WriteString("{" + forbidden + "}")
	}
	sh.text = head + b.String()
	sh.any = strings.HasSuffix(sh.text, ":*") // AWS DMS's
	return sh, nil
}

// ofVersion returns the one of two templates of a type that a service has: Amazon
// Lex's is that of its second version in front, AWS IoT Greengrass's that of its
// first. (Service Authorization Reference, "Amazon Lex V2" and "AWS IoT Greengrass
// V2".)
func ofVersion(s *service, arn string) string {
	front, behind, both := strings.Cut(arn, ", ")
	if both && strings.HasPrefix(s.ID, "Lex ") != strings.HasSuffix(s.ID, "V2") {
		return behind
	}
	return front
}

// normal writes a template with all its variables alike.
func normal(s string) string { return variable.ReplaceAllString(s, "$") }

// plain is a name less case and all that is no letter or digit.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		}
		return -1
	}, s)
}

// stem is a name less what says how it names: "stream" of "StreamName".
func stem(s string) (string, string) {
	for _, end := range []string{"identifier", "arn", "name", "id"} {
		if t, ok := strings.CutSuffix(s, end); ok {
			if end == "identifier" {
				end = ""
			}
			return t, end
		}
	}
	return s, ""
}

// resourcesOf returns the resources field of one action of an operation: see
// the package comment.
func resourcesOf(ref reference, p *pool, s *service, op *operation, full string) (string, error) {
	a, pg, ok := ref.find(full)
	if !ok {
		return "?", nil // it may have resources that the reference does not tell yet
	}
	if strings.HasPrefix(full, "apigateway:") && full == "apigateway:"+op.Method {
		// The path is the resource. (Amazon API Gateway Developer Guide, "ARN
		// reference".)
		return "path", nil
	}
	return resourcesFor(p, s, op, a, pg)
}

// resourcesFor are those of an action on a page.
func resourcesFor(p *pool, s *service, op *operation, a action, pg *page) (string, error) {
	if len(a.ResourceTypes) == 0 {
		return "*", nil
	}
	var shapes []shape
	for _, t := range a.ResourceTypes {
		arn, ok := pg.Types[strings.ToLower(t.Name)]
		if !ok {
			return "", fmt.Errorf("action %q has the unknown resource type %q", a.Name, t.Name)
		}
		sh, err := shapeOf(t.Name, ofVersion(s, arn), pg.Types)
		if err != nil {
			return "", err
		}
		sh.required = t.Required
		shapes = append(shapes, sh)
	}
	all := places(s, op)
	var groups []string
	group := func(g string) {
		if !slices.Contains(groups, g) {
			groups = append(groups, g)
		}
	}
	done := make([]bool, len(shapes))
	stated := false

	// Members whose values are ARNs.
	for _, pl := range all {
		if pl.level > 0 || !isARN(pl.name) && !slices.ContainsFunc(shapes, func(sh shape) bool { return sh.any && pl.name == plain(sh.typ)+"identifier" }) {
			continue
		}
		var owners []string
		for i, sh := range shapes {
			if arnNames(pl.name, sh, op, len(shapes)) || sh.any && pl.name == plain(sh.typ)+"identifier" {
				done[i] = true
				if !slices.Contains(owners, sh.service) {
					owners = append(owners, sh.service)
				}
			}
		}
		if len(owners) > 0 {
			slices.Sort(owners)
			if slices.Contains(owners, "codeconnections") {
				owners = append(owners, "codestar-connections") // as it was called before
			}
			o := strings.Join(owners, ",")
			switch {
			case strings.Contains(o, "$"):
				o = "*" // any service's
			case o == prefixOf(s):
				o = ""
			}
			if !strings.Contains(pl.name, "arn") {
				o = "~" + o
			}
			group(o + "=" + pl.path)
			stated = true
		}
	}

	// Members that are the variables of a template.
	type filled struct {
		shape *shape
		index int
		paths []string
	}
	var fits []filled
	for i := range shapes {
		sh := &shapes[i]
		paths := make([]string, 0, len(sh.vars))
		lists := 0
		for _, v := range sh.vars {
			pl, ok := find(all, v, *sh, op)
			if !ok || slices.Contains(paths, pl.path) {
				break
			}
			if pl.list {
				lists++
			}
			paths = append(paths, pl.path)
		}
		if !sh.any && len(paths) == len(sh.vars) && lists <= 1 && (len(paths) > 0 || sh.required && !strings.HasSuffix(sh.text, "/all-access")) {
			fits = append(fits, filled{sh, i, paths})
		}
	}
	// The one that takes more members in front: it is the narrower.
	slices.SortStableFunc(fits, func(a, b filled) int { return len(b.paths) - len(a.paths) })
	used := make([]bool, len(fits))
	for i, f := range fits {
		if used[i] {
			continue
		}
		alts := []filled{f}
		ambiguous := false
		for j := i + 1; j < len(fits); j++ {
			g := fits[j]
			switch {
			case used[j] || g.shape.text == f.shape.text:
			case slices.Equal(g.paths, f.paths) && len(f.paths) > 0:
				// One name for two kinds of resource.
				if f.shape.required != g.shape.required {
					if g.shape.required {
						alts[0] = g
					}
				} else {
					ambiguous = true
				}
				used[j], done[g.index] = true, true
			case subset(g.paths, f.paths) && head(g.shape.text) == head(f.shape.text):
				alts = append(alts, g)
				used[j] = true
			}
		}
		used[i] = true
		for _, alt := range alts {
			done[alt.index] = true
		}
		if ambiguous {
			group("?")
			continue
		}
		var texts []string
		for _, alt := range alts {
			t := fmt.Sprint(p.id(alt.shape.text))
			if len(alt.paths) > 0 {
				t += ":" + strings.Join(alt.paths, ",")
			}
			texts = append(texts, t)
		}
		group(strings.Join(texts, "|"))
		// A name may stand in a list of its own instead.
		if len(f.shape.vars) == 1 && len(alts) == 1 && !strings.HasSuffix(f.paths[0], "#") {
			for _, pl := range all {
				if pl.list && pl.level == 0 && (pl.name == plain(f.shape.vars[0])+"s" || pl.name == plain(f.shape.vars[0])+"list") {
					group(fmt.Sprint(p.id(f.shape.text)) + ":" + pl.path)
				}
			}
		}
	}
	groups, err := moreOf(p, s, op, shapes, groups)
	if err != nil {
		return "", err
	}
	if len(groups) == 0 {
		return "?", nil
	}
	_, known := also[key(s.ID)+"/"+op.Name]
	for i, sh := range shapes {
		// Where one member is an ARN, the types are what it may be of.
		if sh.required && !done[i] && (!stated || makes(op.Name) && prefixOf(s) != "chime") && !known {
			group("?")
		}
	}
	return strings.Join(groups, " "), nil
}

func subset(a, b []string) bool {
	for _, s := range a {
		if !slices.Contains(b, s) {
			return false
		}
	}
	return true
}

// head is a template up to its first variable.
func head(text string) string {
	parts := strings.SplitN(text, ":", 4)
	before, _, _ := strings.Cut(parts[3], "{")
	return strings.Join(parts[:3], ":") + ":" + before
}

func isARN(name string) bool {
	return strings.HasSuffix(name, "arn") || strings.HasSuffix(name, "arns") || strings.HasSuffix(name, "arnlist") || name == "resource" || name == "resourceid" || name == "resourceidentifier"
}

// arnNames reports whether a member with the plain name name holds an ARN of
// the type sh.
func arnNames(name string, sh shape, op *operation, types int) bool {
	name = strings.TrimSuffix(strings.TrimSuffix(name, "list"), "s")
	base := strings.TrimSuffix(name, "arn")
	typ := plain(sh.typ)
	switch base {
	case "resource":
		return true
	case "resourceid", "resourceidentifier", "resourcename":
		// An ARN in some services, and elsewhere what a template is made of.
		return name != base || tags(op.Name)
	case "":
		return types == 1 || strings.Contains(plain(op.Name), typ)
	}
	if base == typ || strings.TrimSuffix(base, "id") == typ {
		return true
	}
	for _, v := range sh.vars {
		if st, _ := stem(plain(v)); st != "" && st == base && v == sh.vars[len(sh.vars)-1] {
			return true
		}
	}
	return len(base) > 3 && (strings.HasSuffix(typ, base) || strings.HasSuffix(base, typ) && len(typ) > 3 && !strings.HasPrefix(base, "source") && !strings.HasPrefix(base, "target"))
}

func tags(op string) bool {
	switch op {
	case "TagResource", "UntagResource", "ListTagsForResource", "ListTags", "ListTagsForResources", "AddTags", "RemoveTags", "GetTags":
		return true
	}
	return false
}

// find returns the member that the variable v of the type sh is.
func find(all []place, v string, sh shape, op *operation) (place, bool) {
	want := plain(v)
	wantStem, wantEnd := stem(want)
	typ := plain(sh.typ)
	noun := strings.Contains(plain(op.Name), typ)
	best, score := place{}, 0
	for _, pl := range all {
		name := pl.name
		n := 0
		if strings.HasSuffix(name, "arn") || strings.HasSuffix(name, "arns") {
			continue
		}
		st, end := stem(name)
		single := strings.TrimSuffix(strings.TrimSuffix(name, "list"), "s")
		singleStem, singleEnd := stem(single)
		alike := func(end string) bool { return end == wantEnd || end == "" || wantEnd == "" }
		switch {
		case name == want:
			n = 100
		case st == wantStem && st != "" && alike(end):
			n = 90
		case pl.list && single == want:
			n = 80
		case pl.list && singleStem == wantStem && singleStem != "" && alike(singleEnd):
			n = 70
		case wantStem == "app" && st == "application" && alike(end):
			n = 85 // Pinpoint's AppId
		case len(sh.vars) == 1 && st == "db"+typ && (end == "" || end == "name"):
			n = 66 // "cluster" is RDS's DBClusterIdentifier
		case len(sh.vars) == 1 && (name == typ || st == typ) && (alike(end) || wantStem == "resource" || wantStem == ""):
			n = 65
		case len(sh.vars) == 1 && pl.list && (single == typ || singleStem == typ):
			n = 60
		case noun && (name == "name" || name == "id" || name == "identifier") && (alike(end) || end == wantEnd) && v == sh.vars[len(sh.vars)-1] && (wantStem == typ || wantStem == "" || wantStem == "resource" || strings.HasSuffix(wantStem, typ) || strings.HasSuffix(typ, wantStem)):
			n = 55
		case len(sh.vars) == 1 && !pl.list && len(st) >= 3 && strings.HasSuffix(wantStem, st) && alike(end) && end != "":
			n = 46 // GroupId of a SecurityGroupId
		case len(sh.vars) == 1 && !pl.list && len(typ) >= 5 && strings.HasSuffix(name, typ) && name != "source"+typ && name != "target"+typ && noun:
			n = 45 // EmailIdentity of an identity
		case noun && pl.list && (name == "names" || name == "ids") && v == sh.vars[len(sh.vars)-1]:
			n = 50
		}
		if pl.level > 0 {
			if n < 100 || strings.HasPrefix(op.Name, "List") || strings.HasPrefix(op.Name, "Describe") {
				continue
			}
			n = 40
		}
		if pl.list && n > 0 && strings.HasPrefix(op.Name, "List") {
			n /= 2
		}
		if n > score {
			best, score = pl, n
		}
	}
	return best, score > 0
}
