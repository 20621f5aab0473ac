package sidecar

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
)

func TestARestoreRenewsTheTokenInItsFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "token")
	s, err := Start(t.Context(), Config{
		Region: "eu-west-1", Base: credentials.NewStaticCredentialsProvider("ASIABASE", "secret", "token"), Log: io.Discard, TokenFile: path,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	read := func() string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	first := read()
	if h := s.Handshake(); h.TokenFile != path || h.Token != first {
		t.Errorf("the handshake has %q and its token %v", h.TokenFile, h.Token == first)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("got %v, %v, want a file of mode 0600", info.Mode(), err)
	}
	// The function owns the directory too: what it puts there is not written through.
	victim := filepath.Join(dir, "victim")
	if err := os.WriteFile(victim, []byte("as it was"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, path); err != nil {
		t.Fatal(err)
	}
	s.Restored()
	if second := read(); second == first || second == "as it was" {
		t.Errorf("the token is %q after the restore", second)
	}
	if b, _ := os.ReadFile(victim); string(b) != "as it was" {
		t.Errorf("a file that a link led to is %q", b)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("%d files are left, want the token and the other", len(entries))
	}
	// Where it cannot be written, the one before stays good, and it goes on.
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	s.Restored()
	if len(s.start.Warnings) == 0 {
		t.Error("a token that was not renewed is no warning")
	}
}

func TestACallBelongsToTheInvocationThatRanWhenItCame(t *testing.T) {
	var tr traces
	at := func(want string, when time.Time) {
		t.Helper()
		if got := tr.request("", when); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	at("", time.Now())
	begun := time.Now()
	tr.begin("Root=1-00000000-000000000000000000000001", "a")
	first := time.Now()
	at("a", first)
	at("", begun.Add(-time.Second))
	tr.end("a")
	at("a", time.Now()) // left running
	tr.begin("Root=1-00000000-000000000000000000000002", "b")
	tr.begin("Root=1-00000000-000000000000000000000002", "b") // once more changes nothing
	at("b", time.Now())
	at("a", first) // a call that was long under way
	if got := tr.request("Root=1-00000000-000000000000000000000001", time.Now()); got != "a" {
		t.Errorf("a trace says more than a time: got %q, want a", got)
	}
	tr.end("b")
	// The Extensions API tells of one that was not seen at the Runtime API.
	tr.also("", "c")
	at("c", time.Now())
	tr.end("c")
	for i := range 100 {
		tr.begin("", fmt.Sprint(i))
		at(fmt.Sprint(i), time.Now())
		tr.end(fmt.Sprint(i))
	}
	at("", first) // too long ago
}

func TestTheExtensionsAPIAloneSaysNothingOfTimes(t *testing.T) {
	var tr traces
	tr.also("Root=1-00000000-000000000000000000000001", "a")
	if got := tr.request("", time.Now()); got != "" {
		t.Errorf("got %q, want none", got)
	}
	if got := tr.request("Root=1-00000000-000000000000000000000001", time.Now()); got != "a" {
		t.Errorf("got %q, want a", got)
	}
}

func TestSideBySideOnlyATraceSaysWhoseACallIs(t *testing.T) {
	var tr traces
	tr.begin("Root=1-00000000-000000000000000000000001", "a")
	tr.begin("Root=1-00000000-000000000000000000000002", "b")
	tr.end("b")
	if got := tr.request("", time.Now()); got != "" {
		t.Errorf("got %q, want none", got)
	}
	if got := tr.request("Root=1-00000000-000000000000000000000002", time.Now()); got != "b" {
		t.Errorf("got %q, want b", got)
	}
	tr.end("a")
	tr.begin("", "c") // one again, in a sandbox that has had two
	if got := tr.request("", time.Now()); got != "" {
		t.Errorf("got %q, want none", got)
	}
}
