package aws

import (
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// email is what the tables do not say of Amazon SES, in both of its APIs: whom an
// email is from, which conditions compare, and that sending always takes an
// identity, which SES chooses where the call names none. (Service Authorization
// Reference, "Amazon Simple Email Service v2", SendEmail.)
func email(operation string) reading {
	switch operation {
	case "SendEmail", "SendRawEmail", "SendTemplatedEmail", "SendBulkTemplatedEmail":
	default:
		return nil
	}
	return func(c *tableCall) ([]manifest.Request, error) {
		all, err := c.tabled()
		if err != nil {
			return nil, err
		}
		from, named := "b.Source", "b.SourceArn"
		if c.table.id == "sesv2" {
			from, named = "b.FromEmailAddress", "b.FromEmailAddressIdentityArn"
		}
		sender, _, err := c.text(from)
		if err != nil {
			return nil, err
		}
		identity, _, err := c.text(named)
		if err != nil {
			return nil, err
		}
		action := "ses:" + operation
		all = slices.DeleteFunc(all, func(r manifest.Request) bool {
			return r.Partly || strings.Contains(r.Resource, ":identity/") && r.Resource == identity
		})
		if identity == "" {
			// The address itself, its domain or one above may be verified:
			// SES takes what is.
			all = append(all, unknown(action))
		} else {
			arn, err := c.stated("ses", identity)
			if err != nil {
				return nil, err
			}
			all = append(all, request(action, arn))
		}
		// A raw message says itself whom it is from.
		_, raw, err := c.text("b.Content.Raw.Data")
		if err != nil {
			return nil, err
		}
		if a := senderAddress(sender); a != "" && !raw && operation != "SendRawEmail" {
			for i := range all {
				with(&all[i], "ses:FromAddress", a)
			}
		}
		return all, nil
	}
}

// senderAddress returns the address that a sender is, without the name that may
// stand before it. Where that takes reading a mail header's grammar, and in raw
// messages, which say it themselves, it is not known, and left to AWS.
func senderAddress(s string) string {
	if name, rest, ok := strings.Cut(s, "<"); ok {
		address, after, ok := strings.Cut(rest, ">")
		if !ok || after != "" || strings.ContainsAny(name, "@,;:()\\") {
			return ""
		}
		s = address
	}
	local, host, ok := strings.Cut(s, "@")
	if !ok || !isName(local, ".+-_=") || !isName(host, ".-") {
		return ""
	}
	return s
}
