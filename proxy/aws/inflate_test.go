package aws

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

func gzipped(t testing.TB, text string, head gzip.Header) string {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	z.Header = head
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// compressedInput is a call to service with body in encodings.
func compressedInput(ctx context.Context, service, body string, encodings ...string) *input {
	r := form(ctx, -1, strings.NewReader(body))
	for _, e := range encodings {
		r.Header.Add("Content-Encoding", e)
	}
	return &input{r: r, room: new(room), scope: sigv4.Scope{Service: service}}
}

func TestCompressedBodiesAreReadAndSentAsTheyCame(t *testing.T) {
	const text = `{"Namespace":"orders"}`
	body := gzipped(t, text, gzip.Header{})
	in := compressedInput(t.Context(), "monitoring", body, "gzip")
	for range 2 {
		if got, err := in.body(); string(got) != text || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, text)
		}
	}
	if sent, err := io.ReadAll(in.r.Body); string(sent) != body || err != nil || in.r.ContentLength != int64(len(body)) {
		t.Errorf("got %q, %v to send, want what came", sent, err)
	}
	if err := in.inflated("PutMetricData"); err != nil {
		t.Error(err)
	}
	if err := in.inflated("DeleteAlarms"); err == nil {
		t.Error("got no error for an operation whose body nobody compresses")
	}
}

func TestCompressedBodiesThatAreNotPlainGzipAreRefused(t *testing.T) {
	whole := gzipped(t, "Action=PutMetricData", gzip.Header{})
	for _, tt := range []struct {
		name, service, body string
		encodings           []string
		want                string
	}{
		{"to another service", "sns", whole, []string{"gzip"}, "content-encoding"},
		{"to a service that is not known", "", whole, []string{"gzip"}, "content-encoding"},
		{"in another encoding", "monitoring", whole, []string{"deflate"}, "content-encoding"},
		{"in no encoding that says so", "monitoring", "{}", []string{"identity"}, "content-encoding"},
		{"of an empty name", "monitoring", whole, []string{""}, "content-encoding"},
		{"twice", "monitoring", whole, []string{"gzip", "gzip"}, "content-encoding"},
		{"twice in one header", "monitoring", whole, []string{"gzip,gzip"}, "content-encoding"},
		{"behind an empty header", "monitoring", whole, []string{"", "gzip"}, "content-encoding"},
		{"not at all", "monitoring", "Action=PutMetricData", []string{"gzip"}, "no plain gzip"},
		{"empty", "monitoring", "", []string{"gzip"}, "no plain gzip"},
		{"cut short", "monitoring", whole[:len(whole)-1], []string{"gzip"}, "no gzip"},
		{"wrong sum", "monitoring", whole[:len(whole)-8] + "\x00\x00\x00\x00" + whole[len(whole)-4:], []string{"gzip"}, "checksum"},
		{"another behind it", "monitoring", whole + whole, []string{"gzip"}, "goes on after"},
		{"text behind it", "monitoring", whole + "&Action=DeleteAlarms", []string{"gzip"}, "goes on after"},
		{"zeros behind it", "monitoring", whole + "\x00", []string{"gzip"}, "goes on after"},
		{"a name in its head", "monitoring", gzipped(t, "a", gzip.Header{Name: "&Action=DeleteAlarms&"}), []string{"gzip"}, "no plain gzip"},
		{"a comment in its head", "monitoring", gzipped(t, "a", gzip.Header{Comment: "&Action=DeleteAlarms&"}), []string{"gzip"}, "no plain gzip"},
		{"more in its head", "monitoring", gzipped(t, "a", gzip.Header{Extra: []byte("&Action=DeleteAlarms&")}), []string{"gzip"}, "no plain gzip"},
		{"a bomb", "monitoring", gzipped(t, strings.Repeat("\x00", 2<<20), gzip.Header{}), []string{"gzip"}, "inflate to more than the 1048576"},
		{"more than is read of any body", "monitoring", gzipped(t, strings.Repeat("0123456789abcdef0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.:;!+*", maxBody/60+1), gzip.Header{}), []string{"gzip"}, "inflate to more than"},
	} {
		if _, err := compressedInput(t.Context(), tt.service, tt.body, tt.encodings...).body(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
}

func TestWhatABodyInflatesToHasRoomBesideOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancel(t.Context())
		in := compressedInput(ctx, "monitoring", gzipped(t, strings.Repeat(" ", 1<<20), gzip.Header{}), "gzip")
		in.room.taken = maxBodies - 1<<20
		_, err := in.body()
		if refusal, ok := errors.AsType[*proxy.Refusal](err); !ok || !refusal.Retry {
			t.Errorf("got %v, want a refusal to be tried again", err)
		}
		end()
		synctest.Wait()
		if in.room.taken != maxBodies-1<<20 {
			t.Errorf("once the call is over %d bytes are taken, want what others have", in.room.taken)
		}
	})
}

// FuzzInflate holds what is read to compress/gzip as most use it, who takes one
// member after the other: what is read is all that there is.
func FuzzInflate(f *testing.F) {
	whole := gzipped(f, "Action=PutMetricData", gzip.Header{})
	f.Add([]byte(whole))
	f.Add([]byte(whole + whole))
	f.Add([]byte(gzipped(f, "a", gzip.Header{Name: "b"})))
	f.Add([]byte(whole[:len(whole)-9]))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := compressedInput(t.Context(), "monitoring", string(body), "gzip").body()
		if err != nil {
			return
		}
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		want, err := io.ReadAll(z)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%x: got %q, want %q, %v", body, got, want, err)
		}
	})
}
