package manifest

import (
	"errors"
	"fmt"
	"strings"
)

// models reads the kind `models`, of Bedrock.
func (p *parser) models(e *entry) {
	f, has := e.fields["invoke"]
	if !has {
		return
	}
	list, ok := p.names(f.value, `"invoke"`)
	var on, prompts, behind []Pattern
	through := Condition{Operator: "ArnLike", Key: "bedrock:InferenceProfileArn"}
	for _, n := range list {
		m, err := p.model(n.string)
		if err != nil {
			if n.string != "" {
				p.errorf(n.at, "invoke: %q: %v", n.string, err)
			}
			ok = false
			continue
		}
		if m.prompt {
			prompts = append(prompts, m.resource)
			continue
		}
		on = append(on, m.resource)
		if m.behind != "" {
			behind = append(behind, m.behind)
			through.Values = appendNew(through.Values, string(m.resource))
		}
	}
	guards, guarded, fine := p.guardrails(e)
	if !ok || !fine || !p.room(f.key, len(list)+len(behind)+len(guards)) {
		return
	}
	if len(prompts) > 0 {
		// A prompt brings its model along, which is granted beside it.
		p.grantAs(e, f, ".prompt", []string{"bedrock:RenderPrompt"}, prompts)
	}
	if len(on) == 0 {
		return
	}
	invoke := []string{"bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"}
	g := p.grant(e, f, invoke, on, guarded...)
	if len(behind) > 0 {
		// Who calls a profile calls its models too, in each of the regions that
		// it may choose; the key says by which profile, and so grants no call
		// of a model itself. (Amazon Bedrock User Guide, "Prerequisites for
		// inference profiles".)
		models := p.grantAs(e, f, ".behind", invoke, unique(behind), append([]Condition{through}, guarded...)...)
		p.owned[models] = true
		g.Needs = append(g.Needs, models)
	}
	if len(guards) > 0 {
		// (Amazon Bedrock User Guide, "Set up permissions to use Guardrails
		// for Amazon Bedrock".)
		g.Needs = append(g.Needs, p.grant(e, e.fields["guardrail"], []string{"bedrock:ApplyGuardrail"}, guards))
	}
}

// A model is what InvokeModel's modelId names.
type model struct {
	resource Pattern
	behind   Pattern // of a profile: the models that it stands for, in whatever regions
	prompt   bool
}

// model returns what s names: a foundation model or an inference profile by its
// id, or anything that can be invoked by its ARN. (Amazon Bedrock API Reference,
// InvokeModel, "modelId"; Service Authorization Reference, "Amazon Bedrock".)
func (p *parser) model(s string) (model, error) {
	a, isARN := parseARN(s)
	if !isARN {
		if !isModel(s) {
			return model{}, errors.New("a model is the id of a foundation model (amazon.nova-lite-v1:0) or of an inference profile (eu.amazon.nova-lite-v1:0), or an ARN; wildcards are for \"allow\"")
		}
		if id := behindProfile(s); id != "" {
			return model{resource: p.regional("bedrock", "inference-profile/"+Literal(s)), behind: p.anywhere(id)}, nil
		}
		region := p.m.Region
		if region == "" {
			region = "*"
		}
		return model{resource: Pattern(arn{p.m.Partition, "bedrock", region, "", "foundation-model/"}.String()) + Literal(s)}, nil
	}
	sort, name, _ := strings.Cut(a.resource, "/")
	if sort == "foundation-model" && a.account == "" {
		a.account = "000000000000"
	}
	service := "bedrock"
	if a.service == "sagemaker" && sort == "endpoint" {
		service = "sagemaker" // of the Bedrock Marketplace
	}
	if err := a.check(service, false); err != nil {
		return model{}, err
	}
	if !made(name, letters+digits+"._:/-") || name == "" {
		return model{}, fmt.Errorf("%q names no model; wildcards are for \"allow\"", a.resource)
	}
	m := model{resource: Literal(s)}
	switch {
	case service == "sagemaker":
		return model{}, errors.New(`who calls an endpoint of the Bedrock Marketplace is granted all of them, by arn:PARTITION:bedrock:REGION:ACCOUNT:marketplace/model-endpoint/all-access`)
	case sort == "inference-profile":
		id := behindProfile(name)
		if id == "" {
			return model{}, fmt.Errorf("%q is no inference profile: one begins with where its models are (eu., us., apac., global.)", name)
		}
		m.behind = p.anywhere(id)
	case sort == "application-inference-profile":
		m.behind = p.anywhere("*") // which model it was made for, the ARN does not tell
	case sort == "prompt":
		m.prompt = true
	}
	sorts := []string{"foundation-model", "inference-profile", "application-inference-profile", "provisioned-model", "custom-model-deployment", "imported-model", "prompt-router", "default-prompt-router", "prompt", "marketplace"}
	for _, known := range sorts {
		if sort == known {
			return m, nil
		}
	}
	return model{}, fmt.Errorf("a %q cannot be invoked as a model%s", sort, p.didYouMean(sort, sorts))
}

// anywhere returns the pattern of a foundation model in any region and, of a
// global profile, in none.
func (p *parser) anywhere(id Pattern) Pattern {
	return Pattern(arn{p.m.Partition, "bedrock", "*", "", "foundation-model/"}.String()) + id
}

func isModel(s string) bool {
	vendor, name, ok := strings.Cut(s, ".")
	return ok && vendor != "" && name != "" && len(s) <= 256 && made(vendor, lower+digits+"-") && made(name, letters+digits+"._:-")
}

// behindProfile returns the id of the model that a profile of AWS's own stands
// for, or "" if id is none: "eu.amazon.nova-lite-v1:0". What stands first is
// where the models are; no vendor of models has such a name.
func behindProfile(id string) Pattern {
	where, rest, ok := strings.Cut(id, ".")
	if !ok || !isModel(rest) {
		return ""
	}
	switch {
	case len(where) == 2, where == "apac", where == "global", strings.HasPrefix(where, "us-"):
		return Literal(rest)
	}
	return ""
}

// guardrails reads "guardrail": one of these has to be named by each call.
func (p *parser) guardrails(e *entry) (guards []Pattern, all []Condition, ok bool) {
	f, has := e.fields["guardrail"]
	if !has {
		return nil, nil, true
	}
	p.left(f.key, "guardrail: which guardrail a call has")
	guards, ok = p.arns(f, func(s string) (Pattern, error) {
		name, isARN, err := nameIn(s, "bedrock", "guardrail/", "a guardrail's")
		if err != nil {
			return "", err
		}
		if name == "" || len(name) > 64 || !made(name, lower+digits) {
			return "", errors.New("a guardrail is an id of small letters and digits, or its ARN, with all of its versions; wildcards are for \"allow\"")
		}
		if isARN {
			return Literal(s), nil
		}
		return p.regional("bedrock", "guardrail/"+Literal(name)), nil
	})
	c := Condition{Operator: "ArnLike", Key: "bedrock:GuardrailIdentifier"}
	for _, g := range guards {
		c.Values = append(c.Values, string(g), string(g)+":*") // a draft, and a version
	}
	return guards, []Condition{c}, ok
}

// unique returns patterns, each once.
func unique(list []Pattern) []Pattern {
	var all []Pattern
	seen := make(map[Pattern]bool)
	for _, p := range list {
		if !seen[p] {
			seen[p] = true
			all = append(all, p)
		}
	}
	return all
}
