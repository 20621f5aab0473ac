package aws

import (
	"net/url"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// transcribe is what the tables do not say of Amazon Transcribe: that it reads and
// writes objects in the function's name, unless it is given a role for that, and
// the condition keys that stand in the request. (Amazon Transcribe Developer
// Guide, "Amazon Transcribe identity-based policy examples"; Service
// Authorization Reference, "Amazon Transcribe".)
func transcribe(operation string) reading {
	role := "b.DataAccessRoleArn"
	switch operation {
	case "StartTranscriptionJob":
		role = "b.JobExecutionSettings.DataAccessRoleArn"
	case "StartCallAnalyticsJob", "StartMedicalScribeJob", "StartMedicalTranscriptionJob", "CreateMedicalVocabulary", "CreateVocabulary",
		"CreateVocabularyFilter", "UpdateMedicalVocabulary", "UpdateVocabulary", "UpdateVocabularyFilter":
	default:
		return nil
	}
	return func(c *tableCall) ([]manifest.Request, error) {
		all, err := c.tabled()
		if err != nil {
			return nil, err
		}
		for _, k := range []struct{ path, key string }{
			{"b.OutputBucketName", "transcribe:OutputBucketName"},
			{"b.OutputKey", "transcribe:OutputKey"},
			{"b.OutputLocation", "transcribe:OutputLocation"},
			{"b.OutputEncryptionKMSKeyId", "transcribe:OutputEncryptionKMSKeyId"},
		} {
			if v, ok, err := c.text(k.path); err != nil {
				return nil, err
			} else if ok && v != "" {
				with(&all[0], k.key, v)
			}
		}
		if given, _, err := c.text(role); err != nil || given != "" {
			return all, err
		}
		for _, path := range []string{
			"b.Media.MediaFileUri", "b.Media.RedactedMediaFileUri", "b.VocabularyFileUri", "b.VocabularyFilterFileUri",
		} {
			uri, ok, err := c.text(path)
			if err != nil {
				return nil, err
			}
			if !ok || uri == "" {
				continue
			}
			if u, err := url.Parse(uri); err == nil && u.Scheme != "s3" && u.Host != "" && !Claims(strings.ToLower(u.Hostname())) {
				continue // nothing of S3, which it refuses
			}
			r := unknown("s3:GetObject")
			// How it reads what is percent-encoded, and the addresses of hosts,
			// is not said.
			bucket, key, found := strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
			if strings.HasPrefix(uri, "s3://") && found && !strings.ContainsAny(key, "%?#+") {
				if r, err = c.object("s3:GetObject", bucket, key); err != nil {
					return nil, err
				}
			}
			all = append(all, inName(r)...)
		}
		writes, err := c.writesObjects("b.OutputBucketName", "b.OutputKey")
		return append(all, writes...), err
	}
}
