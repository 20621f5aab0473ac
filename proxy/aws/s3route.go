package aws

import (
	"fmt"
	"slices"
	"strings"
)

// An s3Level is what a path names.
type s3Level int

const (
	s3Service s3Level = iota
	s3Bucket
	s3Object
)

func (l s3Level) String() string { return [...]string{"the service", "a bucket", "an object"}[l] }

// An s3Operation is one operation of S3's API: how a request for it looks, and
// which IAM action it asks for. (Amazon S3 API Reference; Amazon S3 User
// Guide, "Required permissions for Amazon S3 API operations"; Service
// Authorization Reference, "Actions, resources, and condition keys for Amazon
// S3".)
type s3Operation struct {
	level       s3Level
	method      string
	subresource string
	with        string // chosen only if this parameter or "X-Amz-" header is there
	name        string
	action      string
	version     string   // the action where versionId is given; empty: the same
	params      string   // the plain parameters it may have; with a "!" those it must
	headers     s3Header // the headers with a meaning of their own that it takes
	read        func(*s3Call) error
	unread      string // why it is not read, as the subject of a sentence
	express     bool   // it is of directory buckets, and read where the call is signed for them
}

const expressAlone = `what is not signed for "s3express" is`

// What S3 is asked for at a level by one method without a subresource, or with
// one, is one operation, or two of which the first needs something that the
// second has not.
var s3Operations = [...]s3Operation{
	{level: s3Service, method: "GET", with: "max-directory-buckets", name: "ListDirectoryBuckets", action: "s3express:ListAllMyDirectoryBuckets", params: "max-directory-buckets continuation-token", unread: expressAlone, express: true},
	{level: s3Service, method: "GET", name: "ListBuckets", action: "s3:ListAllMyBuckets", params: "max-buckets continuation-token prefix bucket-region"},

	{level: s3Object, method: "GET", name: "GetObject", action: "s3:GetObject", version: "s3:GetObjectVersion", params: "versionId partNumber " + s3Responses, headers: s3CustomerKey},
	{level: s3Object, method: "HEAD", name: "HeadObject", action: "s3:GetObject", version: "s3:GetObjectVersion", params: "versionId partNumber " + s3Responses, headers: s3CustomerKey},
	{level: s3Object, method: "DELETE", name: "DeleteObject", action: "s3:DeleteObject", version: "s3:DeleteObjectVersion", params: "versionId", headers: s3Bypass, read: (*s3Call).readDelete},
	{level: s3Object, method: "PUT", with: "X-Amz-Copy-Source", name: "CopyObject", action: "s3:PutObject", headers: s3Writes | s3Copies, read: (*s3Call).readCopy},
	{level: s3Object, method: "PUT", name: "PutObject", action: "s3:PutObject", headers: s3Writes, read: (*s3Call).readPut},
	{level: s3Object, method: "GET", subresource: "attributes", name: "GetObjectAttributes", action: "s3:GetObjectAttributes", version: "s3:GetObjectVersionAttributes", params: "versionId", headers: s3CustomerKey, read: (*s3Call).readAttributes},
	{level: s3Object, method: "GET", subresource: "torrent", name: "GetObjectTorrent", action: "s3:GetObjectTorrent", version: "s3:GetObjectVersionTorrent", params: "versionId"},
	{level: s3Object, method: "POST", subresource: "restore", name: "RestoreObject", action: "s3:RestoreObject", params: "versionId", read: (*s3Call).readRestore},
	{level: s3Object, method: "POST", subresource: "select", name: "SelectObjectContent", action: "s3:GetObject", params: "select-type!", headers: s3CustomerKey},
	{level: s3Object, method: "PUT", subresource: "encryption", name: "UpdateObjectEncryption", action: "s3:UpdateObjectEncryption", params: "versionId", read: (*s3Call).readEncryption},
	{level: s3Object, method: "PUT", subresource: "renameObject", name: "RenameObject", headers: s3Renames, unread: expressAlone, express: true, read: (*s3Call).readRename},

	{level: s3Object, method: "POST", subresource: "uploads", name: "CreateMultipartUpload", action: "s3:PutObject", headers: s3Writes, read: (*s3Call).readPut},
	{level: s3Object, method: "PUT", subresource: "uploadId", with: "X-Amz-Copy-Source", name: "UploadPartCopy", action: "s3:PutObject", params: "partNumber!", headers: s3CustomerKey | s3Copies, read: (*s3Call).readCopy},
	{level: s3Object, method: "PUT", subresource: "uploadId", name: "UploadPart", action: "s3:PutObject", params: "partNumber!", headers: s3CustomerKey, read: (*s3Call).readPut},
	{level: s3Object, method: "POST", subresource: "uploadId", name: "CompleteMultipartUpload", action: "s3:PutObject", headers: s3CustomerKey, read: (*s3Call).readPut},
	{level: s3Object, method: "DELETE", subresource: "uploadId", name: "AbortMultipartUpload", action: "s3:AbortMultipartUpload"},
	{level: s3Object, method: "GET", subresource: "uploadId", name: "ListParts", action: "s3:ListMultipartUploadParts", params: "max-parts part-number-marker", headers: s3CustomerKey},

	{level: s3Object, method: "GET", subresource: "acl", name: "GetObjectAcl", action: "s3:GetObjectAcl", version: "s3:GetObjectVersionAcl", params: "versionId"},
	{level: s3Object, method: "PUT", subresource: "acl", name: "PutObjectAcl", action: "s3:PutObjectAcl", version: "s3:PutObjectVersionAcl", params: "versionId", headers: s3ACL, read: (*s3Call).readACL},
	{level: s3Object, method: "GET", subresource: "tagging", name: "GetObjectTagging", action: "s3:GetObjectTagging", version: "s3:GetObjectVersionTagging", params: "versionId"},
	{level: s3Object, method: "PUT", subresource: "tagging", name: "PutObjectTagging", action: "s3:PutObjectTagging", version: "s3:PutObjectVersionTagging", params: "versionId", read: (*s3Call).readTagging},
	{level: s3Object, method: "DELETE", subresource: "tagging", name: "DeleteObjectTagging", action: "s3:DeleteObjectTagging", version: "s3:DeleteObjectVersionTagging", params: "versionId"},
	{level: s3Object, method: "GET", subresource: "legal-hold", name: "GetObjectLegalHold", action: "s3:GetObjectLegalHold", params: "versionId"},
	{level: s3Object, method: "PUT", subresource: "legal-hold", name: "PutObjectLegalHold", action: "s3:PutObjectLegalHold", params: "versionId", read: (*s3Call).readLegalHold},
	{level: s3Object, method: "GET", subresource: "retention", name: "GetObjectRetention", action: "s3:GetObjectRetention", params: "versionId"},
	{level: s3Object, method: "PUT", subresource: "retention", name: "PutObjectRetention", action: "s3:PutObjectRetention", params: "versionId", headers: s3Bypass, read: (*s3Call).readRetention},
	{level: s3Object, method: "GET", subresource: "annotation", with: "annotationName", name: "GetObjectAnnotation", action: "s3:GetObjectAnnotation", version: "s3:GetObjectVersionAnnotation", params: "annotationName versionId"},
	{level: s3Object, method: "GET", subresource: "annotation", name: "ListObjectAnnotations", action: "s3:ListObjectAnnotations", version: "s3:ListObjectVersionAnnotations", params: "versionId max-annotation-results annotation-prefix continuation-token", read: (*s3Call).readAnnotations},
	{level: s3Object, method: "PUT", subresource: "annotation", name: "PutObjectAnnotation", action: "s3:PutObjectAnnotation", version: "s3:PutObjectVersionAnnotation", params: "annotationName! versionId", read: (*s3Call).readAnnotations},
	{level: s3Object, method: "DELETE", subresource: "annotation", name: "DeleteObjectAnnotation", action: "s3:DeleteObjectAnnotation", version: "s3:DeleteObjectVersionAnnotation", params: "annotationName! versionId", read: (*s3Call).readAnnotations},

	{level: s3Bucket, method: "GET", name: "ListObjects", action: "s3:ListBucket", params: "delimiter encoding-type marker max-keys prefix", read: (*s3Call).readList},
	{level: s3Bucket, method: "GET", subresource: "list-type", name: "ListObjectsV2", action: "s3:ListBucket", params: "delimiter encoding-type max-keys prefix continuation-token fetch-owner start-after", read: (*s3Call).readList},
	{level: s3Bucket, method: "GET", subresource: "versions", name: "ListObjectVersions", action: "s3:ListBucketVersions", params: "delimiter encoding-type key-marker max-keys prefix version-id-marker", read: (*s3Call).readList},
	{level: s3Bucket, method: "GET", subresource: "uploads", name: "ListMultipartUploads", action: "s3:ListBucketMultipartUploads", params: "delimiter encoding-type key-marker max-uploads prefix upload-id-marker"},
	{level: s3Bucket, method: "HEAD", name: "HeadBucket", action: "s3:ListBucket"},
	{level: s3Bucket, method: "PUT", name: "CreateBucket", action: "s3:CreateBucket", headers: s3ACL | s3Creates, read: (*s3Call).readCreate},
	{level: s3Bucket, method: "DELETE", name: "DeleteBucket", action: "s3:DeleteBucket"},
	{level: s3Bucket, method: "POST", subresource: "delete", name: "DeleteObjects", action: "s3:DeleteObject", version: "s3:DeleteObjectVersion", headers: s3Bypass, read: (*s3Call).readDeletes},
	{level: s3Bucket, method: "POST", name: "PostObject", unread: "browser uploads by POST policy are"},
	{level: s3Bucket, method: "GET", subresource: "session", name: "CreateSession", headers: s3Encrypts, unread: expressAlone, express: true, read: (*s3Call).readSession},

	// The configurations of buckets. IAM's names are often not the API's, and
	// to delete a configuration is mostly to put it.
	{level: s3Bucket, method: "GET", subresource: "abac", name: "GetBucketAbac", action: "s3:GetBucketAbac"},
	{level: s3Bucket, method: "PUT", subresource: "abac", name: "PutBucketAbac", action: "s3:PutBucketAbac"},
	{level: s3Bucket, method: "GET", subresource: "accelerate", name: "GetBucketAccelerateConfiguration", action: "s3:GetAccelerateConfiguration"},
	{level: s3Bucket, method: "PUT", subresource: "accelerate", name: "PutBucketAccelerateConfiguration", action: "s3:PutAccelerateConfiguration"},
	{level: s3Bucket, method: "GET", subresource: "acl", name: "GetBucketAcl", action: "s3:GetBucketAcl"},
	{level: s3Bucket, method: "PUT", subresource: "acl", name: "PutBucketAcl", action: "s3:PutBucketAcl", headers: s3ACL, read: (*s3Call).readACL},
	{level: s3Bucket, method: "GET", subresource: "analytics", with: "id", name: "GetBucketAnalyticsConfiguration", action: "s3:GetAnalyticsConfiguration", params: "id"},
	{level: s3Bucket, method: "GET", subresource: "analytics", name: "ListBucketAnalyticsConfigurations", action: "s3:GetAnalyticsConfiguration", params: "continuation-token"},
	{level: s3Bucket, method: "PUT", subresource: "analytics", name: "PutBucketAnalyticsConfiguration", action: "s3:PutAnalyticsConfiguration", params: "id!"},
	{level: s3Bucket, method: "DELETE", subresource: "analytics", name: "DeleteBucketAnalyticsConfiguration", action: "s3:PutAnalyticsConfiguration", params: "id!"},
	{level: s3Bucket, method: "GET", subresource: "cors", name: "GetBucketCors", action: "s3:GetBucketCORS"},
	{level: s3Bucket, method: "PUT", subresource: "cors", name: "PutBucketCors", action: "s3:PutBucketCORS"},
	{level: s3Bucket, method: "DELETE", subresource: "cors", name: "DeleteBucketCors", action: "s3:PutBucketCORS"},
	{level: s3Bucket, method: "GET", subresource: "encryption", name: "GetBucketEncryption", action: "s3:GetEncryptionConfiguration"},
	{level: s3Bucket, method: "PUT", subresource: "encryption", name: "PutBucketEncryption", action: "s3:PutEncryptionConfiguration"},
	{level: s3Bucket, method: "DELETE", subresource: "encryption", name: "DeleteBucketEncryption", action: "s3:PutEncryptionConfiguration"},
	{level: s3Bucket, method: "GET", subresource: "intelligent-tiering", with: "id", name: "GetBucketIntelligentTieringConfiguration", action: "s3:GetIntelligentTieringConfiguration", params: "id"},
	{level: s3Bucket, method: "GET", subresource: "intelligent-tiering", name: "ListBucketIntelligentTieringConfigurations", action: "s3:GetIntelligentTieringConfiguration", params: "continuation-token"},
	{level: s3Bucket, method: "PUT", subresource: "intelligent-tiering", name: "PutBucketIntelligentTieringConfiguration", action: "s3:PutIntelligentTieringConfiguration", params: "id!"},
	{level: s3Bucket, method: "DELETE", subresource: "intelligent-tiering", name: "DeleteBucketIntelligentTieringConfiguration", action: "s3:PutIntelligentTieringConfiguration", params: "id!"},
	{level: s3Bucket, method: "GET", subresource: "inventory", with: "id", name: "GetBucketInventoryConfiguration", action: "s3:GetInventoryConfiguration", params: "id"},
	{level: s3Bucket, method: "GET", subresource: "inventory", name: "ListBucketInventoryConfigurations", action: "s3:GetInventoryConfiguration", params: "continuation-token"},
	{level: s3Bucket, method: "PUT", subresource: "inventory", name: "PutBucketInventoryConfiguration", action: "s3:PutInventoryConfiguration", params: "id!"},
	{level: s3Bucket, method: "DELETE", subresource: "inventory", name: "DeleteBucketInventoryConfiguration", action: "s3:PutInventoryConfiguration", params: "id!"},
	{level: s3Bucket, method: "GET", subresource: "lifecycle", name: "GetBucketLifecycleConfiguration", action: "s3:GetLifecycleConfiguration"},
	{level: s3Bucket, method: "PUT", subresource: "lifecycle", name: "PutBucketLifecycleConfiguration", action: "s3:PutLifecycleConfiguration"},
	{level: s3Bucket, method: "DELETE", subresource: "lifecycle", name: "DeleteBucketLifecycle", action: "s3:PutLifecycleConfiguration"},
	{level: s3Bucket, method: "GET", subresource: "location", name: "GetBucketLocation", action: "s3:GetBucketLocation"},
	{level: s3Bucket, method: "GET", subresource: "logging", name: "GetBucketLogging", action: "s3:GetBucketLogging"},
	{level: s3Bucket, method: "PUT", subresource: "logging", name: "PutBucketLogging", action: "s3:PutBucketLogging"},
	{level: s3Bucket, method: "POST", subresource: "metadataConfiguration", name: "CreateBucketMetadataConfiguration", action: "s3:CreateBucketMetadataTableConfiguration", read: (*s3Call).readMetadata},
	{level: s3Bucket, method: "GET", subresource: "metadataConfiguration", name: "GetBucketMetadataConfiguration", action: "s3:GetBucketMetadataTableConfiguration"},
	{level: s3Bucket, method: "DELETE", subresource: "metadataConfiguration", name: "DeleteBucketMetadataConfiguration", action: "s3:DeleteBucketMetadataTableConfiguration"},
	{level: s3Bucket, method: "POST", subresource: "metadataTable", name: "CreateBucketMetadataTableConfiguration", action: "s3:CreateBucketMetadataTableConfiguration"},
	{level: s3Bucket, method: "GET", subresource: "metadataTable", name: "GetBucketMetadataTableConfiguration", action: "s3:GetBucketMetadataTableConfiguration"},
	{level: s3Bucket, method: "DELETE", subresource: "metadataTable", name: "DeleteBucketMetadataTableConfiguration", action: "s3:DeleteBucketMetadataTableConfiguration"},
	{level: s3Bucket, method: "PUT", subresource: "metadataAnnotationTable", name: "UpdateBucketMetadataAnnotationTableConfiguration", action: "s3:UpdateBucketMetadataAnnotationTableConfiguration", read: (*s3Call).readMetadata},
	{level: s3Bucket, method: "PUT", subresource: "metadataInventoryTable", name: "UpdateBucketMetadataInventoryTableConfiguration", action: "s3:UpdateBucketMetadataInventoryTableConfiguration"},
	{level: s3Bucket, method: "PUT", subresource: "metadataJournalTable", name: "UpdateBucketMetadataJournalTableConfiguration", action: "s3:UpdateBucketMetadataJournalTableConfiguration"},
	{level: s3Bucket, method: "GET", subresource: "metrics", with: "id", name: "GetBucketMetricsConfiguration", action: "s3:GetMetricsConfiguration", params: "id"},
	{level: s3Bucket, method: "GET", subresource: "metrics", name: "ListBucketMetricsConfigurations", action: "s3:GetMetricsConfiguration", params: "continuation-token"},
	{level: s3Bucket, method: "PUT", subresource: "metrics", name: "PutBucketMetricsConfiguration", action: "s3:PutMetricsConfiguration", params: "id!"},
	{level: s3Bucket, method: "DELETE", subresource: "metrics", name: "DeleteBucketMetricsConfiguration", action: "s3:PutMetricsConfiguration", params: "id!"},
	{level: s3Bucket, method: "GET", subresource: "notification", name: "GetBucketNotificationConfiguration", action: "s3:GetBucketNotification"},
	{level: s3Bucket, method: "PUT", subresource: "notification", name: "PutBucketNotificationConfiguration", action: "s3:PutBucketNotification"},
	{level: s3Bucket, method: "GET", subresource: "object-lock", name: "GetObjectLockConfiguration", action: "s3:GetBucketObjectLockConfiguration"},
	{level: s3Bucket, method: "PUT", subresource: "object-lock", name: "PutObjectLockConfiguration", action: "s3:PutBucketObjectLockConfiguration"},
	{level: s3Bucket, method: "GET", subresource: "ownershipControls", name: "GetBucketOwnershipControls", action: "s3:GetBucketOwnershipControls"},
	{level: s3Bucket, method: "PUT", subresource: "ownershipControls", name: "PutBucketOwnershipControls", action: "s3:PutBucketOwnershipControls"},
	{level: s3Bucket, method: "DELETE", subresource: "ownershipControls", name: "DeleteBucketOwnershipControls", action: "s3:PutBucketOwnershipControls"},
	{level: s3Bucket, method: "GET", subresource: "policy", name: "GetBucketPolicy", action: "s3:GetBucketPolicy"},
	{level: s3Bucket, method: "PUT", subresource: "policy", name: "PutBucketPolicy", action: "s3:PutBucketPolicy"},
	{level: s3Bucket, method: "DELETE", subresource: "policy", name: "DeleteBucketPolicy", action: "s3:DeleteBucketPolicy"},
	{level: s3Bucket, method: "GET", subresource: "policyStatus", name: "GetBucketPolicyStatus", action: "s3:GetBucketPolicyStatus"},
	{level: s3Bucket, method: "GET", subresource: "publicAccessBlock", name: "GetPublicAccessBlock", action: "s3:GetBucketPublicAccessBlock"},
	{level: s3Bucket, method: "PUT", subresource: "publicAccessBlock", name: "PutPublicAccessBlock", action: "s3:PutBucketPublicAccessBlock"},
	{level: s3Bucket, method: "DELETE", subresource: "publicAccessBlock", name: "DeletePublicAccessBlock", action: "s3:PutBucketPublicAccessBlock"},
	{level: s3Bucket, method: "GET", subresource: "replication", name: "GetBucketReplication", action: "s3:GetReplicationConfiguration"},
	{level: s3Bucket, method: "PUT", subresource: "replication", name: "PutBucketReplication", action: "s3:PutReplicationConfiguration", read: (*s3Call).readReplication},
	{level: s3Bucket, method: "DELETE", subresource: "replication", name: "DeleteBucketReplication", action: "s3:PutReplicationConfiguration"},
	{level: s3Bucket, method: "GET", subresource: "requestPayment", name: "GetBucketRequestPayment", action: "s3:GetBucketRequestPayment"},
	{level: s3Bucket, method: "PUT", subresource: "requestPayment", name: "PutBucketRequestPayment", action: "s3:PutBucketRequestPayment"},
	{level: s3Bucket, method: "GET", subresource: "tagging", name: "GetBucketTagging", action: "s3:GetBucketTagging"},
	{level: s3Bucket, method: "PUT", subresource: "tagging", name: "PutBucketTagging", action: "s3:PutBucketTagging"},
	{level: s3Bucket, method: "DELETE", subresource: "tagging", name: "DeleteBucketTagging", action: "s3:PutBucketTagging"},
	{level: s3Bucket, method: "GET", subresource: "versioning", name: "GetBucketVersioning", action: "s3:GetBucketVersioning"},
	{level: s3Bucket, method: "PUT", subresource: "versioning", name: "PutBucketVersioning", action: "s3:PutBucketVersioning"},
	{level: s3Bucket, method: "GET", subresource: "website", name: "GetBucketWebsite", action: "s3:GetBucketWebsite"},
	{level: s3Bucket, method: "PUT", subresource: "website", name: "PutBucketWebsite", action: "s3:PutBucketWebsite"},
	{level: s3Bucket, method: "DELETE", subresource: "website", name: "DeleteBucketWebsite", action: "s3:DeleteBucketWebsite"},
}

