package iam

import (
	"slices"
	"strconv"
	"strings"
)

// denials returns statements that deny what no rule covers, and nothing that one
// does.
//
// Actions fall into cells: all that the same patterns match. An action of a cell
// is denied where each rule that has one of the cell's patterns fails, by its
// resource or by one of its conditions; every way to choose one of those for
// each rule is a statement. A cell is named by its own patterns where no others
// reach into it, and else by all the others, in NotAction: what is in neither is
// denied anyhow.
//
// It reports whether that is all: whether IAM has words for every way, and there
// are not too many of them.
func denials(rules []rule) (all []statement, whole bool) {
	patterns := patternsOf(rules)
	found, whole := cells(patterns)
	for _, c := range found {
		var own []rule
		for _, r := range rules {
			if slices.ContainsFunc(r.actions, func(a string) bool { return c.has(patterns, a) }) {
				own = append(own, r)
			}
		}
		names, notAction := c.names(patterns)
		if notAction && slices.Equal(names, []string{"*"}) {
			continue // every action is in some other cell
		}
		each, said := ways(own)
		whole = whole && said
		for _, w := range each {
			s := statement{deny: true, notAction: notAction, actions: names, notResource: true, resources: w.resources, conditions: w.conditions}
			if len(w.resources) == 0 {
				s.notResource, s.resources = false, []string{"*"}
			}
			all = append(all, s)
		}
	}
	return mergeActions(all), whole
}

// patternsOf returns the action patterns of rules, sorted, each in one case.
func patternsOf(rules []rule) []string {
	var all []string
	for _, r := range rules {
		for _, a := range r.actions {
			if !slices.ContainsFunc(all, func(b string) bool { return strings.EqualFold(a, b) }) {
				all = append(all, a)
			}
		}
	}
	slices.Sort(all)
	return all
}

// A cell says of each pattern whether it matches the actions of the cell.
type cell []bool

// maxCrossings bounds what a manifest of many patterns that cross each other
// costs. Beyond it, some of what several of them match is left to the Allow
// statements alone.
const maxCrossings = 256

// cells returns the cells that patterns make, and the one of no pattern, which
// comes first. Where patterns nest, each makes one with those around it; where
// they cross, what they have in common is another. It reports whether they are all.
func cells(patterns []string) (all []cell, whole bool) {
	globs := make([]glob, len(patterns))
	for i, p := range patterns {
		globs[i] = parseAction(p)
	}
	all = []cell{make(cell, len(patterns))}
	var single []cell
	for i := range patterns {
		c := make(cell, len(patterns))
		for j := range patterns {
			c[j] = i == j || globs[j].covers(globs[i])
		}
		single = append(single, c)
	}
	have := make(map[string]bool)
	add := func(c cell) {
		if key := c.key(); !have[key] {
			have[key] = true
			all = append(all, c)
		}
	}
	for _, c := range single {
		add(c)
	}
	i := 1
	for ; i < len(all) && len(all) < len(single)+maxCrossings; i++ {
		for j, c := range single {
			if all[i][j] || !all[i].overlaps(j, globs) {
				continue
			}
			union := make(cell, len(patterns))
			for k := range union {
				union[k] = all[i][k] || c[k]
			}
			add(union)
		}
	}
	return all, i == len(all)
}

func (c cell) key() string {
	b := make([]byte, len(c))
	for i := range c {
		b[i] = '0'
		if c[i] {
			b[i] = '1'
		}
	}
	return string(b)
}

// overlaps reports whether pattern j may match an action that all of c match.
func (c cell) overlaps(j int, globs []glob) bool {
	for i := range c {
		if c[i] && !globs[i].overlaps(globs[j]) {
			return false
		}
	}
	return true
}

// has reports whether one of c's patterns is action.
func (c cell) has(patterns []string, action string) bool {
	for i, p := range patterns {
		if c[i] && strings.EqualFold(p, action) {
			return true
		}
	}
	return false
}

