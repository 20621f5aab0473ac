package aws

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
)

// tablesText is all that is generated: see package gen for its form. It is
// embedded as it is and stays where the program was mapped; a block is taken
// apart when a call first needs it.
//
//go:embed ztables.txt
var tablesText string

// A table is what is generated of one service.
type table struct {
	id        string   // as the SDKs name it: "cloudwatch-logs"
	prefix    string   // in IAM: "logs"
	signing   []string // the names it signs with
	host      string   // the first label of its hosts, if that is not signing's; "-" if they have another form
	dualstack bool     // its hosts are under the domain of dualstack hosts alone
	protocols []string // the first is the one that new SDKs speak
	target    string   // its name in X-Amz-Target, and in rpc-v2-cbor's paths
	version   string
	base      string // what its hosts put before its paths
	templates []string

	operations map[string]*tableOperation
	routes     *node // of a REST service
}

// A tableOperation is what is generated of one operation, its fields as they
// stand in the block.
type tableOperation struct {
	name, method, path, query, hostPrefix, needs, entries, tags, account string
}

// tables are those that were taken apart, by where they stand.
type tables struct {
	mu   sync.Mutex
	kept map[int]*table
}

// of returns the tables of the services that sign with name.
func (ts *tables) of(name string) []*table {
	at := blocksOf(name)
	if len(at) == 0 {
		return nil
	}
	ts.mu.Lock()
	defer ts.mu.Unlock()
	all := make([]*table, len(at))
	for i, s := range at {
		t := ts.kept[s.from]
		if t == nil {
			t = parseTable(tablesText[s.from:s.to])
			if ts.kept == nil {
				ts.kept = make(map[int]*table)
			}
			ts.kept[s.from] = t
		}
		all[i] = t
	}
	return all
}

// fields cuts a line at its tabs. What is left out at its end is empty.
func fields(line string, into []string) {
	for i := range into {
		into[i], line, _ = strings.Cut(line, "\t")
	}
}

// parseTable takes a block apart. Its form is the generator's to keep, and a
// test reads all of them.
func parseTable(block string) *table {
	var f [8]string
	line, block, _ := strings.Cut(block, "\n")
	fields(line, f[:])
	t := &table{id: f[0], prefix: f[1], host: f[3], target: f[5], version: f[6], base: f[7]}
	t.host, t.dualstack = strings.CutSuffix(t.host, "^")
	t.signing, t.protocols = strings.Split(f[2], ","), strings.Split(f[4], ",")
	line, block, _ = strings.Cut(block, "\n")
	t.templates = strings.Split(line, "\t")
	n := strings.Count(block, "\n")
	t.operations = make(map[string]*tableOperation, n)
	room := make([]tableOperation, n)
	rest := t.speaks("rest-json") || t.speaks("rest-xml")
	if rest {
		t.routes = new(node)
	}
	for i := range n {
		line, block, _ = strings.Cut(block, "\n")
		fields(line, f[:8])
		op := &room[i]
		op.name, op.method, op.hostPrefix, op.needs, op.entries, op.tags, op.account = f[0], f[1], f[3], f[4], f[5], f[6], f[7]
		op.path, op.query, _ = strings.Cut(f[2], "?")
		t.operations[op.name] = op
		if rest {
			t.routes.add(op)
		}
	}
	return t
}

// speaks reports whether the service speaks a protocol.
func (t *table) speaks(protocol string) bool {
	for _, p := range t.protocols {
		if p == protocol {
			return true
		}
	}
	return false
}

// isTarget reports whether name is the service's in targets. Some SDKs write it
// with the package that it once was of.
func (t *table) isTarget(name string) bool {
	if before, ok := strings.CutSuffix(name, t.target); ok && t.target != "" {
		return before == "" || strings.HasPrefix(before, "com.amazonaws.") && before[len(before)-1] == '.'
	}
	return false
}

// denies is the protocol that the service's denials are written in, if the
// call does not say another.
func (t *table) denies() protocol {
	switch t.protocols[0] {
	case "json1.0":
		return protocolJSON10
	case "json1.1":
		return protocolJSON11
	case "rest-json":
		return protocolREST
	case "rest-xml":
		return protocolXML
	case "ec2":
		return protocolEC2
	case "cbor":
		return protocolCBOR
	}
	return protocolQuery
}

// An entry is one action of an operation and what it is on.
type entry struct {
	action    string
	groups    string
	wherePart bool // it is asked for only where its resource is named
	whereTags bool // it is asked for only where the request has tags
}

// each calls f with each entry of an operation.
func (t *table) each(op *tableOperation, f func(entry) error) error {
	for text := range strings.SplitSeq(op.entries, ";") {
		action, groups, ok := strings.Cut(text, " ")
		e := entry{groups: groups}
		action, e.wherePart = strings.CutPrefix(action, "+")
		action, e.whereTags = strings.CutPrefix(action, "#")
		if e.whereTags && action == "" {
			action = "TagResource"
		}
		switch {
		case !ok && e.whereTags:
			e.groups = "?"
		case !ok:
			return fmt.Errorf("the table has %q for %s", text, op.name)
		}
		switch {
		case action == "":
			e.action = t.prefix + ":" + op.name
		case strings.Contains(action, ":"):
			e.action = action
		default:
			e.action = t.prefix + ":" + action
		}
		if err := f(e); err != nil {
			return err
		}
	}
	return nil
}
