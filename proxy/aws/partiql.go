package aws

import (
	"errors"
	"fmt"
	"strings"
)

// A partiqlStatement is what one statement of PartiQL does, and to which table.
type partiqlStatement struct {
	verb      string // of the action: "Select", "Insert", "Update" or "Delete"
	table     string // its name or ARN
	index     string // empty for the table itself
	scan      bool   // it reads the whole table, having no equality and no IN to choose a partition by
	returning string // as dynamodb:ReturnValues has it; empty for none
}

// parsePartiQL reads a statement of PartiQL for DynamoDB:
//
//	statement = ( select | insert | update | delete | "EXISTS" "(" select ")" ) [ ";" ]
//	select    = "SELECT" … "FROM" table [ ( "WHERE" | "ORDER" ) … ]
//	insert    = "INSERT" "INTO" table "VALUE" …
//	update    = "UPDATE" table ( "SET" | "REMOVE" ) … [ returning ]
//	delete    = "DELETE" "FROM" table [ "WHERE" … ] [ returning ]
//	table     = name | quoted [ "." quoted ]
//	returning = "RETURNING" ( "ALL" | "MODIFIED" ) ( "OLD" | "NEW" ) "*"
//
// What stands for "…" is not understood, only bounded: its brackets match, and it
// has no word that could name another table. There is one table in a statement of
// DynamoDB's: it knows no joins, no nested selects and no aliases. Whatever else
// is there is an error, so that nothing is read otherwise than DynamoDB may read
// it: comments and back quotes, several statements, a dotted table that is not
// quoted, a backslash before a quote. (Amazon DynamoDB Developer Guide, "PartiQL
// statements for DynamoDB" and "Performing transactions with PartiQL for
// DynamoDB".)
func parsePartiQL(text string) (partiqlStatement, error) {
	tokens, err := partiqlTokens(text)
	if err != nil {
		return partiqlStatement{}, err
	}
	p := &partiqlParser{tokens: tokens}
	if err := p.statement(); err != nil {
		return partiqlStatement{}, err
	}
	return p.partiqlStatement, nil
}

type partiqlParser struct {
	partiqlStatement
	tokens []partiqlToken // that are left
}

func (p *partiqlParser) statement() error {
	if n := len(p.tokens); n > 0 && p.tokens[n-1].is(";") {
		p.tokens = p.tokens[:n-1]
	}
	if p.take("EXISTS") {
		n := len(p.tokens)
		if n < 2 || !p.tokens[0].is("(") || !p.tokens[n-1].is(")") {
			return errors.New("EXISTS without a select in parentheses")
		}
		if p.tokens = p.tokens[1 : n-1]; !p.take("SELECT") {
			return errors.New("EXISTS without a select in parentheses")
		}
		return p.selects()
	}
	switch {
	case p.take("SELECT"):
		return p.selects()
	case p.take("INSERT"):
		p.verb = "Insert"
		if !p.take("INTO") {
			return errors.New("INSERT without INTO")
		}
		if err := p.from("VALUE"); err != nil {
			return err
		}
		return bounded(p.tokens)
	case p.take("UPDATE"):
		p.verb = "Update"
		if err := p.from("SET", "REMOVE"); err != nil {
			return err
		}
	case p.take("DELETE"):
		p.verb = "Delete"
		if !p.take("FROM") {
			return errors.New("DELETE without FROM")
		}
		if err := p.from("", "WHERE", "RETURNING"); err != nil {
			return err
		}
	default:
		return errors.New("it does not begin with SELECT, INSERT, UPDATE, DELETE or EXISTS")
	}
	if err := p.returns(); err != nil {
		return err
	}
	return bounded(p.tokens)
}

