package aws

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// A graphqlDocument is what AppSync compares with policies of a GraphQL request:
// its top-level fields. (GraphQL Specification, October 2021, section 2 and
// appendix B.)
type graphqlDocument struct {
	fields []graphqlField // each once, of all operations
	deep   bool           // some of them have fields of their own
}

// A graphqlField is a field of a root type: "Query", "orders".
type graphqlField struct{ root, name string }

// maxGraphQL is how deep a document's selections and values may be.
const maxGraphQL = 64

// maxGraphQLFields is how many fields and fragments it may have. GraphQL's own
// introspection asks for a hundred.
const maxGraphQLFields = 1 << 13

// parseGraphQL reads an executable document. All of it has to be well formed:
// where it is not, another reader may see other fields. Fields that a directive
// leaves out, and those of operations that are not asked for, count as well.
func parseGraphQL(text string) (d graphqlDocument, err error) {
	if !utf8.ValidString(text) {
		return d, errors.New("the GraphQL document is not UTF-8")
	}
	p := &graphqlParser{text: text, fragments: make(map[string]*selections)}
	p.next()
	p.document()
	if p.err != nil {
		return d, fmt.Errorf("the GraphQL document: %w", p.err)
	}
	// Once for each root type: operations and fragments could be multiplied.
	seen := make(map[graphqlField]bool)
	for _, op := range p.operations {
		if err := p.collect(&d, op.root, op.set, seen); err != nil {
			return d, fmt.Errorf("the GraphQL document: %w", err)
		}
	}
	return d, nil
}

// selections are what stands between braces, as far as it matters: names of
// fields, fragments in line, and names of fragments.
type selections struct {
	fields    []string
	inner     []*selections
	fragments []string
	deep      bool
}

type graphqlOperation struct {
	root string
	set  *selections
}

// A graphqlParser holds the first error that it found; what it reads after it is
// of no use.
type graphqlParser struct {
	text string
	at   int
	kind byte   // of the token: 'a' a name, '0' a number, '"' a string, '.' three dots, 0 the end, or the punctuator itself
	word string // of a name
	err  error

	operations []graphqlOperation
	names      []string // of operations
	fragments  map[string]*selections
	count      int // of fields and fragments
}

func (p *graphqlParser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
	p.kind, p.at = 0, len(p.text)
}

// collect adds the fields of a root type's selections to d. What is seen are those,
// and under names that no field has, "...NAME", the fragments.
func (p *graphqlParser) collect(d *graphqlDocument, root string, s *selections, seen map[graphqlField]bool) error {
	d.deep = d.deep || s.deep
	for _, name := range s.fields {
		if f := (graphqlField{root, name}); !seen[f] {
			seen[f] = true
			d.fields = append(d.fields, f)
		}
	}
	for _, in := range s.inner {
		if err := p.collect(d, root, in, seen); err != nil {
			return err
		}
	}
	for _, name := range s.fragments {
		mark := graphqlField{root, "..." + name}
		if seen[mark] {
			continue // it is counted, or a cycle, which no server runs
		}
		seen[mark] = true
		f := p.fragments[name]
		if f == nil {
			return fmt.Errorf("there is no fragment %.60q", name)
		}
		if err := p.collect(d, root, f, seen); err != nil {
			return err
		}
	}
	return nil
}

func (p *graphqlParser) document() {
	for p.kind != 0 {
		switch {
		case p.kind == '{':
			p.operation("Query", "")
		case p.kind != 'a':
			p.fail("it has no operation where one begins")
		case p.word == "fragment":
			p.next()
			name := p.name()
			if name == "on" || p.fragments[name] != nil {
				p.fail("fragment %.60q stands twice, or cannot be called so", name)
				return
			}
			p.keyword("on")
			p.name()
			p.directives()
			p.fragments[name] = p.selectionSet(0)
		default:
			root := map[string]string{"query": "Query", "mutation": "Mutation", "subscription": "Subscription"}[p.word]
			if root == "" {
				p.fail("%.60q begins no operation", p.word)
				return
			}
			p.next()
			name := ""
			if p.kind == 'a' {
				name = p.name()
			}
			if p.kind == '(' {
				p.variables()
			}
			p.directives()
			p.operation(root, name)
		}
	}
	if p.err == nil && len(p.operations) == 0 {
		p.fail("it has no operation")
	}
	if slices.Contains(p.names, "") && len(p.names) > 1 {
		p.fail("an operation without a name beside another")
	}
}

func (p *graphqlParser) operation(root, name string) {
	if slices.Contains(p.names, name) {
		p.fail("operation %.60q stands twice", name)
		return
	}
	p.names = append(p.names, name)
	p.operations = append(p.operations, graphqlOperation{root, p.selectionSet(0)})
}

func (p *graphqlParser) selectionSet(depth int) *selections {
	s := new(selections)
	if depth > maxGraphQL {
		p.fail("it is deeper than %d", maxGraphQL)
		return s
	}
	p.punctuator('{')
	for first := true; p.err == nil && (first || p.kind != '}'); first = false {
		if p.kind == '.' {
			if p.count++; p.count > maxGraphQLFields {
				p.fail("it has more than %d fields", maxGraphQLFields)
			}
			p.next()
			if p.kind == 'a' && p.word != "on" {
				s.fragments = append(s.fragments, p.name())
				p.directives()
				continue
			}
			if p.kind == 'a' {
				p.next()
				p.name()
			}
			p.directives()
			s.inner = append(s.inner, p.selectionSet(depth+1))
			continue
		}
		name := p.name()
		if p.kind == ':' {
			p.next()
			name = p.name()
		}
		p.arguments(depth)
		p.directives()
		if p.count++; p.count > maxGraphQLFields {
			p.fail("it has more than %d fields", maxGraphQLFields)
		}
		if s.fields = append(s.fields, name); p.kind == '{' {
			p.selectionSet(depth + 1)
			s.deep = true
		}
	}
	p.punctuator('}')
	return s
}

