package aws

import (
	"slices"

	"github.com/lambda-remit/remit/manifest"
)

// bedrockAgents is what the tables do not say of Amazon Bedrock's agents and
// knowledge bases: the knowledge bases, models and guardrails that a call uses,
// each by the caller's own right. (Amazon Bedrock User Guide, "Set up permissions
// for a user or role to create and manage knowledge bases", "Set up permissions
// to use Amazon Bedrock Guardrails" and "Prerequisites" of inline agents.)
func bedrockAgents(operation string) reading {
	var knowledge, models, guards []string
	invokes := []string{"bedrock:InvokeModel"}
	switch operation {
	case "RetrieveAndGenerate", "RetrieveAndGenerateStream":
		const base, external = "b.retrieveAndGenerateConfiguration.knowledgeBaseConfiguration.", "b.retrieveAndGenerateConfiguration.externalSourcesConfiguration."
		knowledge = []string{base + "knowledgeBaseId"}
		models = []string{base + "modelArn", external + "modelArn"}
		guards = []string{base + "generationConfiguration.guardrailConfiguration.guardrailId", external + "generationConfiguration.guardrailConfiguration.guardrailId"}
		if operation != "RetrieveAndGenerate" {
			invokes = append(invokes, "bedrock:InvokeModelWithResponseStream")
		}
	case "Retrieve":
		guards = []string{"b.guardrailConfiguration.guardrailId"}
	case "InvokeInlineAgent":
		models = []string{"b.foundationModel"}
		guards = []string{"b.guardrailConfiguration.guardrailIdentifier"}
	case "Rerank":
	default:
		return nil
	}
	return func(c *tableCall) ([]manifest.Request, error) {
		all, err := c.tabled()
		if err != nil {
			return nil, err
		}
		if operation == "InvokeInlineAgent" {
			name, ok, err := c.text("b.agentName")
			if err != nil {
				return nil, err
			}
			if ok {
				with(&all[0], "bedrock:InlineAgentName", name)
			}
		}
		add := func(r manifest.Request) {
			if !slices.ContainsFunc(all, func(o manifest.Request) bool { return same(&o, &r) }) {
				all = append(all, r)
			}
		}
		bases, err := c.valuesOf(knowledge...)
		if err != nil {
			return nil, err
		}
		if operation == "InvokeInlineAgent" {
			of, err := c.objectsAt("knowledgeBases#")
			if err != nil {
				return nil, err
			}
			for _, o := range of {
				id, err := textOf(o, "knowledgeBaseId")
				if err != nil {
					return nil, err
				}
				bases = append(bases, id)
			}
		}
		for _, id := range bases {
			arn, err := c.fill("bedrock:{r}:{a}:knowledge-base/{/:}", []string{id})
			if err != nil {
				return nil, err
			}
			add(request("bedrock:Retrieve", arn))
		}
		ids, err := c.valuesOf(models...)
		if err != nil {
			return nil, err
		}
		if operation == "Rerank" {
			of, err := c.objectsAt("rerankingConfiguration.bedrockRerankingConfiguration.modelConfiguration")
			if err != nil {
				return nil, err
			}
			for _, o := range of {
				id, err := textOf(o, "modelArn")
				if err != nil {
					return nil, err
				}
				ids = append(ids, id)
			}
		}
		for _, id := range ids {
			arn, err := c.model(id)
			if err != nil {
				return nil, err
			}
			for _, action := range invokes {
				if arn == "" {
					add(unknown(action))
				} else {
					add(request(action, arn))
				}
			}
		}
		names, err := c.valuesOf(guards...)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			arn, err := c.guardrailARN(name)
			if err != nil {
				return nil, err
			}
			add(request("bedrock:ApplyGuardrail", arn))
		}
		return all, nil
	}
}

// valuesOf returns the texts at paths that are there.
func (c *tableCall) valuesOf(paths ...string) ([]string, error) {
	var all []string
	for _, path := range paths {
		v, ok, err := c.text(path)
		if err != nil {
			return nil, err
		}
		if ok && v != "" {
			all = append(all, v)
		}
	}
	return all, nil
}