// selects reads what follows SELECT.
func (p *partiqlParser) selects() error {
	p.verb = "Select"
	at := 0
	for at < len(p.tokens) && !p.tokens[at].is("FROM") {
		at++
	}
	if at == len(p.tokens) || at == 0 {
		return errors.New("SELECT of nothing, or from nothing")
	}
	if err := bounded(p.tokens[:at]); err != nil {
		return err
	}
	p.tokens = p.tokens[at+1:]
	if err := p.from("", "WHERE", "ORDER"); err != nil {
		return err
	}
	p.scan = true
	for i, t := range p.tokens {
		compares := i > 0 && (p.tokens[i-1].is("<") || p.tokens[i-1].is(">") || p.tokens[i-1].is("!"))
		if t.is("IN") || t.is("=") && !compares {
			p.scan = false // perhaps: it may be on the partition key
		}
	}
	return bounded(p.tokens)
}

// from reads a table and its index, and demands that one of next follows: an
// empty one is the end.
func (p *partiqlParser) from(next ...string) error {
	switch {
	case len(p.tokens) == 0:
		return errors.New("it names no table")
	case p.tokens[0].kind == partiqlQuoted:
		p.table, p.tokens = p.tokens[0].text, p.tokens[1:]
		if p.take(".") {
			if len(p.tokens) == 0 || p.tokens[0].kind != partiqlQuoted {
				return errors.New("an index that is not in double quotes")
			}
			p.index, p.tokens = p.tokens[0].text, p.tokens[1:]
			if p.index == "" {
				return errors.New("an index without a name")
			}
		}
	case p.tokens[0].kind == partiqlWord && !isPartiQLWord(p.tokens[0].text):
		p.table, p.tokens = p.tokens[0].text, p.tokens[1:]
	default:
		return fmt.Errorf("%.40q is no table", p.tokens[0].text)
	}
	for _, word := range next {
		if word == "" && len(p.tokens) == 0 || word != "" && len(p.tokens) > 0 && p.tokens[0].is(word) {
			return nil
		}
	}
	return errors.New("what follows the table is not known")
}

// returns takes a RETURNING clause off the end.
func (p *partiqlParser) returns() error {
	n := len(p.tokens) - 4
	if n < 0 || !p.tokens[n].is("RETURNING") {
		return nil // one that stands elsewhere is out of bounds
	}
	clause := p.tokens[n+1:]
	for _, f := range [][3]string{{"ALL", "OLD", "ALL_OLD"}, {"ALL", "NEW", "ALL_NEW"}, {"MODIFIED", "OLD", "UPDATED_OLD"}, {"MODIFIED", "NEW", "UPDATED_NEW"}} {
		if clause[0].is(f[0]) && clause[1].is(f[1]) && clause[2].is("*") {
			p.returning, p.tokens = f[2], p.tokens[:n]
			return nil
		}
	}
	return errors.New("what it is RETURNING is not known")
}

// take takes the next token if it is word.
func (p *partiqlParser) take(word string) bool {
	if len(p.tokens) == 0 || !p.tokens[0].is(word) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

// bounded checks what is not understood.
func bounded(tokens []partiqlToken) error {
	var open []string
	for _, t := range tokens {
		switch {
		case t.kind == partiqlWord && isPartiQLWord(t.text), t.is(";"):
			return fmt.Errorf("%.40q stands where it could begin something else", t.text)
		case t.is("("):
			open = append(open, ")")
		case t.is("["):
			open = append(open, "]")
		case t.is("{"):
			open = append(open, "}")
		case t.is(")"), t.is("]"), t.is("}"):
			if len(open) == 0 || open[len(open)-1] != t.text {
				return fmt.Errorf("%q closes nothing", t.text)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("%q is missing", open[len(open)-1])
	}
	return nil
}

// isPartiQLWord reports whether an unquoted word could name or combine tables, or
// begin what is not bounded here. SQL reserves them all: an attribute of such a
// name is quoted. (PartiQL Specification, "Reserved words"; Amazon DynamoDB
// Developer Guide, "Reserved words in DynamoDB".)
func isPartiQLWord(s string) bool {
	switch strings.ToUpper(s) {
	case "DELETE", "EXCEPT", "EXEC", "EXISTS", "FROM", "INSERT", "INTERSECT", "INTO", "JOIN", "LATERAL", "LET", "MERGE",
		"PIVOT", "REPLACE", "RETURNING", "SELECT", "TABLE", "UNION", "UNPIVOT", "UPDATE", "UPSERT", "WITH":
		return true
	}
	return false
}