func (p *graphqlParser) directives() {
	for p.err == nil && p.kind == '@' {
		p.next()
		p.name()
		p.arguments(0)
	}
}

func (p *graphqlParser) arguments(depth int) {
	if p.kind != '(' {
		return
	}
	p.next()
	for first := true; p.err == nil && (first || p.kind != ')'); first = false {
		p.name()
		p.punctuator(':')
		p.value(depth)
	}
	p.punctuator(')')
}

func (p *graphqlParser) value(depth int) {
	if depth > maxGraphQL {
		p.fail("it is deeper than %d", maxGraphQL)
		return
	}
	switch p.kind {
	case 'a', '0', '"':
		p.next()
	case '$':
		p.next()
		p.name()
	case '[':
		p.next()
		for p.err == nil && p.kind != ']' {
			p.value(depth + 1)
		}
		p.punctuator(']')
	case '{':
		p.next()
		for p.err == nil && p.kind != '}' {
			p.name()
			p.punctuator(':')
			p.value(depth + 1)
		}
		p.punctuator('}')
	default:
		p.fail("it has no value where one begins")
	}
}

func (p *graphqlParser) variables() {
	p.punctuator('(')
	for first := true; p.err == nil && (first || p.kind != ')'); first = false {
		p.punctuator('$')
		p.name()
		p.punctuator(':')
		p.typeName(0)
		if p.kind == '=' {
			p.next()
			p.value(0)
		}
		p.directives()
	}
	p.punctuator(')')
}

func (p *graphqlParser) typeName(depth int) {
	switch {
	case depth > maxGraphQL:
		p.fail("it is deeper than %d", maxGraphQL)
	case p.kind == '[':
		p.next()
		p.typeName(depth + 1)
		p.punctuator(']')
	default:
		p.name()
	}
	if p.kind == '!' {
		p.next()
	}
}

func (p *graphqlParser) name() string {
	if p.kind != 'a' {
		p.fail("it has no name where one begins, before byte %d", p.at)
		return ""
	}
	s := p.word
	p.next()
	return s
}

func (p *graphqlParser) keyword(want string) {
	if got := p.name(); p.err == nil && got != want {
		p.fail("%.60q stands where %q has to", got, want)
	}
}

func (p *graphqlParser) punctuator(c byte) {
	if p.kind != c {
		p.fail("there is no %q before byte %d", c, p.at)
		return
	}
	p.next()
}

// next reads a token.
func (p *graphqlParser) next() {
	if p.err != nil {
		return
	}
	p.space()
	p.kind, p.word = 0, ""
	if p.at == len(p.text) {
		return
	}
	rest := p.text[p.at:]
	switch c := rest[0]; {
	case isNameByte(c) && (c < '0' || c > '9'):
		n := 1
		for n < len(rest) && isNameByte(rest[n]) {
			n++
		}
		p.kind, p.word, p.at = 'a', rest[:n], p.at+n
	case c == '-' || c >= '0' && c <= '9':
		n := 1
		for n < len(rest) && (isNameByte(rest[n]) || rest[n] == '.' || (rest[n] == '+' || rest[n] == '-') && (rest[n-1] == 'e' || rest[n-1] == 'E')) {
			n++
		}
		p.kind, p.at = '0', p.at+n
	case strings.HasPrefix(rest, `"""`):
		p.blockString(rest)
	case c == '"':
		p.quoted(rest)
	case strings.HasPrefix(rest, "..."):
		p.kind, p.at = '.', p.at+3
	case strings.IndexByte("!$&():=@[]{|}", c) >= 0:
		p.kind, p.at = c, p.at+1
	default:
		p.fail("byte %d is of no token", p.at)
	}
}

// space passes over what stands between tokens. A comment ends with its line:
// at whichever of the line terminators comes first.
func (p *graphqlParser) space() {
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',':
			p.at++
		case c == '#':
			n := strings.IndexAny(p.text[p.at:], "\r\n")
			if n < 0 {
				n = len(p.text) - p.at
			}
			// Some readers end lines at more than the specification does.
			if strings.ContainsAny(p.text[p.at:p.at+n], "\v\f\u0085\u2028\u2029") {
				p.fail("a comment has a character that ends lines to some")
				return
			}
			p.at += n
		default:
			return
		}
	}
}

func (p *graphqlParser) quoted(rest string) {
	for i := 1; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case '\n', '\r':
			p.fail("a string goes past its line")
			return
		case '"':
			p.kind, p.at = '"', p.at+i+1
			return
		}
	}
	p.fail("a string has no end")
}

func (p *graphqlParser) blockString(rest string) {
	for i := 3; i < len(rest); i++ {
		if strings.HasPrefix(rest[i:], `\"""`) {
			i += 3
		} else if strings.HasPrefix(rest[i:], `"""`) {
			p.kind, p.at = '"', p.at+i+3
			return
		}
	}
	p.fail("a string has no end")
}

func isNameByte(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
