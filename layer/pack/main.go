// Command pack builds the layer and writes its zips into dist, one for each
// architecture. It runs in the module's root.
//
//	go run ./layer/pack [-o dist] [-dir opt] [-arch x86_64]
//
// With -dir it writes the layer of one architecture unpacked, as it lies in
// /opt, for an emulator on this machine.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/lambda-remit/remit/layer"
)

func main() {
	out := flag.String("o", "dist", "write the zips into this `directory`")
	dir := flag.String("dir", "", "write the layer unpacked into this `directory` instead")
	only := flag.String("arch", "", "build for this `architecture` alone: x86_64 or arm64")
	flag.Parse()
	if err := run(context.Background(), *out, *dir, *only); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out, dir, only string) error {
	done := false
	for _, arch := range layer.Archs {
		if only != "" && only != arch.Name || dir != "" && only == "" && arch.Go != runtime.GOARCH {
			continue
		}
		done = true
		c, err := layer.Build(ctx, ".", arch)
		if err != nil {
			return err
		}
		if dir != "" {
			return layer.Unpack(dir, c)
		}
		var b bytes.Buffer
		if err := layer.Zip(&b, c); err != nil {
			return err
		}
		if err := os.MkdirAll(out, 0o755); err != nil {
			return err
		}
		path := filepath.Join(out, "remit-layer-"+arch.Name+".zip")
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			return err
		}
		fmt.Printf("%s  %d bytes, sha256 %x; extension %d, exec %d bytes\n",
			path, b.Len(), sha256.Sum256(b.Bytes()), len(c.Extension), len(c.Exec))
	}
	if !done {
		return fmt.Errorf("%q is none of Lambda's architectures", only)
	}
	return nil
}
