package manifest_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
	"golang.org/x/tools/txtar"

	"github.com/lambda-remit/remit/manifest"
)

// The file is what editors fetch. It is written by -update, or go generate.
func TestTheSchemaIsTheParsers(t *testing.T) {
	const file = "manifest.schema.json"
	if *update {
		if err := os.WriteFile(file, manifest.Schema(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written, manifest.Schema()) || !bytes.Equal(manifest.Schema(), manifest.Schema()) {
		t.Errorf("%s is not what the parser's tables say: write it with go generate", file)
	}
}

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(manifest.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(manifest.SchemaID, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(manifest.SchemaID)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// valid is what s says of a manifest.
func valid(t *testing.T, s *jsonschema.Schema, src []byte) error {
	t.Helper()
	var root yaml.Node
	if err := yaml.Unmarshal(src, &root); err != nil {
		return err
	}
	if len(root.Content) == 0 || root.Content[0].ShortTag() == "!!null" {
		return nil // an empty file
	}
	text, err := json.Marshal(asJSON(t, root.Content[0]))
	if err != nil {
		return err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

// asJSON is n as editors see it: its keys are what is written there.
func asJSON(t *testing.T, n *yaml.Node) any {
	t.Helper()
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any)
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[n.Content[i].Value] = asJSON(t, n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		list := []any{}
		for _, c := range n.Content {
			list = append(list, asJSON(t, c))
		}
		return list
	}
	var v any
	if err := n.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTheSchemaTakesEveryManifestOfTheTree(t *testing.T) {
	s := schema(t)
	files := 0
	check := func(name string, src []byte) {
		files++
		if err := valid(t, s, src); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 2 || d.Name() == "bad"):
			return filepath.SkipDir
		case d.Name() == "remit.yaml":
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			check(path, src)
		case filepath.Ext(path) == ".txtar" && strings.Contains(filepath.ToSlash(path), "manifest/"):
			a, err := txtar.ParseFile(path)
			if err != nil {
				return err
			}
			for _, f := range a.Files {
				if name, _, _ := strings.Cut(f.Name, " "); filepath.Ext(name) == ".yaml" || name == "manifest" {
					check(path+": "+f.Name, f.Data)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 50 {
		t.Errorf("found only %d manifests", files)
	}
}

// What an editor can tell, it does: keys that there are not, and values of
// another sort. Names, ARNs and what exists are left to the parser.
func TestTheSchemaRefusesKeysAndSorts(t *testing.T) {
	s := schema(t)
	for _, src := range []string{
		"- function: a",
		"functoin: a",
		"function: ''",
		"function: 1",
		"mode: enforcing",
		"log: everything",
		"credentials: {role: [a]}",
		"credentials: {mint: wide}",
		"credentials: {duration: 60}",
		"credentials: {session_tags: {a: 1}}",
		"permissions: {table: {nmae: a}}",
		"permissions: {tabel: {name: a}}",
		"permissions: {event_bus: {send: a}}",
		"permissions: {table: {name: a, read: sometimes}}",
		"permissions: {table: {name: a, index: 1}}",
		"permissions: {topic: []}",
		"permissions: {topic: {publish: []}}",
		"permissions: {topic: {publish: ''}}",
		"permissions: {topic: {publish: a, expose: 1}}",
		"permissions: {object_storage: {acl: public}}",
		"permissions: {object_storage: {storage_class: [GLACIAL]}}",
		"permissions: {object_storage: {tags: {a: 1}}}",
		"allow: {actions: a}",
		"allow: {actions: a, resources: b, when: {}}",
		"allow: {actions: a, resources: b, when: {StringEqual: {k: v}}}",
		"allow: {actions: a, resources: b, when: {StringEquals: {k: 1}}}",
		"allow: {actions: a, resources: b, when: {StringEquals: v}}",
		"allow: {actions: a, resources: b, when: {'Null': {k: [true]}}}",
		"allow: {actions: a, resources: b, when: {NumericEquals: {k: true}}}",
		"function_identity: {credentials: {role: self}}",
		"upstreams: {s3: 1}",
		"limits: {}",
	} {
		if err := valid(t, s, []byte(src)); err == nil {
			t.Errorf("%s: the schema takes it", src)
		}
		if _, err := manifest.Parse("f", []byte(src), manifest.Options{}); err == nil {
			t.Errorf("%s: the parser takes it", src)
		}
	}
}