// s3Responses are the headers of its own that a GetObject may ask for.
const s3Responses = "response-cache-control response-content-disposition response-content-encoding response-content-language response-content-type response-expires"

// isSubresource reports whether S3 takes a parameter of this name for a
// subresource, at whatever level.
func isSubresource(name string) bool {
	for i := range s3Operations {
		if s3Operations[i].subresource == name {
			return name != ""
		}
	}
	return false
}

// takesValue reports whether a subresource has a value. The others have none:
// "?acl=false" would be read in two ways.
func takesValue(subresource string) bool {
	return subresource == "uploadId" || subresource == "list-type"
}

// route finds the operation, and holds the query to it.
func (c *s3Call) route() error {
	var methods []string // that there are in place of the call's
	for i := range s3Operations {
		o := &s3Operations[i]
		if o.level != c.level || o.subresource != c.subresource {
			continue
		}
		if o.method != c.in.r.Method {
			if !slices.Contains(methods, o.method) {
				methods = append(methods, o.method)
			}
			continue
		}
		if o.with != "" && !c.has(o.with) && !(c.express && o.express) {
			continue
		}
		c.operation = o
		return c.checkParams()
	}
	what := "without a subresource"
	if c.subresource != "" {
		what = fmt.Sprintf("with subresource %q", c.subresource)
	}
	if len(methods) == 0 {
		return fmt.Errorf("a call on %s %s is no operation of S3", c.level, what)
	}
	return fmt.Errorf("%.20s on %s %s is no operation of S3, which has %s there", c.in.r.Method, c.level, what, strings.Join(methods, ", "))
}