// names returns how a statement says c: by the one pattern whose actions are
// exactly c's, if there is one, and else by all patterns that are not c's, in
// NotAction.
func (c cell) names(patterns []string) (names []string, notAction bool) {
	for i, p := range patterns {
		if c[i] && c.isOf(parseAction(p), patterns) {
			return []string{p}, false
		}
	}
	for i, p := range patterns {
		if !c[i] {
			names = append(names, p)
		}
	}
	if len(names) == 0 {
		return []string{"*"}, false
	}
	return widest(names, parseAction), true
}

// isOf reports whether g, one of c's patterns, is the innermost of them, and no
// other pattern reaches into it.
func (c cell) isOf(g glob, patterns []string) bool {
	for i, p := range patterns {
		h := parseAction(p)
		if c[i] && !h.covers(g) || !c[i] && h.overlaps(g) {
			return false
		}
	}
	return true
}

// A way is one in which a request can be covered by no rule: its resource is
// none of these, and all these conditions hold.
type way struct {
	resources  []string // sorted
	conditions conditions
}

// maxWays bounds the ways that are written for one cell. Where there are more,
// only what is on no rule's resource is denied.
const maxWays = 128

// ways returns every way in which no rule covers a request, but those that
// another one includes, and reports whether they are all.
func ways(rules []rule) (all []way, whole bool) {
	// Rules under the same conditions fail together or by their resources.
	var groups []rule
	for _, r := range rules {
		i := slices.IndexFunc(groups, func(g rule) bool { return slices.EqualFunc(g.conditions, r.conditions, condition.equal) })
		if i < 0 {
			groups = append(groups, rule{resources: r.resources, conditions: r.conditions})
			continue
		}
		groups[i].resources = slices.Concat(groups[i].resources, r.resources)
	}
	all, whole = []way{{}}, true
	for _, g := range groups {
		var next []way
		for _, w := range all {
			if !slices.Contains(g.resources, "*") {
				next = include(next, way{resources: slices.Concat(w.resources, g.resources), conditions: w.conditions})
			}
			for _, c := range g.conditions {
				contrary, ok := negate(c)
				if whole = whole && ok; !ok {
					continue
				}
				cs := w.conditions
				for _, c := range contrary {
					if ok {
						cs, ok = cs.with(c)
					}
				}
				whole = whole && ok
				if cs = cs.implied(); ok && !cs.contradict() {
					next = include(next, way{resources: w.resources, conditions: cs})
				}
			}
		}
		if all = next; len(all) > maxWays {
			all, whole = []way{{resources: everything(groups)}}, false
			break
		}
	}
	if len(rules) > 0 {
		// Every rule fails: that a way says nothing at all cannot be.
		all = slices.DeleteFunc(all, func(w way) bool {
			return len(w.resources) == 0 && len(w.conditions) == 0 || slices.Contains(w.resources, "*")
		})
	}
	for i := range all {
		all[i].resources = widest(all[i].resources, parseWritten)
	}
	return all, whole
}

// implied returns cs without what others of them say as well: a value that is like
// none of some patterns equals none that is like one of them. Both hold of a
// missing key.
func (cs conditions) implied() conditions {
	return slices.DeleteFunc(slices.Clone(cs), func(c condition) bool {
		return c.operator == "StringNotEquals" && slices.ContainsFunc(cs, func(wide condition) bool {
			if wide.operator != "StringNotLike" || !strings.EqualFold(wide.key, c.key) {
				return false
			}
			return !slices.ContainsFunc(c.values, func(v string) bool {
				return strings.ContainsAny(v, "$") || !slices.ContainsFunc(wide.values, func(p string) bool {
					return !strings.Contains(p, "$") && parseValue(p).covers(glob(v))
				})
			})
		})
	})
}

// contradict reports whether one of cs says the contrary of another.
func (cs conditions) contradict() bool {
	for _, c := range cs {
		contrary, ok := negate(c)
		if ok && len(contrary) == 1 && slices.ContainsFunc(cs, contrary[0].equal) {
			return true
		}
	}
	return false
}

