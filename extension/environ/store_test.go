package environ

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/extension/e2e"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata/stores", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestTheStoresOfJDKsAreRead holds storeCertificates to stores that keytool
// wrote, of the two certificates in both.pem.
func TestTheStoresOfJDKsAreRead(t *testing.T) {
	want := pemBlocks(read(t, "both.pem"))
	for _, name := range []string{"none.p12", "with-a-key.jks"} {
		got, err := storeCertificates(read(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		slices.SortFunc(got, bytes.Compare)
		slices.SortFunc(want, bytes.Compare)
		if !slices.EqualFunc(got, want, bytes.Equal) {
			t.Errorf("%s: got %d certificates, want the two of both.pem", name, len(got))
		}
	}
	if got, err := storeCertificates(read(t, "enc.p12")); err == nil {
		t.Errorf("an encrypted store: got %d certificates, want an error", len(got))
	}
}

// TestJavaReadsTheStoreThatWeWrite asks keytool, where there is one.
func TestJavaReadsTheStoreThatWeWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), trustStore)
	store := writeStore(pemBlocks(read(t, "both.pem")))
	if err := os.WriteFile(path, store, 0o600); err != nil {
		t.Fatal(err)
	}
	if back, err := storeCertificates(store); err != nil || len(back) != 2 {
		t.Fatalf("read back: got %d certificates, %v", len(back), err)
	}
	keytool, err := exec.LookPath("keytool")
	if err != nil {
		e2e.Lacks(t, "there is no JDK here, whose keytool would read the store")
	}
	out, err := exec.Command(keytool, "-list", "-keystore", path, "-storetype", "JKS", "-storepass", storePassword).CombinedOutput()
	if err != nil || strings.Count(string(out), "trustedCertEntry") != 2 {
		t.Errorf("keytool: %v\n%s", err, out)
	}
}

// TestAJVMKeepsWhatItTrusts has a JVM's own store, as each kind of JDK has it,
// and the owner's in its place.
func TestAJVMKeepsWhatItTrusts(t *testing.T) {
	for _, c := range []struct{ name, at, option string }{
		{"a JDK before the 18th", "lib/security/cacerts", ""},
		{"Java 8", "jre/lib/security/cacerts", ""},
		{"the owner's", "own.jks", "-Djavax.net.ssl.trustStore="},
	} {
		home := t.TempDir()
		java, store := filepath.Join(home, "bin/java"), filepath.Join(home, c.at)
		for _, path := range []string{java, store} {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, read(t, "with-a-key.jks"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		argv := []string{java, "-jar", "app.jar"}
		if c.option != "" {
			argv = slices.Insert(argv, 1, c.option+store)
		}
		e, err := Maker{Handshake: handshake(), Runtime: Java, Argv: argv, Parent: t.TempDir()}.Make(nil)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(e.Dir, trustStore))
		if err != nil {
			t.Fatal(err)
		}
		certs, err := storeCertificates(b)
		if err != nil || len(certs) != 3 || string(certs[2]) != "ours" {
			t.Errorf("%s: got %d certificates, %v, want its two and ours", c.name, len(certs), err)
		}
		if n := strings.Count(strings.Join(e.Argv, " "), "javax.net.ssl.trustStore="); n != 1 {
			t.Errorf("%s: got %q", c.name, e.Argv)
		}
	}
}

// FuzzStore holds storeCertificates to its own writer: what it reads out of any
// file, it reads again out of the store that is made of it.
func FuzzStore(f *testing.F) {
	for _, name := range []string{"none.p12", "with-a-key.jks", "enc.p12"} {
		b, err := os.ReadFile(filepath.Join("testdata/stores", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add(writeStore(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		certs, err := storeCertificates(b)
		if err != nil {
			return
		}
		total := 0
		for _, c := range certs {
			total += len(c)
		}
		if total > len(b) {
			t.Fatalf("%d bytes of certificates in a store of %d", total, len(b))
		}
		if again, err := storeCertificates(writeStore(certs)); err != nil || !slices.EqualFunc(again, certs, bytes.Equal) {
			t.Fatalf("read again: got %d certificates, %v, want %d", len(again), err, len(certs))
		}
	})
}
