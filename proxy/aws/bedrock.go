package aws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// bedrockRuntime is what the tables do not say of Amazon Bedrock: what a model's
// id names. (Amazon Bedrock API Reference, InvokeModel and Converse, "modelId".)
func bedrockRuntime(operation string) reading {
	where := "l.modelId"
	switch operation {
	case "Converse", "ConverseStream", "InvokeModel", "InvokeModelWithBidirectionalStream", "InvokeModelWithResponseStream":
	case "StartAsyncInvoke":
		where = "b.modelId"
	default:
		return nil
	}
	return func(c *tableCall) (asked []manifest.Request, err error) {
		all, err := c.tabled()
		if err != nil {
			return nil, err
		}
		id, _, err := c.text(where)
		if err != nil {
			return nil, err
		}
		arn, err := c.model(id)
		if err != nil {
			return nil, err
		}
		guard, key, err := c.guardrail()
		if err != nil {
			return nil, err
		}
		if guard != "" {
			all = append(all, request("bedrock:ApplyGuardrail", guard))
			defer func() {
				for i := range asked {
					if strings.HasPrefix(asked[i].Action, "bedrock:InvokeModel") {
						with(&asked[i], "bedrock:GuardrailIdentifier", key)
					}
				}
			}()
		}
		// The table asks for all that a model may be.
		action := ""
		all = slices.DeleteFunc(all, func(r manifest.Request) bool {
			invokes := strings.HasPrefix(r.Action, "bedrock:InvokeModel")
			if invokes {
				action = r.Action
			}
			return invokes
		})
		switch {
		case action == "":
			return nil, fmt.Errorf("the table has no action for %s", operation)
		case arn == "":
			return append(all, unknown(action)), nil
		case strings.Contains(arn, ":prompt/"):
			// The model is the prompt's, which does not stand here.
			return append(all, unknown(action), request("bedrock:RenderPrompt", arn)), nil
		case strings.Contains(arn, ":sagemaker:"):
			// Of the Bedrock Marketplace: Bedrock calls the endpoint in the
			// function's name. (Amazon Bedrock User Guide, "Set up Amazon
			// Bedrock Marketplace".)
			market, err := c.fill("bedrock:{r}:{a}:marketplace/model-endpoint/all-access", nil)
			return append(all, request(action, market),
				request("sagemaker:InvokeEndpoint", arn, "aws:ViaAWSService", "true", "aws:CalledVia", "bedrock.amazonaws.com", "aws:CalledViaLast", "bedrock.amazonaws.com")), err
		}
		return append(all, request(action, arn)), nil
	}
}

// model returns the ARN of what a model's id names, or "" where it does not tell:
// a provisioned model or an endpoint by its name.
func (c *tableCall) model(id string) (string, error) {
	where, rest, dotted := strings.Cut(id, ".")
	switch {
	case strings.HasPrefix(id, "arn:"):
		return c.stated("bedrock,sagemaker", id)
	case !dotted:
		return "", nil
	// AWS's own inference profiles begin with where their models are; no vendor
	// of models has such a name.
	case (len(where) == 2 || where == "apac" || where == "global" || strings.HasPrefix(where, "us-")) && strings.Contains(rest, "."):
		return c.fill("bedrock:{r}:{a}:inference-profile/{/}", []string{id})
	}
	return c.fill("bedrock:{r}::foundation-model/{/}", []string{id})
}

// guardrail returns the ARN of the guardrail that a model is called with, if one
// is, and what the condition on it compares: the version belongs to it. The body
// of a call that is too large to be held may name one, for which AWS then finds no
// right. (Amazon Bedrock User Guide, "Set up permissions to use Amazon Bedrock
// Guardrails".)
func (c *tableCall) guardrail() (arn, key string, err error) {
	id, version := "h.X-Amzn-Bedrock-GuardrailIdentifier", "h.X-Amzn-Bedrock-GuardrailVersion"
	switch c.operation.name {
	case "Converse", "ConverseStream":
		if c.in.r.ContentLength > c.in.maxBody() {
			return "", "", nil
		}
		id, version = "b.guardrailConfig.guardrailIdentifier", "b.guardrailConfig.guardrailVersion"
	case "InvokeModel", "InvokeModelWithResponseStream":
	default:
		return "", "", nil
	}
	name, ok, err := c.text(id)
	if err != nil || !ok || name == "" {
		return "", "", err
	}
	if version, _, err = c.text(version); err != nil {
		return "", "", err
	}
	if arn, err = c.guardrailARN(name); err != nil {
		return "", "", err
	}
	if version == "" || version == "DRAFT" {
		return arn, arn, nil
	}
	return arn, arn + ":" + version, literal(version)
}

func (c *tableCall) guardrailARN(name string) (string, error) {
	if strings.HasPrefix(name, "arn:") {
		return c.stated("bedrock", name)
	}
	return c.fill("bedrock:{r}:{a}:guardrail/{/:}", []string{name})
}

// bedrockControl is what the tables do not say of Amazon Bedrock's control plane:
// what a model's id names. (Service Authorization Reference, "Amazon Bedrock".)
func bedrockControl(operation string) reading {
	if operation != "GetFoundationModel" {
		return nil
	}
	return func(c *tableCall) ([]manifest.Request, error) {
		id := c.labels["modelIdentifier"]
		if strings.HasPrefix(id, "arn:") {
			arn, err := c.stated("bedrock", id)
			return []manifest.Request{request("bedrock:GetFoundationModel", arn)}, err
		}
		arn, err := c.fill("bedrock:{r}::foundation-model/{/}", []string{id})
		return []manifest.Request{request("bedrock:GetFoundationModel", arn)}, err
	}
}
