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
		read := func(ctx context.Context, length int) error {
			in := &input{r: form(ctx, -1, strings.NewReader(strings.Repeat("x", length))), room: &all}
			_, err := in.raw()
			return err
		}
		first, end := context.WithCancel(t.Context())
		others, endAll := context.WithCancel(t.Context())
		defer endAll()
		if err := read(first, maxBody); err != nil {
			t.Fatal(err)
		}
		for range maxBodies/maxBody - 1 {
			if err := read(others, maxBody); err != nil {
				t.Fatal(err)
			}
		}
		refusal, ok := errors.AsType[*proxy.Refusal](read(others, 1))
		if !ok || !refusal.Retry || refusal.Reason != proxy.Unread {
			t.Fatalf("beyond all room: got %v, want a refusal to be tried again", refusal)
		}
		end()
		synctest.Wait()
		if err := read(others, maxBody); err != nil {
			t.Errorf("once a call is over: got %v, want its room", err)
		}
		endAll()
		synctest.Wait()
		if err := read(others, 1); err != nil {
			t.Errorf("of a call that is over: got %v", err)
		}
		synctest.Wait()
		if all.taken != 0 {
			t.Errorf("once all calls are over %d bytes are taken, want none", all.taken)
		}
	})
}

func TestABodyTakesRoomForWhatIsThere(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	defer end()
	var all room
	for _, length := range []int64{maxBody + 1, maxBody, -1} {
		in := &input{r: form(ctx, length, strings.NewReader("x")), room: &all}
		in.raw()
	}
	if all.taken > 2 {
		t.Errorf("got %d bytes taken, want those that came", all.taken)
	}
}

func TestAFormHasSoManyParametersAtMost(t *testing.T) {
	if _, err := parseForm(strings.Repeat("&a=", maxPairs)); err != nil {
		t.Errorf("%d parameters: %v", maxPairs, err)
	}
	if _, err := parseForm(strings.Repeat("&a=", maxPairs+1)); err == nil {
		t.Errorf("%d parameters were read", maxPairs+1)
	}
}

func TestWhatTakesMuchIsReadByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all room
		reading := func(ctx context.Context) *input { return &input{r: form(ctx, 0, nil), room: &all} }
		first := reading(t.Context())
		if err := first.spend(maxSmall + 1); err != nil {
			t.Fatal(err)
		}
		if err := first.spend(maxSmall); err != nil {
			t.Errorf("more of what it takes: %v", err)
		}
		small := reading(t.Context())
		if err := small.spend(maxSmall); err != nil {
			t.Errorf("a little beside it: %v", err)
		}
		gone, leave := context.WithCancel(t.Context())
		var read, left error
		var waiting int
		go func() { waiting++; read = reading(t.Context()).spend(maxSmall + 1); waiting-- }()
		go func() { left = reading(gone).spend(maxSmall + 1) }()
		synctest.Wait()
		if waiting != 1 {
			t.Error("two that take much are read at once")
		}
		leave()
		synctest.Wait()
		if !errors.Is(left, context.Canceled) {
			t.Errorf("one whose client has left: got %v", left)
		}
		small.leave()
		first.leave()
		first.leave()
		synctest.Wait()
		if waiting != 0 || read != nil {
			t.Errorf("once the first is read, the next waits (%d), or fails: %v", waiting, read)
		}
	})
}
