package manifest

import "cmp"

// OfFunction returns a copy of m that lets the function called name do what a
// durable function does of itself, whatever m grants: read and checkpoint the
// state of its own executions, in every version. Lambda's SDK makes those calls
// beside the function's code, and a function whose calls are denied would be
// started again and again. It grants nothing that m.Grants does not have where
// name or region is empty. (AWS Lambda Developer Guide, "Durable functions:
// Security and permissions".)
//
// Credentials for it are minted at the grant's width: each execution is a
// resource of its own, and would cost a request to STS.
func (m *Manifest) OfFunction(region, name string) *Manifest {
	of := *m
	of.Own = nil
	if region == "" || name == "" {
		return &of
	}
	of.Own = &Grant{
		ID:      "durable",
		Actions: []string{"lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"},
		Resources: []Pattern{Pattern(arn{
			cmp.Or(m.Partition, partitionOf(region)), "lambda", region, "${" + accountVariable + "}",
			"function:" + string(Literal(name)) + ":*/durable-execution/*",
		}.String())},
		Mint: WidthGrant,
		Pos:  Position{File: m.File, Line: 1, Column: 1},
	}
	return &of
}
