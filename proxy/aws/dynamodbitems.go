package aws

import (
	"errors"
	"fmt"
	"slices"
)

// readBatchGet reads BatchGetItem: one request for each table.
func (c *dynamoCall) readBatchGet() error {
	return c.batch(func(table string, item any) error {
		get, ok := item.(tree)
		if !ok {
			return errors.New(`member "RequestItems" has what is no object`)
		}
		context, err := c.context(get)
		if err != nil {
			return err
		}
		c.ask("BatchGetItem", table, context...)
		return nil
	})
}

// readBatchWrite reads BatchWriteItem: one request for each table. IAM knows one
// action for the whole batch; that who may not delete items one by one may not
// delete them in a batch either is Remit's, and so each table that a delete is
// for is asked for as by DeleteItem as well.
func (c *dynamoCall) readBatchWrite() error {
	return c.batch(func(table string, item any) error {
		writes, ok := item.(series)
		if !ok {
			return errors.New(`member "RequestItems" has what is no list`)
		}
		var puts, deletes, all dynamoKeys
		for _, w := range writes.all() {
			write, ok := w.(tree)
			if !ok {
				return errors.New(`member "RequestItems" has what is no write`)
			}
			for kind := range write.names() {
				of := map[string]*dynamoKeys{"PutRequest": &puts, "DeleteRequest": &deletes}[kind]
				if of == nil {
					return fmt.Errorf("write %.40q of a batch is not known", kind)
				}
				m, err := object(write, kind)
				if err != nil {
					return err
				}
				if err := errors.Join(of.add(m), all.add(m)); err != nil {
					return err
				}
			}
		}
		capacity := c.capacity()
		c.ask("BatchWriteItem", table, append(all.context(), capacity...)...)
		if deletes.items > 0 {
			c.ask("DeleteItem", table, append(deletes.context(), capacity...)...)
		}
		return nil
	})
}

// maxBatch is how many tables a batch may be of: more than it may have items.
const maxBatch = 1 << 9

// batch calls f for each table of RequestItems, in the order of their names. A
// table that is named by its name and again by its ARN is one that two readers
// may count as two: AWS refuses it, and so does this.
func (c *dynamoCall) batch(f func(table string, item any) error) error {
	items, err := object(c.members, "RequestItems")
	if err != nil {
		return err
	}
	if items.len() == 0 {
		return errors.New("a batch of nothing")
	}
	if items.len() > maxBatch {
		return fmt.Errorf("a batch of more than %d tables", maxBatch)
	}
	seen := make(map[string]bool)
	for _, name := range slices.Sorted(items.names()) {
		table, err := c.table(name)
		switch {
		case err != nil:
			return err
		case seen[table]:
			return fmt.Errorf("table %.200q stands twice in the batch", table)
		}
		seen[table] = true
		if err := f(table, items.get(name)); err != nil {
			return err
		}
	}
	return nil
}

// readTransaction reads TransactGetItems and TransactWriteItems: each element is
// what it does by itself, inside of a transaction.
func (c *dynamoCall) readTransaction() error {
	op := c.call.Operation
	actions := map[string]string{"Get": "GetItem"}
	if op == "TransactWriteItems" {
		actions = map[string]string{"ConditionCheck": "ConditionCheckItem", "Delete": "DeleteItem", "Put": "PutItem", "Update": "UpdateItem"}
	}
	items, err := objects(c.members.get("TransactItems"), "TransactItems")
	if err != nil {
		return err
	}
	for _, item := range items {
		for _, kind := range slices.Sorted(item.names()) {
			action, ok := actions[kind]
			if !ok {
				return fmt.Errorf("element %.40q of a transaction is not known", kind)
			}
			element, err := object(item, kind)
			if err != nil {
				return err
			}
			name, err := member(element, "TableName")
			if err != nil {
				return err
			}
			table, err := c.table(name)
			if err != nil {
				return err
			}
			context, err := c.context(element)
			if err != nil {
				return err
			}
			c.ask(action, table, append(context, "dynamodb:EnclosingOperation", op)...)
		}
	}
	return nil
}

// readStatement reads ExecuteStatement.
func (c *dynamoCall) readStatement() error {
	text, err := member(c.members, "Statement")
	if err != nil {
		return err
	}
	return c.statement(text)
}

// readStatements reads BatchExecuteStatement and ExecuteTransaction.
func (c *dynamoCall) readStatements() error {
	name := "Statements"
	var context []string
	if op := c.call.Operation; op == "ExecuteTransaction" {
		name, context = "TransactStatements", []string{"dynamodb:EnclosingOperation", op}
	}
	statements, err := objects(c.members.get(name), name)
	if err != nil {
		return err
	}
	for _, s := range statements {
		text, err := member(s, "Statement")
		if err := errors.Join(err, unfolded(s)); err != nil {
			return err
		}
		if err := c.statement(text, context...); err != nil {
			return err
		}
	}
	return nil
}

// statement asks for what one statement of PartiQL does. The attributes and keys
// that it names are not among the request's: only the table's schema tells which
// are keys, and AWS compares them itself. So it does for FullTableScan, where the
// statement alone does not tell that it reads the whole table.
func (c *dynamoCall) statement(text string, context ...string) error {
	s, err := parsePartiQL(text)
	if err != nil {
		return fmt.Errorf("statement of PartiQL: %w", err)
	}
	resource, err := c.table(s.table)
	if err != nil {
		return err
	}
	if s.index != "" {
		if resource, err = c.index(resource, s.index); err != nil {
			return err
		}
	}
	if s.scan {
		context = append(context, "dynamodb:FullTableScan", "true")
	}
	if s.returning != "" {
		context = append(context, "dynamodb:ReturnValues", s.returning)
	}
	c.ask("PartiQL"+s.verb, resource, context...)
	return nil
}
