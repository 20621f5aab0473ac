package manifest

import "strings"

// holds reports whether c holds in context. What cannot be evaluated does not
// hold: an operator that this version does not know, a value that is no
// pattern, a variable without a value.
//
// A key that is missing fails StringEquals and StringLike and passes
// StringNotEquals, as it does in IAM (User Guide, "IAM JSON policy elements:
// Condition operators"). A key with several values, which IAM's operators
// without a set prefix are not meant for, has to pass with every one of them.
func (c *Condition) holds(context map[string][]string, vars func(string) (string, bool)) bool {
	if len(c.Values) == 0 {
		return false
	}
	got := context[strings.ToLower(c.Key)]
	switch c.Operator {
	case "StringEquals", "StringNotEquals", "StringLike":
		if Deferred(c.Key) {
			return true
		}
		for _, value := range got {
			found, ok := c.any(value, vars)
			if !ok || found == (c.Operator == "StringNotEquals") {
				return false
			}
		}
		return len(got) > 0 || c.Operator == "StringNotEquals"
	case "Null":
		if len(c.Values) != 1 {
			return false
		}
		missing := len(got) == 0
		switch strings.ToLower(c.Values[0]) {
		case "true":
			return Deferred(c.Key) || missing
		case "false":
			return Deferred(c.Key) || !missing
		}
	}
	return false
}

// any reports whether one of c's values is value, or matches it where the
// operator takes patterns. It is not ok if one of them cannot be read, since
// StringNotEquals would then pass for the wrong reason.
func (c *Condition) any(value string, vars func(string) (string, bool)) (found, ok bool) {
	var room [128]rune
	for _, v := range c.Values {
		glyphs, ok := compile(room[:0], v, vars)
		if !ok {
			return false, false
		}
		if c.Operator != "StringLike" {
			glyphs = appendPlain(room[:0], v, vars)
		}
		if glob(glyphs, value, false) {
			found = true
		}
	}
	return found, true
}

// appendPlain appends v, its variables replaced, where "*" and "?" are
// themselves. v has been compiled before.
func appendPlain(dst []rune, v string, vars func(string) (string, bool)) []rune {
	for len(v) > 0 {
		if strings.HasPrefix(v, "${") {
			variable, n := variable(v)
			value, _ := variable.value(vars)
			dst = appendLiteral(dst, value)
			v = v[n:]
			continue
		}
		r, n := next(v, false)
		dst = append(dst, r)
		v = v[n:]
	}
	return dst
}

// Deferred reports whether only AWS knows the value of a condition key, as it
// does of "aws:ResourceAccount". Conditions on such a key are taken to hold by
// [Manifest.Decide], and stand in the session policy, where AWS evaluates
// them. These keys are deferred (IAM User Guide, "AWS global condition context
// keys"; Service Authorization Reference):
//
//   - of the principal: aws:PrincipalAccount, aws:PrincipalArn,
//     aws:PrincipalOrgID, aws:PrincipalOrgPaths, aws:PrincipalTag/…,
//     aws:PrincipalType, aws:userid, aws:username
//   - of its session: aws:TokenIssueTime, aws:SourceIdentity,
//     aws:MultiFactorAuthPresent, aws:MultiFactorAuthAge,
//     aws:FederatedProvider, lambda:SourceFunctionArn
//   - of the network, as AWS sees it: aws:SourceIp, aws:SourceVpc,
//     aws:SourceVpcArn, aws:SourceVpce, aws:VpcSourceIp, aws:VpceAccount,
//     aws:VpceOrgID, aws:VpceOrgPaths
//   - of the resource: aws:ResourceAccount, aws:ResourceOrgID,
//     aws:ResourceOrgPaths, aws:ResourceTag/…, s3:ResourceAccount,
//     s3:ExistingObjectTag/…, s3:BucketTag/…, s3:AccessPointTag/…,
//     s3:AccessPointNetworkOrigin, s3:DataAccessPointAccount,
//     s3:DataAccessPointArn, secretsmanager:ResourceTag/…
//   - of a service in between: aws:ViaAWSService, aws:CalledVia,
//     aws:CalledViaFirst, aws:CalledViaLast, kms:ViaService,
//     kms:CallerAccount
func Deferred(key string) bool {
	key = strings.ToLower(key)
	if prefix, _, ok := strings.Cut(key, "/"); ok {
		switch prefix {
		case "aws:principaltag", "aws:resourcetag", "s3:existingobjecttag", "s3:buckettag",
			"s3:accesspointtag", "secretsmanager:resourcetag":
			return true
		}
		return false
	}
	switch key {
	case "aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths",
		"aws:principaltype", "aws:userid", "aws:username",
		"aws:tokenissuetime", "aws:sourceidentity", "aws:multifactorauthpresent",
		"aws:multifactorauthage", "aws:federatedprovider", "lambda:sourcefunctionarn",
		"aws:sourceip", "aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce", "aws:vpcsourceip",
		"aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths",
		"aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths", "s3:resourceaccount",
		"s3:accesspointnetworkorigin", "s3:dataaccesspointaccount", "s3:dataaccesspointarn",
		"aws:viaawsservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast",
		"kms:viaservice", "kms:calleraccount":
		return true
	}
	return false
}
