package aws

import (
	"bytes"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lambda-remit/remit/manifest"
)

// s3API is every operation of S3's API by name, as its SDKs had them on
// 2026-11-21, and PostObject, which no SDK has.
const s3API = `
AbortMultipartUpload CompleteMultipartUpload CopyObject CreateBucket
CreateBucketMetadataConfiguration CreateBucketMetadataTableConfiguration
CreateMultipartUpload CreateSession DeleteBucket
DeleteBucketAnalyticsConfiguration DeleteBucketCors DeleteBucketEncryption
DeleteBucketIntelligentTieringConfiguration
DeleteBucketInventoryConfiguration DeleteBucketLifecycle
DeleteBucketMetadataConfiguration DeleteBucketMetadataTableConfiguration
DeleteBucketMetricsConfiguration DeleteBucketOwnershipControls
DeleteBucketPolicy DeleteBucketReplication DeleteBucketTagging
DeleteBucketWebsite DeleteObject DeleteObjectAnnotation DeleteObjectTagging
DeleteObjects DeletePublicAccessBlock GetBucketAbac
GetBucketAccelerateConfiguration GetBucketAcl
GetBucketAnalyticsConfiguration GetBucketCors GetBucketEncryption
GetBucketIntelligentTieringConfiguration GetBucketInventoryConfiguration
GetBucketLifecycleConfiguration GetBucketLocation GetBucketLogging
GetBucketMetadataConfiguration GetBucketMetadataTableConfiguration
GetBucketMetricsConfiguration GetBucketNotificationConfiguration
GetBucketOwnershipControls GetBucketPolicy GetBucketPolicyStatus
GetBucketReplication GetBucketRequestPayment GetBucketTagging
GetBucketVersioning GetBucketWebsite GetObject GetObjectAcl
GetObjectAnnotation GetObjectAttributes GetObjectLegalHold
GetObjectLockConfiguration GetObjectRetention GetObjectTagging
GetObjectTorrent GetPublicAccessBlock HeadBucket HeadObject
ListBucketAnalyticsConfigurations
ListBucketIntelligentTieringConfigurations ListBucketInventoryConfigurations
ListBucketMetricsConfigurations ListBuckets ListDirectoryBuckets
ListMultipartUploads ListObjectAnnotations ListObjectVersions ListObjects
ListObjectsV2 ListParts PostObject PutBucketAbac
PutBucketAccelerateConfiguration PutBucketAcl
PutBucketAnalyticsConfiguration PutBucketCors PutBucketEncryption
PutBucketIntelligentTieringConfiguration PutBucketInventoryConfiguration
PutBucketLifecycleConfiguration PutBucketLogging
PutBucketMetricsConfiguration PutBucketNotificationConfiguration
PutBucketOwnershipControls PutBucketPolicy PutBucketReplication
PutBucketRequestPayment PutBucketTagging PutBucketVersioning
PutBucketWebsite PutObject PutObjectAcl PutObjectAnnotation
PutObjectLegalHold PutObjectLockConfiguration PutObjectRetention
PutObjectTagging PutPublicAccessBlock RenameObject RestoreObject
SelectObjectContent UpdateBucketMetadataAnnotationTableConfiguration
UpdateBucketMetadataInventoryTableConfiguration
UpdateBucketMetadataJournalTableConfiguration UpdateObjectEncryption
UploadPart UploadPartCopy WriteGetObjectResponse
`

// s3Unread are the operations that are refused by name.
const s3Unread = `
WriteGetObjectResponse PostObject
`

// s3Corpus returns the requests of the S3 corpora by name, with their answers.
func s3Corpus(t testing.TB) (requests [][]byte, names, answers []string) {
	t.Helper()
	files, err := filepath.Glob("testdata/s3-*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus of S3: %v", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(archive.Files); i += 2 {
			requests = append(requests, archive.Files[i].Data)
			names = append(names, archive.Files[i].Name)
			answers = append(answers, string(archive.Files[i+1].Data))
		}
	}
	return requests, names, answers
}

func TestEveryS3OperationIsInTheCorpus(t *testing.T) {
	_, names, answers := s3Corpus(t)
	unread := strings.Fields(s3Unread)
	for _, operation := range strings.Fields(s3API) {
		named, read := false, false
		for i, name := range names {
			first, _, _ := strings.Cut(name, " ")
			named = named || first == operation
			read = read || strings.HasPrefix(answers[i], "s3 "+operation+" ") || strings.HasPrefix(answers[i], "s3express "+operation+" ")
		}
		if refused := slices.Contains(unread, operation); !named || read == refused {
			t.Errorf("%s: is in a corpus: %v, is read there: %v, want it read: %v", operation, named, read, !refused)
		}
	}
	for i := range s3Operations {
		if name := s3Operations[i].name; !slices.Contains(strings.Fields(s3API), name) {
			t.Errorf("%s is no operation of S3", name)
		}
	}
}

func TestS3OperationsAreChosenByWhatTheyNeedFirst(t *testing.T) {
	type route struct {
		level               s3Level
		method, subresource string
	}
	seen := map[route]bool{} // those whose operation without a need came already
	for _, o := range s3Operations {
		r := route{o.level, o.method, o.subresource}
		if seen[r] {
			t.Errorf("%s is never chosen", o.name)
		}
		seen[r] = o.with == ""
		if o.action == "" && o.unread == "" {
			t.Errorf("%s has no action", o.name)
		}
	}
}

