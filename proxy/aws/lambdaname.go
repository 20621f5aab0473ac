package aws

import (
	"fmt"
	"strings"
)

// function returns the ARN of a function that is named by its name, its ARN,
// or the part of its ARN after the region, each perhaps with a version or an
// alias behind it. (AWS Lambda API Reference, Invoke, "FunctionName".) A
// qualifier in the query says the same or is refused. Where the operation is
// on the function itself, a version is none of its business.
func (in *input) function(name, qualifier string, qualified bool) (string, error) {
	bad := fmt.Errorf("%.160q is no name of a function", name)
	owner, rest := "", name
	if strings.HasPrefix(name, "arn:") {
		account, resource, err := in.here("lambda", name)
		if err != nil {
			return "", err
		}
		var ok bool
		if rest, ok = strings.CutPrefix(resource, "function:"); !ok || account == "" {
			return "", bad
		}
		owner = account
	} else if account, after, ok := strings.Cut(name, ":function:"); ok {
		if !isAccount(account) {
			return "", bad
		}
		owner, rest = account, after
	} else if strings.HasPrefix(name, "function:") || isAccount(strings.Split(name, ":")[0]) && strings.Contains(name, ":") {
		// "function:x" may be version x of a function called "function", or
		// the function x; "123456789012:x" likewise.
		return "", bad
	}
	rest, version, found := strings.Cut(rest, ":")
	switch {
	case !isName(rest, "-_"), found && !isName(version, "$-_."):
		return "", bad
	case qualifier != "" && !isName(qualifier, "$-_."):
		return "", fmt.Errorf("%.80q is no version or alias of a function", qualifier)
	case found && qualifier != "" && version != qualifier:
		return "", fmt.Errorf("name %.160q and qualifier %.80q name different versions", name, qualifier)
	case found && !qualified:
		return "", fmt.Errorf("%.160q names a version, and the operation is on the function", name)
	case found:
		rest += ":" + version
	case qualifier != "":
		rest += ":" + qualifier
	}
	if owner == "" {
		return in.arn("lambda", "function:"+rest)
	}
	return "arn:" + in.partition + ":lambda:" + in.region + ":" + owner + ":function:" + rest, nil
}

// lambdaName returns the ARN of what is named by its name or its ARN.
func (in *input) lambdaName(kind, name string) (string, error) {
	if strings.HasPrefix(name, "arn:") {
		_, resource, err := in.here("lambda", name)
		if id, ok := strings.CutPrefix(resource, kind); err == nil && (!ok || !isName(id, "-_")) {
			err = fmt.Errorf("%.160q is no ARN of Lambda's with %q", name, kind)
		}
		return name, err
	}
	if !isName(name, "-_") {
		return "", fmt.Errorf("%.160q is no name behind %q", name, kind)
	}
	return in.arn("lambda", kind+name)
}
