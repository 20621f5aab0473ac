package aws

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// AWS KMS speaks JSON 1.1. Its resource types are keys and aliases, and its
// actions its operations, but for ReEncrypt. (Service Authorization Reference,
// "AWS Key Management Service"; AWS KMS Developer Guide, "Permissions
// reference".)
//
// A key of an operation with key is in its member KeyId; an operation without
// is about no key, or about several: see readKMS.
var kmsOperations = map[string]struct {
	key     bool
	context func(*manifest.Request, tree) error // adds its condition keys; nil for none
}{
	"CancelKeyDeletion":                   {key: true},
	"ConnectCustomKeyStore":               {},
	"CreateAlias":                         {},
	"CreateCustomKeyStore":                {},
	"CreateGrant":                         {key: true, context: grantContext},
	"CreateKey":                           {context: newKeyContext},
	"Decapsulate":                         {key: true},
	"Decrypt":                             {key: true, context: cipherContext},
	"DeleteAlias":                         {},
	"DeleteCustomKeyStore":                {},
	"DeleteImportedKeyMaterial":           {key: true},
	"DeriveSharedSecret":                  {key: true, context: stated("KeyAgreementAlgorithm", "")},
	"DescribeCustomKeyStores":             {},
	"DescribeKey":                         {key: true},
	"DisableKey":                          {key: true},
	"DisableKeyRotation":                  {key: true},
	"DisconnectCustomKeyStore":            {},
	"EnableKey":                           {key: true},
	"EnableKeyRotation":                   {key: true, context: stated("RotationPeriodInDays", "")},
	"Encapsulate":                         {key: true},
	"Encrypt":                             {key: true, context: cipherContext},
	"GenerateDataKey":                     {key: true, context: cipherContext},
	"GenerateDataKeyPair":                 {key: true, context: keyPairContext},
	"GenerateDataKeyPairWithoutPlaintext": {key: true, context: keyPairContext},
	"GenerateDataKeyWithoutPlaintext":     {key: true, context: cipherContext},
	"GenerateMac":                         {key: true, context: stated("MacAlgorithm", "")},
	"GenerateRandom":                      {},
	"GetKeyLastUsage":                     {key: true},
	"GetKeyPolicy":                        {key: true},
	"GetKeyRotationStatus":                {key: true},
	"GetParametersForImport":              {key: true, context: importContext},
	"GetPublicKey":                        {key: true},
	"ImportKeyMaterial":                   {key: true, context: materialContext},
	"ListAliases":                         {},
	"ListGrants":                          {key: true, context: ownGrant},
	"ListKeyPolicies":                     {key: true},
	"ListKeyRotations":                    {key: true},
	"ListKeys":                            {},
	"ListResourceTags":                    {key: true},
	"ListRetirableGrants":                 {},
	"PutKeyPolicy":                        {key: true, context: lockoutContext},
	"ReEncrypt":                           {},
	"ReplicateKey":                        {key: true, context: stated("ReplicaRegion", "")},
	"RetireGrant":                         {key: true},
	"RevokeGrant":                         {key: true, context: ownGrant},
	"RotateKeyOnDemand":                   {key: true},
	"ScheduleKeyDeletion":                 {key: true, context: deletionContext},
	"Sign":                                {key: true, context: signContext},
	"TagResource":                         {key: true, context: keyTags},
	"UntagResource":                       {key: true, context: keyTags},
	"UpdateAlias":                         {},
	"UpdateCustomKeyStore":                {},
	"UpdateKeyDescription":                {key: true},
	"UpdatePrimaryRegion":                 {key: true, context: stated("PrimaryRegion", "")},
	"Verify":                              {key: true, context: signContext},
	"VerifyMac":                           {key: true, context: stated("MacAlgorithm", "")},
}

// readKMS reads a call to AWS KMS.
func readKMS(in *input, call *proxy.Call) error {
	op, members, err := in.target("TrentService", "application/x-amz-json-1.1")
	known, ok := kmsOperations[op]
	if ok {
		call.Operation = op
	}
	switch {
	case err != nil:
		return err
	case !ok:
		return fmt.Errorf("operation %.60q of KMS is not known", op)
	}
	switch op {
	case "CreateAlias", "DeleteAlias", "UpdateAlias":
		return in.aliasRequests(call, op, members)
	case "ReEncrypt":
		return in.reEncrypt(call, members)
	}
	req := request("kms:"+op, "*")
	if known.key {
		id, err := text(members, "KeyId")
		if err != nil {
			return err
		}
		token, err := text(members, "GrantToken")
		if err != nil {
			return err
		}
		if op == "RetireGrant" && (token != "" || id == "") {
			call.Requests = append(call.Requests, unknown("kms:RetireGrant")) // its key stands in the token
			if id == "" {
				return nil
			}
		}
		switch {
		case id != "":
			req, err = in.keyRequest("kms:"+op, id)
		case op == "Decrypt":
			req = unknown("kms:Decrypt") // its key stands in the ciphertext
		default:
			err = errors.New("member \"KeyId\" is not there")
		}
		if err != nil {
			return err
		}
	}
	if known.context != nil {
		if err := known.context(&req, members); err != nil {
			return err
		}
	}
	call.Requests = append(call.Requests, req)
	return in.newKeys(call, op, req, members)
}

