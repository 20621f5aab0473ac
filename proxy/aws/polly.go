package aws

import "github.com/lambda-remit/remit/manifest"

// polly is what the tables do not say of Amazon Polly: that a task writes speech
// to a bucket, and to a topic that it is done, in the function's name. (Amazon
// Polly Developer Guide, "Creating long audio files": "Setting up the IAM policy
// for asynchronous synthesis".)
func polly(operation string) reading {
	switch operation {
	case "StartSpeechSynthesisTask":
		return func(c *tableCall) ([]manifest.Request, error) {
			all, err := c.lexicons()
			if err != nil {
				return nil, err
			}
			writes, err := c.writesObjects("b.OutputS3BucketName", "b.OutputS3KeyPrefix")
			if err != nil {
				return nil, err
			}
			all = append(all, writes...)
			topic, ok, err := c.text("b.SnsTopicArn")
			if err != nil || !ok || topic == "" {
				return all, err
			}
			topic, err = c.stated("sns", topic)
			return append(all, inName(request("sns:Publish", topic))...), err
		}
	case "StartSpeechSynthesisStream", "SynthesizeSpeech":
		return (*tableCall).lexicons
	}
	return nil
}

// lexicons is the table's answer, but for speech without a lexicon, which is on
// no resource.
func (c *tableCall) lexicons() ([]manifest.Request, error) {
	all, err := c.tabled()
	if len(all) == 1 && all[0].Partly {
		all[0].Partly = false
	}
	return all, err
}
