package iam

import (
	"testing"

	"github.com/lambda-remit/remit/manifest"
)

// Every call's policy is written before its credentials are looked for, cached or
// not, so this stands in the path of each.
func BenchmarkSessionPolicy(b *testing.B) {
	m, err := manifest.Parse("remit.yaml", []byte(thumbnail), manifest.Options{Region: "eu-west-1"})
	if err != nil {
		b.Fatal(err)
	}
	reqs := []manifest.Request{{Action: "s3:PutObject", Resource: "arn:aws:s3:::media-eu/derived/thumbnails/2026/07/photo.jpg"}}
	d := m.Decide(reqs...)
	for _, width := range []manifest.Width{manifest.WidthCall, manifest.WidthGrant} {
		b.Run(string(width), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := SessionPolicy(m, d, reqs, width); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

const thumbnail = `
function: generate-thumbnail
credentials:
  role: arn:aws:iam::123456789012:role/thumbnail-calls
permissions:
  object_storage:
    bucket: media-eu
    read_prefix: uploads/images/
    write_prefix: derived/thumbnails/
    list: true
  queue:
    publish: image-processing-results
  secrets:
    read: [image-signing-key]
`
