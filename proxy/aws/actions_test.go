package aws

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/proxy"
)

// A sar is what the Service Authorization Reference has of actions, and what
// else is known of them that Remit's own tables were not made from.
type sar struct {
	actions map[string]string   // "s3:getobject" -> "s3:GetObject"
	others  map[string][]string // "s3:headobject" -> "s3:GetObject"
	besides map[string][]string // "s3:copyobject" -> "s3:GetObject", which is demanded as well
}

func readSAR(t *testing.T) *sar {
	t.Helper()
	s := &sar{make(map[string]string), make(map[string][]string), make(map[string][]string)}
	text, err := os.ReadFile("../../manifest/zactions.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		for _, name := range strings.Fields(f[2] + " " + f[3]) {
			s.actions[strings.ToLower(f[0]+":"+name)] = f[0] + ":" + name
		}
	}
	if len(s.actions) < 20000 {
		t.Fatalf("%d actions, want 20000 and more", len(s.actions))
	}
	text, err = os.ReadFile("testdata/ratchet/actions.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if line[0] == '#' {
			continue
		}
		f := strings.Fields(line)
		for _, name := range f[2:] {
			into := s.others
			name, besides := strings.CutPrefix(name, "+")
			if besides {
				into = s.besides
			}
			if !strings.Contains(name, ":") {
				name = f[0] + ":" + name
			}
			action, ok := s.actions[strings.ToLower(name)]
			if !ok {
				t.Fatalf("actions.txt: action %s does not exist", name)
			}
			key := strings.ToLower(f[0] + ":" + f[1])
			into[key] = append(into[key], action)
		}
	}
	return s
}

// prefix is IAM's of the operations of a service that signs as name: the same,
// but for these. (The pages of the Service Authorization Reference.)
func prefix(service, name string) string {
	switch service {
	case "apigatewaymanagementapi":
		return "execute-api"
	case "cloudcontrol":
		return "cloudformation"
	case "cloudwatch":
		return "cloudwatch"
	case "iot-data", "iotsecuretunneling":
		return "iot"
	case "iot-jobs-data":
		return "iotjobsdata"
	case "iotevents-data":
		return "iotevents"
	case "mturk":
		return "mechanicalturk"
	case "partnercentral-account", "partnercentral-benefits", "partnercentral-channel", "partnercentral-selling":
		return "partnercentral"
	case "resourcegroupstaggingapi":
		return "tag"
	}
	return name
}

// want are the actions of which an operation has to demand one, and those that
// it has to demand besides; nil if neither source knows it.
func (s *sar) want(w *walked, signingName string) (one, besides []string) {
	p := prefix(w.Service, w.scope(signingName))
	if w.Service == "s3control" && strings.Contains(w.Operation, "Bucket") {
		p = "s3-outposts" // where all of its buckets are (S3 Control API reference)
	}
	key := strings.ToLower(p + ":" + w.Operation)
	if action, ok := s.actions[key]; ok {
		return append([]string{action}, s.others[key]...), s.besides[key]
	}
	if p == "apigateway" && s.others[key] == nil { // whose actions are HTTP's methods
		return []string{"apigateway:" + w.Method}, nil
	}
	return s.others[key], s.besides[key]
}

// TestActionsAreThoseOfTheReference compares the actions that each of
// botocore's operations is read to demand with the Service Authorization
// Reference. What differs is in known-actions.txt, which may only shrink.
func TestActionsAreThoseOfTheReference(t *testing.T) {
	cloud, s := corpusCloud(), readSAR(t)
	failures := newRatchet("testdata/ratchet/known-actions.txt")
	signingName := make(map[string]string)
	unknown := make(map[string]bool)
	botocore(t, "walk", []string{"values.py"}, func(w *walked) {
		if w.Operations != nil {
			signingName[w.Service] = w.SigningName
			return
		}
		// An endpoint's call says less than a host's: what is right there is
		// right at the host.
		if w.Mode != "endpoint" || w.Error != "" {
			return
		}
		want, besides := s.want(w, signingName[w.Service])
		if want == nil {
			unknown[w.Service+" "+w.Operation] = true
			return
		}
		call, err := cloud.Identify(w.request(t))
		word, sentence := judgeActions(w, call, err, want, besides)
		failures.add(w.Service, w.Operation, w.Mode, word, sentence)
	})
	wrong := 0
	for _, word := range failures.outcomes {
		if word != "" {
			wrong++
		}
	}
	n := len(failures.outcomes)
	t.Logf("%d of %d operations demand the actions that they should, %.2f %%; of %d more nothing is known", n-wrong, n, 100*float64(n-wrong)/float64(n), len(unknown))
	if right := float64(n-wrong) / float64(n); right < 0.998 {
		t.Errorf("%.2f %% of the operations demand the actions that they should, want 99.8 %%", 100*right)
	}
	failures.compare(t)
}

// judgeActions holds a call's actions to those that were wanted. More than one
// may be demanded; more than the required members ask for may not.
func judgeActions(w *walked, call *proxy.Call, err error, want, besides []string) (word, sentence string) {
	if err != nil {
		return "unread", err.Error()
	}
	var got []string
	for _, req := range call.Requests {
		got = append(got, req.Action)
	}
	slices.Sort(got)
	got = slices.Compact(got)
	if !slices.ContainsFunc(want, func(a string) bool { return slices.Contains(got, a) }) {
		return "missing", fmt.Sprintf("demands %q, want %q", got, want)
	}
	for _, a := range besides {
		if !slices.Contains(got, a) {
			return "missing", fmt.Sprintf("demands %q, want %q besides", got, a)
		}
	}
	if w.Variant == "required" {
		for _, a := range got {
			if !slices.Contains(want, a) && !slices.Contains(besides, a) && a != "iam:PassRole" {
				return "more", fmt.Sprintf("demands %q, want %q alone", got, want)
			}
		}
	}
	return "", ""
}
