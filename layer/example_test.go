package layer_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"log"

	"github.com/lambda-remit/remit/layer"
)

func ExampleZip() {
	var b bytes.Buffer
	if err := layer.Zip(&b, layer.Config{Extension: []byte("…"), Exec: []byte("…")}); err != nil {
		log.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range z.File {
		fmt.Println(f.Mode(), "/opt/"+f.Name)
	}
	// Output:
	// -rwx--x--x /opt/extensions/remit
	// -rwx--x--x /opt/remit/exec
	// -rwx--x--x /opt/bootstrap
}