// has reports whether the call has a parameter, or a header wherever it stands.
func (c *s3Call) has(with string) bool {
	if strings.HasPrefix(with, "X-Amz-") {
		return c.hasHeader(with)
	}
	_, ok := c.param(with)
	return ok
}

// checkParams refuses parameters that the operation does not have, and the
// lack of those that it must have.
func (c *s3Call) checkParams() error {
	known := strings.FieldsSeq(c.operation.params)
	for name := range known {
		if name, must := strings.CutSuffix(name, "!"); must {
			if value, _ := c.param(name); value == "" {
				return fmt.Errorf("operation %s needs the parameter %q", c.operation.name, name)
			}
		}
	}
	for _, p := range c.params {
		ok := false
		for name := range known {
			ok = ok || strings.TrimSuffix(name, "!") == p.name
		}
		if !ok {
			return fmt.Errorf("operation %s has no parameter %.80q", c.operation.name, p.name)
		}
	}
	if id, ok := c.param("versionId"); ok && id == "" {
		return fmt.Errorf("operation %s: versionId is empty", c.operation.name)
	}
	if v, ok := c.in.param("list-type"); ok && v != "2" {
		return fmt.Errorf("list-type %.20q is not 2", v)
	}
	if v, ok := c.param("select-type"); ok && v != "2" {
		return fmt.Errorf("select-type %.20q is not 2", v)
	}
	return nil
}
