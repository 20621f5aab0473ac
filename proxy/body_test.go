package proxy

import (
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"testing/synctest"
)

// TestABodyThatIsAskedForIsSent has http.Transport ask for the body before it
// tells that the upstream did, which it does from two goroutines.
func TestABodyThatIsAskedForIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := http.NewRequest("PUT", "http://upstream/", io.NopCloser(strings.NewReader("body")))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Expect", "100-continue")
		r.ContentLength = 4
		r, m := meterBody(r)
		trace := httptrace.ContextClientTrace(m.follow(t.Context()))
		trace.GotFirstResponseByte()
		read := make(chan string)
		go func() {
			b, _ := io.ReadAll(r.Body)
			read <- string(b)
		}()
		synctest.Wait()
		trace.Got1xxResponse(http.StatusContinue, nil)
		if got := <-read; got != "body" {
			t.Errorf("got %q, want the body", got)
		}
	})
}
