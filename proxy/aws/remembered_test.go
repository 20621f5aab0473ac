package aws

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
)

// TestConversations holds what is remembered to testdata/remembered/*.txtar,
// each of which is a manifest and what a function then asks, in this order. A
// request is a file, the service's answer, if it gets that far, the file of the
// same name with ".answer" behind it, and what was read and decided the one with
// ".want". In place of a signature, the header "Sign" has service and region,
// "After" what time goes by before, and "By" the role that signs.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/remembered/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations in testdata/remembered: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if len(archive.Files) < 3 || archive.Files[0].Name != "remit.yaml" {
				t.Fatal("want remit.yaml, and requests below it")
			}
			talk := newTalk(t, string(archive.Files[0].Data))
			for rest := archive.Files[1:]; len(rest) > 0; {
				request := rest[0]
				var answer []byte
				if rest = rest[1:]; len(rest) > 0 && rest[0].Name == request.Name+".answer" {
					answer, rest = rest[0].Data, rest[1:]
				}
				if len(rest) == 0 || rest[0].Name != request.Name+".want" {
					t.Fatalf("nothing is wanted of %q", request.Name)
				}
				got := talk.say(t, request.Data, answer)
				if *update {
					rest[0].Data = []byte(got)
				} else if got != string(rest[0].Data) {
					t.Errorf("%s\n%s\ngot:\n%swant:\n%s", request.Name, request.Data, got, rest[0].Data)
				}
				rest = rest[1:]
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(archive), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// A talk is between a function and a service.
type talk struct {
	*rig
	late     time.Duration
	reply    *http.Response
	body     []byte            // of reply
	policies map[string]string // that STS issued under, by access key id
}

func newTalk(t testing.TB, yaml string) *talk {
	t.Helper()
	talk := &talk{rig: newRig(t, yaml), policies: make(map[string]string)}
	each := talk.sts.Each
	talk.sts.Each = func(a awstest.Asked) {
		each(a)
		talk.policies[a.Issued.AccessKeyID] = a.Policy // before the credentials arrive
	}
	talk.Now = func() time.Time { return time.Now().Add(talk.late) }
	talk.rig.answer = func(w http.ResponseWriter, _ int) {
		for name, values := range talk.reply.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(talk.reply.StatusCode)
		for chunk := range bytes.Lines(talk.body) { // in pieces
			w.Write(chunk)
			w.(http.Flusher).Flush()
		}
	}
	return talk
}

// say has a request read, decided, and answered.
func (talk *talk) say(t testing.TB, raw, answer []byte) string {
	t.Helper()
	r, err := parseRaw(raw)
	if err != nil {
		t.Fatal(err)
	}
	if d := r.Header.Get("After"); d != "" {
		late, err := time.ParseDuration(d)
		if err != nil {
			t.Fatal(err)
		}
		talk.late += late
	}
	service, region, _ := strings.Cut(r.Header.Get("Sign"), " ")
	r.Header.Del("After")
	r.Header.Del("Sign")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := r.Clone(t.Context())
	path, query, _ := strings.Cut(r.RequestURI, "?")
	out.URL = &url.URL{Scheme: "http", Host: r.Host, Opaque: "//" + r.Host + path, RawQuery: query}
	sum := sha256.Sum256(body)
	err = v4.NewSigner().SignHTTP(t.Context(), sdk.Credentials{AccessKeyID: sealed.AccessKeyID, SecretAccessKey: sealed.SecretAccessKey, SessionToken: sealed.SessionToken},
		out, hex.EncodeToString(sum[:]), service, region, talk.Now())
	if err != nil {
		t.Fatal(err)
	}
	r.Header, r.Body = out.Header, io.NopCloser(bytes.NewReader(body))
	r.Header.Del("Content-Length")

	call, err := talk.Read(r)
	text := describe(call, err)
	if err != nil {
		return text
	}
	_, text, _ = strings.Cut(text, "\n") // where it goes, others say
	d := talk.manifest.Decide(call.Requests...)
	if !d.Allowed && talk.manifest.Mode != manifest.Observe {
		return text + "denied: " + string(d.Reason) + "\n"
	}
	if answer == nil {
		answer = []byte("HTTP/1.1 200 OK\n\n{}\n")
	}
	head, rest, _ := bytes.Cut(answer, []byte("\n\n"))
	talk.reply, err = http.ReadResponse(bufio.NewReader(strings.NewReader(strings.ReplaceAll(string(head), "\n", "\r\n")+"\r\n\r\n")), nil)
	if err != nil {
		t.Fatal(err)
	}
	talk.body = bytes.TrimSuffix(rest, []byte("\n"))
	if talk.manifest.Upstreams[call.Service] == nil {
		talk.manifest.Upstreams[call.Service] = talk.url
	}
	sent := r.Clone(t.Context())
	sent.URL, sent.RequestURI, sent.Host = call.Upstream, "", call.Upstream.Host
	resp, under, err := talk.Send(sent, call, talk.manifest, d)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(got, talk.body) {
		t.Errorf("the answer came as %q, %v, want %q", got, err, talk.body)
	}
	if under.Width != "" {
		text += "under " + talk.policies[under.AccessKeyID] + "\n"
	}
	return text
}

func TestAnAnswerInCBORIsLearntFrom(t *testing.T) {
	talk := newTalk(t, "function: f\ncredentials: {unminted: true}\npermissions: {stream: {read: orders}}\n")
	inCBOR := func(members map[string]any) string {
		return string(writeCBOR(nil, members, 2))
	}
	ask := func(operation string, members map[string]any) []byte {
		return []byte("POST / HTTP/1.1\nContent-Type: application/x-amz-cbor-1.1\nX-Amz-Target: Kinesis_20131202." + operation + "\nSign: kinesis eu-west-1\n\n" + inCBOR(members))
	}
	answer := func(members map[string]any) []byte {
		return []byte("HTTP/1.1 200 OK\nContent-Type: application/x-amz-cbor-1.1\n\n" + inCBOR(members))
	}
	const stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders\n"
	for _, tt := range []struct {
		ask, answer []byte
		want        string
	}{
		{ask("GetRecords", map[string]any{"ShardIterator": "AAAA"}), nil, "kinesis:GetRecords * (partly)\ndenied: no-resource\n"},
		{ask("GetShardIterator", map[string]any{"StreamName": "orders"}), answer(map[string]any{"ShardIterator": "AAAA"}), "kinesis:GetShardIterator " + stream},
		{ask("GetRecords", map[string]any{"ShardIterator": "AAAA"}), answer(map[string]any{
			"Records": []any{map[string]any{"Data": []byte("eNextShardIteratorxEVIL"), "NextShardIterator": "EVIL"}}, "NextShardIterator": "BBBB"}), "kinesis:GetRecords " + stream},
		{ask("GetRecords", map[string]any{"ShardIterator": "BBBB"}), answer(map[string]any{}), "kinesis:GetRecords " + stream},
		{ask("GetRecords", map[string]any{"ShardIterator": "EVIL"}), nil, "kinesis:GetRecords * (partly)\ndenied: no-resource\n"},
	} {
		if got := talk.say(t, tt.ask, tt.answer); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.ask, got, tt.want)
		}
	}
}
