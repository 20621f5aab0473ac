package aws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// unknown is one action on a resource that the call does not tell: it stands
// in a token, or under a ciphertext, or does not exist yet. A grant of the
// action is enough where AWS compares the resource with the session policy,
// which then names the grant's own: see [manifest.Request].
func unknown(action string, context ...string) manifest.Request {
	req := request(action, "*", context...)
	req.Partly = true
	return req
}

// with adds values of a key to req's context. Without values it adds nothing:
// the key is absent.
func with(req *manifest.Request, key string, values ...string) {
	if len(values) == 0 {
		return
	}
	if req.Context == nil {
		req.Context = make(map[string][]string)
	}
	key = strings.ToLower(key)
	req.Context[key] = append(req.Context[key], values...)
}

// A tag is the key and value of one.
type tag struct{ key, value string }

// withTags adds what a request says of tags: aws:RequestTag/KEY and
// aws:TagKeys. (IAM User Guide, "AWS global condition context keys".)
func withTags(req *manifest.Request, tags []tag) {
	for _, t := range tags {
		with(req, "aws:RequestTag/"+t.key, t.value)
	}
	withTagKeys(req, tags)
}

// withTagKeys adds aws:TagKeys alone, as taking tags away does.
func withTagKeys(req *manifest.Request, tags []tag) {
	for _, t := range tags {
		with(req, "aws:TagKeys", t.key)
	}
}

// tagList reads a list of tags, each an object with the members key and value.
func tagList(v any, key, value string) ([]tag, error) {
	list, err := objects(v, "Tags")
	if err != nil {
		return nil, err
	}
	var tags []tag
	for _, o := range list {
		k, ok1 := o.get(key).(string)
		val, ok2 := o.get(value).(string)
		if !ok1 || !ok2 && o.get(value) != nil {
			return nil, fmt.Errorf("a tag without %q and %q", key, value)
		}
		tags = append(tags, tag{k, val})
	}
	return tags, nil
}

// tagMap reads an object whose members are tags.
func tagMap(v any) ([]tag, error) {
	m, err := textMap(v, "Tags")
	if err != nil {
		return nil, err
	}
	var tags []tag
	for k, v := range m {
		tags = append(tags, tag{k, v})
	}
	slices.SortFunc(tags, func(a, b tag) int { return strings.Compare(a.key, b.key) })
	return tags, nil
}

// tagKeys reads a list of the keys of tags.
func tagKeys(v any) ([]tag, error) {
	keys, err := texts(v, "TagKeys")
	var tags []tag
	for _, k := range keys {
		tags = append(tags, tag{key: k})
	}
	return tags, err
}

// text returns a member that is a string, or "" where it is absent or null.
// One that stands there in another case is neither here nor, for all we know,
// absent there.
func text(members tree, name string) (string, error) {
	switch v := members.get(name).(type) {
	case nil:
		if other, ok := members.otherCase(name); ok {
			return "", fmt.Errorf("member %.40q is spelled %q", other, name)
		}
		return "", nil
	case string:
		return v, nil
	}
	return "", fmt.Errorf("member %q is no string", name)
}

// truth returns a member that is a boolean, as IAM writes it; absent, it is
// false.
func truth(members tree, name string) (string, error) {
	switch v := members.get(name).(type) {
	case nil:
		return "false", nil
	case bool:
		return fmt.Sprint(v), nil
	}
	return "", fmt.Errorf("member %q is no boolean", name)
}

// textMap reads an object whose members are strings; absent, it is empty.
func textMap(v any, name string) (map[string]string, error) {
	if v == nil {
		return nil, nil
	}
	object, ok := v.(tree)
	if !ok {
		return nil, fmt.Errorf("member %q is no object", name)
	}
	if object.len() > maxNamed {
		return nil, errNamed
	}
	all := make(map[string]string, object.len())
	for k, v := range object.all() {
		if all[k], ok = v.(string); !ok {
			return nil, fmt.Errorf("member %q has what is no string", name)
		}
	}
	return all, nil
}

// here returns s if it is an ARN of service in the call's own region, split
// after its account. Services answer for one region: what another's ARN would
// do there is theirs to say, and nobody's to guess.
func (in *input) here(service, s string) (account, resource string, err error) {
	if _, err := in.checkARN(service, s); err != nil {
		return "", "", err
	}
	parts := strings.SplitN(s, ":", 6)
	if parts[3] != in.region {
		return "", "", fmt.Errorf("%.120q is in another region than the call, which is in %q", s, in.region)
	}
	if parts[4] != "" && !isAccount(parts[4]) {
		return "", "", fmt.Errorf("%.120q has no account's number", s)
	}
	// No name in these services has a character that patterns have.
	if !isName(parts[5], "/:_.-+=@,$") {
		return "", "", fmt.Errorf("%.120q has a character that no ARN of %s has", s, service)
	}
	return parts[4], parts[5], nil
}
