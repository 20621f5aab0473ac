package main

// accounts are the members that say whose resource a call is about, where it
// may be another account's than the caller's: what the ARN has for its account.
// (The API Reference of each service, by the member's name.)
var accounts = map[string]string{
	"app-mesh":        "meshowner",
	"backup":          "backupvaultaccountid",
	"budgets":         "accountid",
	"cloudtrail":      "eventdatastoreowneraccountid",
	"codeartifact":    "domainowner",
	"ecr":             "registryid",
	"ecr-public":      "registryid",
	"glacier":         "accountid",
	"glue":            "catalogid",
	"internetmonitor": "linkedaccountid",
	"lakeformation":   "catalogid",
	"mgn":             "accountid",
	"omics":           "workflowownerid",
	"panorama":        "owneraccount",
	"quicksight":      "awsaccountid",
	"s3-control":      "accountid",
	"signer":          "profileowner",
}

// accountOf is where an operation says whose account it is about, or "".
func accountOf(s *service, op *operation) string {
	want := accounts[key(s.ID)]
	if want == "" {
		return ""
	}
	for _, pl := range places(s, op) {
		if pl.level == 0 && !pl.list && pl.name == want {
			return pl.path
		}
	}
	return ""
}
