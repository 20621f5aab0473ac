package aws

import "github.com/lambda-remit/remit/manifest"

// textract is what the tables do not say of Amazon Textract: that it reads
// documents, and writes what it found, in the function's name. (Amazon Textract
// Developer Guide, "How Amazon Textract works with IAM": "Access to Amazon S3".)
func textract(operation string) reading {
	switch operation {
	case "AnalyzeDocument", "AnalyzeExpense", "AnalyzeID", "DetectDocumentText",
		"StartDocumentAnalysis", "StartDocumentTextDetection", "StartExpenseAnalysis", "StartLendingAnalysis":
		return func(c *tableCall) ([]manifest.Request, error) {
			return c.and(func() ([]manifest.Request, error) {
				return c.readsObjects("Document.S3Object", "DocumentPages#.S3Object", "DocumentLocation.S3Object")
			}, func() ([]manifest.Request, error) {
				return c.writesObjects("b.OutputConfig.S3Bucket", "b.OutputConfig.S3Prefix")
			})
		}
	}
	return nil
}
