package manifest

import (
	"reflect"
	"testing"
)

func TestWhatIsBehindAHostIsWhatTheManifestSays(t *testing.T) {
	const text = `
credentials: {role: self}
permissions:
  api:
    - call: "GET https://a1.execute-api.eu-west-1.amazonaws.com/prod/*"
    - {call: "https://u1.lambda-url.us-east-1.on.aws", function: orders}
allow:
  - actions: execute-api:Invoke
    resources:
      - "arn:aws:execute-api:*:${aws:PrincipalAccount}:own/prod/GET/*"
      - "arn:aws:execute-api:eu-west-1:210987654321:other/*"
      - "arn:aws:execute-api:eu-west-1:210987654321:both/*"
      - "arn:aws:execute-api:eu-west-1:123456789012:both/*"
      - "arn:aws:execute-api:eu-west-1:*:any/*"
      - "arn:aws:execute-api:eu-west-1:123456789012:star*"
`
	for _, account := range []string{"", "123456789012"} {
		m, err := Parse("remit.yaml", []byte(text), Options{Account: account})
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			host, want string
			named      bool
		}{
			{"a1.execute-api.eu-west-1.amazonaws.com", "arn:aws:execute-api:eu-west-1:123456789012:a1", true},
			{"u1.lambda-url.us-east-1.on.aws", "arn:aws:lambda:us-east-1:123456789012:function:orders", true},
			{"a2.execute-api.eu-west-1.amazonaws.com", "", false},
		} {
			if account == "" {
				tt.want = ""
			}
			if got, named := m.Behind(tt.host); got != tt.want || named != tt.named {
				t.Errorf("behind %s in %q: got %q, %v, want %q, %v", tt.host, account, got, named, tt.want, tt.named)
			}
		}
		for _, tt := range []struct {
			region, id, want string
			named            bool
		}{
			{"us-east-1", "own", account, true},
			{"eu-west-1", "other", "210987654321", true},
			{"us-east-1", "other", "", false},
			{"eu-west-1", "both", "", false},
			{"eu-west-1", "any", "", false},
			{"eu-west-1", "star", "", false},
			{"eu-west-1", "ow", "", false},
		} {
			if got, named := m.Owner("execute-api", tt.region, tt.id); got != tt.want || named != tt.named {
				t.Errorf("%s in %s, in %q: got %q, %v, want %q, %v", tt.id, tt.region, account, got, named, tt.want, tt.named)
			}
		}
	}
}

func TestWhatACallCouldBeOnIsLeftToGrantsWhereAWSComparesIt(t *testing.T) {
	m := &Manifest{Grants: []*Grant{{Actions: []string{"execute-api:Invoke"}, Resources: []Pattern{"a", "b*"}}}}
	for _, tt := range []struct{ could, want []string }{
		{[]string{"a", "c"}, []string{"a"}},
		{[]string{"bc", "c", "a"}, []string{"bc", "a"}},
		{[]string{"c", "d"}, []string{"c", "d"}},
	} {
		if got := m.Either("execute-api:Invoke", tt.could...); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("of %q: got %q, want %q", tt.could, got, tt.want)
		}
	}
	m.Credentials.Unminted = true
	if got := m.Either("execute-api:Invoke", "a", "c"); len(got) != 2 {
		t.Errorf("where nothing is minted: got %q, want all", got)
	}
}
