package aws

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/lambda-remit/remit/manifest"
)

// What a request to KMS says for IAM's conditions. (AWS KMS Developer Guide,
// "AWS KMS condition keys".) A parameter that has a default has it here too,
// since AWS compares what it will do. Keys of the key itself (kms:KeySpec and
// the like, but for CreateKey) and of attestation documents are AWS's to know.

// stated adds kms:NAME from the member of that name, a string or a number, or
// fallback where it is absent.
func stated(name, fallback string) func(*manifest.Request, tree) error {
	return func(req *manifest.Request, members tree) error {
		switch v := members.get(name).(type) {
		case string:
			with(req, "kms:"+name, v)
		case json.Number:
			with(req, "kms:"+name, v.String())
		case nil:
			if fallback != "" {
				with(req, "kms:"+name, fallback)
			}
		default:
			return fmt.Errorf("member %q is neither string nor number", name)
		}
		return nil
	}
}

// all adds what each of several adds.
func all(contexts ...func(*manifest.Request, tree) error) func(*manifest.Request, tree) error {
	return func(req *manifest.Request, members tree) error {
		for _, c := range contexts {
			if err := c(req, members); err != nil {
				return err
			}
		}
		return nil
	}
}

// cipherContext is of what encrypts or decrypts.
func cipherContext(req *manifest.Request, members tree) error {
	return encryption(req, members, "")
}

func keyPairContext(req *manifest.Request, members tree) error {
	pair := treeOf(field{"DataKeyPairSpec", members.get("KeyPairSpec")})
	return all(cipherContext, func(req *manifest.Request, _ tree) error {
		return stated("DataKeyPairSpec", "")(req, pair)
	})(req, members)
}

// encryption adds the encryption context and algorithm of members that begin
// with prefix. "Source" and "Destination" stand before them in ReEncrypt.
func encryption(req *manifest.Request, members tree, prefix string) error {
	algorithm, err := text(members, prefix+"EncryptionAlgorithm")
	if err != nil {
		return err
	}
	if algorithm == "" {
		algorithm = "SYMMETRIC_DEFAULT"
	}
	with(req, "kms:EncryptionAlgorithm", algorithm)
	pairs, err := textMap(members.get(prefix+"EncryptionContext"), prefix+"EncryptionContext")
	if err != nil {
		return err
	}
	encryptionContext(req, pairs)
	return nil
}

// encryptionContext adds kms:EncryptionContext:KEY and
// kms:EncryptionContextKeys.
func encryptionContext(req *manifest.Request, pairs map[string]string) {
	keys := make([]string, 0, len(pairs))
	for k := range pairs {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		with(req, "kms:EncryptionContext:"+k, pairs[k])
		with(req, "kms:EncryptionContextKeys", k)
	}
}

// signContext is of what signs or verifies.
func signContext(req *manifest.Request, members tree) error {
	return all(stated("SigningAlgorithm", ""), stated("MessageType", "RAW"))(req, members)
}

func importContext(req *manifest.Request, members tree) error {
	return all(stated("WrappingAlgorithm", ""), stated("WrappingKeySpec", ""))(req, members)
}

func materialContext(req *manifest.Request, members tree) error {
	return all(stated("ExpirationModel", "KEY_MATERIAL_EXPIRES"), stated("ValidTo", ""))(req, members)
}

func lockoutContext(req *manifest.Request, members tree) error {
	bypass, err := truth(members, "BypassPolicyLockoutSafetyCheck")
	with(req, "kms:BypassPolicyLockoutSafetyCheck", bypass)
	return err
}

func deletionContext(req *manifest.Request, members tree) error {
	window := treeOf(field{"ScheduleKeyDeletionPendingWindowInDays", members.get("PendingWindowInDays")})
	return stated("ScheduleKeyDeletionPendingWindowInDays", "30")(req, window)
}

// ownGrant says that the call is a function's and not an AWS service's, whose
// grants kms:GrantIsForAWSResource tells apart.
func ownGrant(req *manifest.Request, _ tree) error {
	with(req, "kms:GrantIsForAWSResource", "false")
	return nil
}

// grantContext is of CreateGrant: who may do what with the key from then on.
func grantContext(req *manifest.Request, members tree) error {
	operations, err := texts(members.get("Operations"), "Operations")
	if err != nil {
		return err
	}
	with(req, "kms:GrantOperations", operations...)
	constraints, err := object(members, "Constraints")
	if err != nil {
		return err
	}
	for _, kind := range []string{"EncryptionContextEquals", "EncryptionContextSubset"} {
		pairs, err := textMap(constraints.get(kind), kind)
		if err != nil {
			return err
		}
		if pairs != nil {
			with(req, "kms:GrantConstraintType", kind)
			encryptionContext(req, pairs)
		}
	}
	source, err := text(constraints, "SourceArn")
	if err != nil {
		return err
	}
	if source != "" {
		with(req, "kms:GrantConstraintSourceArn", source)
	}
	return all(stated("GranteePrincipal", ""), stated("GranteeServicePrincipal", ""),
		stated("RetiringPrincipal", ""), stated("RetiringServicePrincipal", ""), ownGrant)(req, members)
}

// newKeyContext is of CreateKey. CustomerMasterKeySpec is KeySpec's former
// name.
func newKeyContext(req *manifest.Request, members tree) error {
	spec, origin := "SYMMETRIC_DEFAULT", "AWS_KMS"
	for _, m := range []struct {
		name string
		to   *string
	}{{"CustomerMasterKeySpec", &spec}, {"KeySpec", &spec}, {"Origin", &origin}} {
		if v, err := text(members, m.name); err != nil {
			return err
		} else if v != "" {
			*m.to = v
		}
	}
	with(req, "kms:KeySpec", spec)
	with(req, "kms:KeyOrigin", origin)
	multi, err := truth(members, "MultiRegion")
	if err != nil {
		return err
	}
	with(req, "kms:MultiRegion", multi)
	if multi == "true" {
		with(req, "kms:MultiRegionKeyType", "PRIMARY")
	}
	tags, err := tagList(members.get("Tags"), "TagKey", "TagValue")
	if err != nil {
		return err
	}
	withTags(req, tags)
	return all(stated("KeyUsage", "ENCRYPT_DECRYPT"), lockoutContext)(req, members)
}

// keyTags is of TagResource and UntagResource.
func keyTags(req *manifest.Request, members tree) error {
	tags, err := tagList(members.get("Tags"), "TagKey", "TagValue")
	if err != nil {
		return err
	}
	withTags(req, tags)
	keys, err := tagKeys(members.get("TagKeys"))
	if err != nil {
		return err
	}
	withTagKeys(req, keys)
	return nil
}
