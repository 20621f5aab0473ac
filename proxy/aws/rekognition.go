package aws

import (
	"github.com/lambda-remit/remit/manifest"
)

// rekognition is what the tables do not say of Amazon Rekognition: that it reads
// images and videos in the function's name, what its stream processors are
// called, and which operations take an adapter. (Amazon Rekognition Developer
// Guide, "How Amazon Rekognition works with IAM"; Service Authorization
// Reference, "Amazon Rekognition".)
func rekognition(operation string) reading {
	action := "rekognition:" + operation
	switch operation {
	case "CompareFaces", "DetectCustomLabels", "DetectFaces", "DetectLabels", "DetectProtectiveEquipment", "DetectText", "IndexFaces",
		"RecognizeCelebrities", "SearchFacesByImage", "SearchUsersByImage",
		"StartCelebrityRecognition", "StartContentModeration", "StartFaceDetection", "StartFaceSearch", "StartLabelDetection",
		"StartPersonTracking", "StartSegmentDetection", "StartTextDetection":
		return func(c *tableCall) ([]manifest.Request, error) { return c.and(c.pictures) }
	case "DetectModerationLabels", "StartMediaAnalysisJob":
		path := "b.ProjectVersion"
		if operation == "StartMediaAnalysisJob" {
			path = "b.OperationsConfig.DetectModerationLabels.ProjectVersion"
		}
		return func(c *tableCall) ([]manifest.Request, error) {
			adapter, ok, err := c.text(path)
			if err != nil {
				return nil, err
			}
			on := "*"
			if ok {
				if on, err = c.stated("rekognition", adapter); err != nil {
					return nil, err
				}
			}
			reads, err := c.pictures()
			if err != nil {
				return nil, err
			}
			writes, err := c.writesObjects("b.OutputConfig.S3Bucket", "b.OutputConfig.S3KeyPrefix")
			return append(append([]manifest.Request{request(action, on)}, reads...), writes...), err
		}
	case "DeleteStreamProcessor", "DescribeStreamProcessor", "StartStreamProcessor", "StopStreamProcessor", "UpdateStreamProcessor":
		return func(c *tableCall) ([]manifest.Request, error) {
			name, _, err := c.text("b.Name")
			if err != nil {
				return nil, err
			}
			arn, err := c.fill("rekognition:{r}:{a}:streamprocessor/{/:}", []string{name})
			return []manifest.Request{request(action, arn)}, err
		}
	}
	return nil
}

func (c *tableCall) pictures() ([]manifest.Request, error) {
	return c.readsObjects("Image.S3Object", "SourceImage.S3Object", "TargetImage.S3Object", "Video.S3Object", "Input.S3Object")
}
