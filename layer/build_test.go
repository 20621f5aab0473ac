package layer

import (
	"bytes"
	"runtime"
	"testing"
)

// maxExtension is how large the extension may be: it is paged in at every cold
// start.
const maxExtension = 15 << 20

func TestTheSameSourcesMakeTheSameLayer(t *testing.T) {
	for _, arch := range Archs {
		if arch.Go != runtime.GOARCH {
			continue // make layer compiles the other one
		}
		var zips [2]bytes.Buffer
		for i := range zips {
			c, err := Build(t.Context(), "..", arch)
			if err != nil {
				t.Fatal(err)
			}
			if len(c.Extension) > maxExtension {
				t.Errorf("the extension has %d bytes, want at most %d", len(c.Extension), maxExtension)
			}
			if len(c.Exec) > 3<<20 {
				t.Errorf("the wrapper has %d bytes; what does it import?", len(c.Exec))
			}
			if err := Zip(&zips[i], c); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(zips[0].Bytes(), zips[1].Bytes()) {
			t.Errorf("%s: two builds differ", arch.Name)
		}
	}
}