func TestDeleteObjectsTakesAThousandKeysAndNoMore(t *testing.T) {
	for _, n := range []int{1000, 1001} {
		body := "<Delete>" + strings.Repeat("<Object><Key>a</Key></Object>", n) + "</Delete>"
		r, err := parseRaw([]byte("POST https://media.s3.eu-west-1.amazonaws.com/?delete HTTP/1.1\n\n" + body + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		call, err := corpusCloud().Identify(r)
		if got, want := err == nil, n <= maxDeletes; got != want {
			t.Errorf("%d keys: got %v, want them read: %v", n, err, want)
		}
		if err == nil && len(call.Requests) != n {
			t.Errorf("got %d requests, want %d", len(call.Requests), n)
		}
	}
}

func TestS3BodiesAreBounded(t *testing.T) {
	for name, body := range map[string]string{
		"deep":  strings.Repeat("<a>", 100_000),
		"wide":  "<a>" + strings.Repeat("<b/>", 100_000) + "</a>",
		"utf16": "\xff\xfe<\x00a\x00/\x00>\x00",
	} {
		if _, err := parseXMLOf([]byte(body), s3Namespace, nil); err == nil {
			t.Errorf("%s: read, want an error", name)
		}
	}
}

// FuzzReadS3 holds what is read to what will be sent: the object that is
// authorized is the one in the path, nothing in the request goes unasked, and
// the upstream is a host of S3's for the same bucket.
func FuzzReadS3(f *testing.F) {
	requests, _, _ := s3Corpus(f)
	for _, r := range requests {
		f.Add(r)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := parseRaw(raw)
		if err != nil {
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		call, err := corpusCloud().Identify(r)
		if err != nil || call.Service != "s3" {
			return
		}
		if after, _ := io.ReadAll(r.Body); !bytes.Equal(after, body) {
			t.Errorf("the body was %q and is %q", body, after)
		}

		from, _ := placeOf(strings.TrimSuffix(r.URL.Host, ":443"))
		to, ok := placeOf(call.Upstream.Host)
		if !ok || to.bucket != from.bucket || to.accessPoint != from.accessPoint || to.mrap != from.mrap || to.account != from.account {
			t.Errorf("upstream %q of a call to %q", call.Upstream.Host, r.URL.Host)
		}

		// The path again, by another way than the reader's.
		path, query, _ := strings.Cut(r.RequestURI, "?")
		hosted := from.bucket != "" || from.accessPoint != "" || from.mrap != ""
		bucketInPath, keyInPath := "", path[1:]
		if !hosted {
			bucketInPath, keyInPath, _ = strings.Cut(path[1:], "/")
		}
		key, _ := url.PathUnescape(keyInPath)
		asks := func(suffix string) bool {
			for _, req := range call.Requests {
				if strings.HasSuffix(req.Resource, suffix) && strings.HasPrefix(req.Resource, "arn:") {
					return true
				}
			}
			return false
		}
		for _, req := range call.Requests {
			if key != "" && req.Action == "s3:ListBucket" {
				t.Errorf("%s of a path with the key %q", req.Action, key)
			}
		}
		if key != "" && !asks("/"+key) {
			t.Errorf("the key is %q, asked for is %v", key, call.Requests)
		}
		if bucketInPath != "" && key != "" && !strings.Contains(bucketInPath, "%") && !asks(":::"+bucketInPath+"/"+key) {
			t.Errorf("the object is %q in %q, asked for is %v", key, bucketInPath, call.Requests)
		}

		// What the head or the query of a presigned URL says, is asked for.
		lower := strings.ToLower(query)
		says := func(header string) bool {
			return len(r.Header.Values(header)) > 0 || strings.HasPrefix(lower, header+"=") || strings.Contains(lower, "&"+header+"=")
		}
		for header, action := range map[string]string{
			"x-amz-copy-source":                 "s3:GetObject",
			"x-amz-acl":                         "Acl",
			"x-amz-grant-read":                  "Acl",
			"x-amz-tagging":                     "s3:PutObjectTagging",
			"x-amz-object-lock-mode":            "s3:PutObjectRetention",
			"x-amz-object-lock-legal-hold":      "s3:PutObjectLegalHold",
			"versionid":                         "Version",
			"x-amz-bypass-governance-retention": "s3:",
		} {
			if header == "versionid" && !slices.Contains([]string{"GetObject", "HeadObject", "DeleteObject", "GetObjectAcl", "GetObjectTagging"}, call.Operation) {
				continue
			}
			if says(header) && !slices.ContainsFunc(s3Actions(call.Requests), func(a string) bool { return strings.Contains(a, action) }) {
				t.Errorf("%s, and asked for is %v", header, call.Requests)
			}
		}
	})
}

func BenchmarkReadS3(b *testing.B) {
	requests, names, _ := s3Corpus(b)
	for _, name := range []string{"GetObject signed with a payload hash", "PutObject with tags", "CopyObject"} {
		raw := requests[slices.Index(names, name)]
		r, err := parseRaw(raw)
		if err != nil {
			b.Fatal(err)
		}
		cloud := corpusCloud()
		b.Run(strings.ReplaceAll(name, " ", "_"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := cloud.Identify(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func s3Actions(requests []manifest.Request) []string {
	var actions []string
	for _, r := range requests {
		actions = append(actions, r.Action)
	}
	return actions
}
