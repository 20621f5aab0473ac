package aws

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/lambda-remit/remit/proxy"
)

// form is a call whose body has to be read.
func form(ctx context.Context, length int64, body io.Reader) *http.Request {
	r, err := http.NewRequestWithContext(ctx, "POST", "/", body)
	if err != nil {
		panic(err)
	}
	r.RequestURI, r.ContentLength = "/", length
	return r
}

func TestBodiesHaveRoomForSoManyAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all room
		read := func(ctx context.Context, length int64) error {
			in := &input{r: form(ctx, length, strings.NewReader(strings.Repeat("x", int(max(length, 1))))), room: &all}
			_, err := in.raw()
			return err
		}
		first, end := context.WithCancel(t.Context())
		second, endAll := context.WithCancel(t.Context())
		defer endAll()
		if err := read(first, maxBody); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := read(second, maxBody); err != nil {
				t.Fatal(err)
			}
		}
		// One whose length is not said might be the largest.
		if err := read(second, -1); err != nil {
			t.Fatal(err)
		}
		refusal, ok := errors.AsType[*proxy.Refusal](read(second, 1))
		if !ok || !refusal.Retry || refusal.Reason != proxy.Unread {
			t.Fatalf("beyond all room: got %v, want a refusal to be tried again", refusal)
		}
		end()
		synctest.Wait()
		if err := read(second, maxBody); err != nil {
			t.Errorf("once a call is over: got %v, want its room", err)
		}
		endAll()
		synctest.Wait()
		if n := all.taken.Load(); n != 0 {
			t.Errorf("once all calls are over %d bytes are taken, want none", n)
		}
	})
}

func TestABodyThatIsNotReadTakesNoRoom(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	defer end()
	var all room
	in := &input{r: form(ctx, maxBody+1, strings.NewReader("x")), room: &all}
	if _, err := in.raw(); err == nil {
		t.Error("a body beyond what is read: got no error")
	}
	if n := all.taken.Load(); n != 0 {
		t.Errorf("got %d bytes taken, want none", n)
	}
}