// newKeys adds what making a key takes besides. (AWS KMS API Reference,
// "Required permissions" of CreateKey, ReplicateKey and UpdatePrimaryRegion.)
func (in *input) newKeys(call *proxy.Call, op string, req manifest.Request, members tree) error {
	switch op {
	case "UpdatePrimaryRegion":
		// The same action on the replica that becomes the primary key.
		region, err := text(members, "PrimaryRegion")
		if err != nil || !isName(region, "-") {
			return errors.Join(fmt.Errorf("member \"PrimaryRegion\" %.40q is no region", region), err)
		}
		replica := req
		replica.Resource = strings.Replace(req.Resource, ":"+in.region+":", ":"+region+":", 1)
		call.Requests = append(call.Requests, replica)
	case "ReplicateKey":
		call.Requests = append(call.Requests, request("kms:CreateKey", "*"))
	case "CreateKey":
	default:
		return nil
	}
	tags, err := tagList(members.get("Tags"), "TagKey", "TagValue")
	if err != nil || len(tags) == 0 {
		return err
	}
	tagging := unknown("kms:TagResource") // the key has no name yet
	withTags(&tagging, tags)
	call.Requests = append(call.Requests, tagging)
	return nil
}

// aliasRequests reads the operations on aliases, which need the action on the
// alias and on every key that it names before or after. (AWS KMS Developer
// Guide, "Controlling access to aliases".)
func (in *input) aliasRequests(call *proxy.Call, op string, members tree) error {
	name, err := text(members, "AliasName")
	if err != nil {
		return err
	}
	name = "alias/" + strings.TrimPrefix(name, "alias/")
	if !isAlias(name) {
		return fmt.Errorf("member \"AliasName\" %.120q is no alias", name)
	}
	alias, err := in.arn("kms", name)
	if err != nil {
		return err
	}
	call.Requests = append(call.Requests, request("kms:"+op, alias))
	if op != "DeleteAlias" {
		target, err := text(members, "TargetKeyId")
		if err != nil {
			return err
		}
		req, err := in.keyRequest("kms:"+op, target)
		if err != nil {
			return err
		}
		call.Requests = append(call.Requests, req)
	}
	if op != "CreateAlias" { // the key that it names now
		req, err := in.keyRequest("kms:"+op, name)
		if err != nil {
			return err
		}
		req.Context = nil // no key is asked for by an alias here
		call.Requests = append(call.Requests, req)
	}
	return nil
}

// reEncrypt reads ReEncrypt: one action where the ciphertext comes from, and
// another where it goes.
func (in *input) reEncrypt(call *proxy.Call, members tree) error {
	for _, side := range []struct{ action, key, member string }{{"kms:ReEncryptFrom", "SourceKeyId", "Source"}, {"kms:ReEncryptTo", "DestinationKeyId", "Destination"}} {
		id, err := text(members, side.key)
		if err != nil {
			return err
		}
		req := unknown(side.action) // its key stands in the ciphertext
		if id != "" {
			req, err = in.keyRequest(side.action, id)
		} else if side.key == "DestinationKeyId" {
			err = errors.New("member \"DestinationKeyId\" is not there")
		}
		if err != nil {
			return err
		}
		if err := encryption(&req, members, side.member); err != nil {
			return err
		}
		call.Requests = append(call.Requests, req)
	}
	return nil
}

// anyKey is the identifier of a key that is not known: of a UUID's length, as
// are those of multi-Region keys, which are "mrk-" and 32 digits. (AWS KMS
// Developer Guide, "Key identifiers".)
const anyKey = "????????????????????????????????????"

// keyRequest asks for an action on a key that is named by its identifier, its
// ARN, an alias or an alias's ARN. AWS authorizes the key that an alias names
// when it is asked, so that the key's identifier is left open, and the alias
// stands in kms:RequestAlias. (AWS KMS Developer Guide, "kms:RequestAlias".)
func (in *input) keyRequest(action, id string) (manifest.Request, error) {
	resource := "key/" + id
	owner := ""
	switch {
	case strings.HasPrefix(id, "arn:"):
		var err error
		if owner, resource, err = in.here("kms", id); err != nil {
			return manifest.Request{}, err
		}
	case strings.HasPrefix(id, "alias/"):
		resource = id
	}
	alias := isAlias(resource)
	if name, ok := strings.CutPrefix(resource, "key/"); !alias && (!ok || !isName(name, "-_")) {
		return manifest.Request{}, fmt.Errorf("%.120q is no identifier of a key", id)
	}
	req := manifest.Request{Action: action}
	if alias {
		req.Partly = true
		with(&req, "kms:RequestAlias", resource)
		resource = "key/" + anyKey
	}
	if owner != "" {
		req.Resource = "arn:" + in.partition + ":kms:" + in.region + ":" + owner + ":" + resource
		return req, nil
	}
	var err error
	req.Resource, err = in.arn("kms", resource)
	return req, err
}

// isAlias reports whether s is the name of an alias: "alias/" and letters,
// digits, slashes, hyphens and underscores. (AWS KMS API Reference,
// CreateAlias, "AliasName"; the API's pattern has colons too, for ARNs.)
func isAlias(s string) bool {
	name, ok := strings.CutPrefix(s, "alias/")
	return ok && isName(name, "/_-")
}
