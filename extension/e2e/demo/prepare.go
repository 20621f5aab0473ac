package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/layer"
)

// prepare starts everything.
func (d *demo) prepare(ctx context.Context, dir string) (note string, err error) {
	if d.checkout, err = e2e.Checkout(); err != nil {
		return "", err
	}
	if d.servers, err = e2e.Start(ctx, d.checkout, e2e.Role); err != nil {
		return "", err
	}
	d.secret = "a key that only the signer has"
	for name, secret := range map[string]string{"image-signing-key": d.secret, "payment-gateway-key": "another"} {
		if err := d.servers.MakeSecret(ctx, name, secret); err != nil {
			return "", err
		}
	}
	if d.topic, err = d.servers.MakeTopic(ctx, "image-processing-results"); err != nil {
		return "", err
	}
	if d.other, err = d.servers.MakeTopic(ctx, "all-customers"); err != nil {
		return "", err
	}
	for _, bucket := range []string{"media-eu", "billing-eu"} {
		if err := d.servers.MakeBucket(ctx, bucket); err != nil {
			return "", err
		}
	}
	// What the malicious event reaches for is there: nothing fails because it is missing.
	picture, err := harbour()
	if err != nil {
		return "", err
	}
	for _, o := range [][2]string{{"media-eu", "uploads/images/harbour.png"}, {"media-eu", "payroll/2026-10.png"}, {"billing-eu", "uploads/images/harbour.png"}} {
		if err := d.servers.Put(ctx, o[0], o[1], picture); err != nil {
			return "", err
		}
	}

	opt, task := filepath.Join(dir, "opt"), filepath.Join(dir, "task")
	d.task = task
	i := slices.IndexFunc(layer.Archs, func(a layer.Arch) bool { return a.Go == runtime.GOARCH })
	if i < 0 {
		return "", fmt.Errorf("no architecture of Lambda is %s", runtime.GOARCH)
	}
	programs, err := layer.Build(ctx, d.checkout, layer.Archs[i])
	if err != nil {
		return "", err
	}
	if err := layer.Unpack(opt, programs); err != nil {
		return "", err
	}
	if err := d.pack(task); err != nil {
		return "", err
	}
	// Whoever runs this may keep new files to themselves; the function is another user.
	for _, path := range []string{opt, task} {
		if err := os.Chmod(path, 0o755); err != nil {
			return "", err
		}
	}
	d.lambda, note, err = run(ctx, e2e.Function{
		Layer:   opt,
		Task:    task,
		Handler: "app.handler",
		Name:    "generate-thumbnail",
		Env:     map[string]string{"AWS_LAMBDA_EXEC_WRAPPER": "/opt/remit/exec", "TOPIC_ARN": d.topic},
		Keys:    d.servers.Base,
	}, d.checkout)
	return note, err
}

// pack lays the function's package out. Its manifest is the example's, with
// the addresses of the servers here.
func (d *demo) pack(task string) error {
	if err := os.Mkdir(task, 0o755); err != nil {
		return err
	}
	example := filepath.Join(d.checkout, "examples/generate-thumbnail")
	code, err := os.ReadFile(filepath.Join(example, "app.py"))
	if err != nil {
		return err
	}
	manifest, err := os.ReadFile(filepath.Join(example, "remit.yaml"))
	if err != nil {
		return err
	}
	d.manifest = string(manifest) + "\n# Here, the servers on this machine stand in for AWS.\n" + d.servers.Upstreams()
	return errors.Join(
		os.WriteFile(filepath.Join(task, "app.py"), code, 0o644),
		os.WriteFile(filepath.Join(task, "remit.yaml"), []byte(d.manifest), 0o644),
	)
}

// harbour draws the upload: 1600 by 1000, so that a thumbnail is one.
func harbour() ([]byte, error) {
	m := image.NewRGBA(image.Rect(0, 0, 1600, 1000))
	for y := range 1000 {
		for x := range 1600 {
			c := color.RGBA{uint8(90 + y/10), uint8(140 + y/14), 220, 255} // sky
			if wave := 640 + 18*math.Sin(float64(x)/60); float64(y) > wave {
				c = color.RGBA{20, uint8(60 + y/20), uint8(110 + (x^y)%24), 255}
			}
			if dx, dy := x-1180, y-300; dx*dx+dy*dy < 110*110 {
				c = color.RGBA{250, 210, 90, 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, m)
	return b.Bytes(), err
}