func everything(groups []rule) (resources []string) {
	for _, g := range groups {
		resources = append(resources, g.resources...)
	}
	return resources
}

// include adds w to ways unless one of them denies as much already, and drops
// those that deny no more than w.
func include(ways []way, w way) []way {
	w.resources = slices.Compact(slices.Sorted(slices.Values(w.resources)))
	for _, have := range ways {
		if have.includes(w) {
			return ways
		}
	}
	return append(slices.DeleteFunc(ways, w.includes), w)
}

// includes reports whether v denies whatever w denies.
func (v way) includes(w way) bool {
	for _, r := range v.resources {
		if !slices.Contains(w.resources, r) {
			return false
		}
	}
	return v.conditions.within(w.conditions)
}

// negate returns conditions that hold together exactly where c does not, missing
// keys included. (IAM User Guide, "IAM JSON policy elements: Condition
// operators", and "Set operators for multi-valued context keys".) It is not ok
// where IAM has no words for them, or c always holds. A value that is not of
// the operator's sort, a word in a number's place, meets neither.
func negate(c condition) ([]condition, bool) {
	absent := condition{"Null", c.key, []string{"true"}}
	present := condition{"Null", c.key, []string{"false"}}
	o := split(c.operator)
	n := operator{name: o.contrary()}
	values := c.values
	switch {
	case o.name == "Null" && len(values) == 1 && strings.EqualFold(values[0], "true"):
		return []condition{present}, true
	case o.name == "Null" && len(values) == 1 && strings.EqualFold(values[0], "false"):
		return []condition{absent}, true
	case n.name == "":
		return nil, false
	case o.name == "Bool":
		no := strings.EqualFold(values[0], "false")
		for _, v := range values {
			if strings.EqualFold(v, "false") != no {
				// Both of them: what is there passes.
				return []condition{absent}, !o.ifExists && o.set != forAll
			}
		}
		values = []string{strconv.FormatBool(no)}
	case len(values) > 1 && (strings.Contains(o.name, "Less") || strings.Contains(o.name, "Greater")):
		return nil, false // they are of unlike sorts: see [manifest.Condition.Simple]
	}
	// Of a missing key too, one of the two has to hold, and the other not.
	both := false
	switch o.set {
	case forAll: // holds, and ForAnyValue does not
		n.set = forAny
	case forAny: // does not hold unless IfExists says so, and ForAllValues does
		n.set, both = forAll, o.ifExists
	case "":
		holds := o.ifExists || o.negated()
		both = holds && n.negated()
		n.ifExists = !holds && !n.negated()
	default:
		return nil, false
	}
	contrary := []condition{{n.String(), c.key, values}}
	if both {
		contrary = append(contrary, present)
	}
	return contrary, true
}

// widest returns patterns without those that another of them covers, sorted.
func widest(patterns []string, parse func(string) glob) []string {
	patterns = slices.Compact(slices.Sorted(slices.Values(patterns)))
	globs := make([]glob, len(patterns))
	for i, p := range patterns {
		globs[i] = parse(p)
	}
	var out []string
	for i, p := range patterns {
		covered := false
		for j := range patterns {
			// Of two that cover each other, the first stays.
			if i != j && globs[j].covers(globs[i]) && (j < i || !globs[i].covers(globs[j])) {
				covered = true
				break
			}
		}
		if !covered {
			out = append(out, p)
		}
	}
	return out
}

// parseWritten parses a resource as [glob.String] wrote it.
func parseWritten(p string) glob {
	g, _ := parseResource(p, "")
	return g
}

// mergeActions makes one statement of those that differ in their actions alone.
func mergeActions(statements []statement) []statement {
	var out []statement
	at := make(map[string]int)
	for _, s := range statements {
		if s.notAction {
			out = append(out, s)
			continue
		}
		rest := s
		rest.actions = nil
		key := string(rest.append(nil))
		if i, ok := at[key]; ok {
			out[i].actions = widest(slices.Concat(out[i].actions, s.actions), parseAction)
			continue
		}
		at[key] = len(out)
		out = append(out, s)
	}
	return out
}
