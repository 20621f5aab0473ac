package extension

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lambda-remit/remit/extension/environ"
	"github.com/lambda-remit/remit/extension/sidecar"
)

func TestAWSsParametersExtensionIsFoundWhereItStands(t *testing.T) {
	free := &sidecar.Parameters{Address: "127.0.0.1:0", Behind: "127.0.0.1:2773"}
	for _, c := range []struct {
		there bool
		port  string
		want  *sidecar.Parameters
	}{
		{false, "", nil},
		{true, "", free},
		{false, "2773", free},
		{true, "nonsense", free},
		{true, "2774", &sidecar.Parameters{Address: "127.0.0.1:2773", Behind: "127.0.0.1:2774"}},
		{false, "2774", &sidecar.Parameters{Address: "127.0.0.1:2773", Behind: "127.0.0.1:2774"}},
	} {
		place := t.TempDir()
		if c.there {
			if err := os.Mkdir(filepath.Join(place, "extensions"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(place, "extensions/bootstrap"), nil, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		got := Config{Place: environ.Place(place), Getenv: func(name string) string {
			return map[string]string{parametersPort: c.port}[name]
		}}.parameters()
		if c.want != nil {
			c.want.Layer = place
		}
		if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
			t.Errorf("there %v, port %q: got %v, want %v", c.there, c.port, got, c.want)
		}
	}
}
