package aws

// A lambdaRoute is an operation of AWS Lambda: its method, its path, with one
// label for each name in braces, a query that has to be there, and how it
// names what it is about. (AWS Lambda API Reference; where the resource is
// concerned, Service Authorization Reference, "AWS Lambda".)
type lambdaRoute struct {
	operation, method, path string
	by                      lambdaNaming
}

// A lambdaNaming says how an operation names its resource.
type lambdaNaming int

const (
	byNoResource          lambdaNaming = iota // its action has none
	byFunction                                // the function itself
	byQualified                               // a function, or its version or alias
	byNewFunction                             // the function that the body names
	byLayer                                   // a layer
	byLayerVersion                            // one version of a layer
	byLayerARN                                // the same, by the ARN in the query
	byMapping                                 // an event source mapping
	byCapacityProvider                        // a capacity provider
	byNewCapacityProvider                     // the one that the body names
	byARN                                     // an ARN in the path
	byCallback                                // an execution that an opaque token names
)

var lambdaRoutes = []lambdaRoute{
	{"AddLayerVersionPermission", "POST", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy", byLayerVersion},
	{"AddPermission", "POST", "/2015-03-31/functions/{FunctionName}/policy", byQualified},
	{"CheckpointDurableExecution", "POST", "/2025-12-01/durable-executions/{DurableExecutionArn}/checkpoint", byARN},
	{"CreateAlias", "POST", "/2015-03-31/functions/{FunctionName}/aliases", byFunction},
	{"CreateCapacityProvider", "POST", "/2025-11-30/capacity-providers", byNewCapacityProvider},
	{"CreateCodeSigningConfig", "POST", "/2020-04-22/code-signing-configs", byNoResource},
	{"CreateEventSourceMapping", "POST", "/2015-03-31/event-source-mappings", byNoResource},
	{"CreateFunction", "POST", "/2015-03-31/functions", byNewFunction},
	{"CreateFunctionUrlConfig", "POST", "/2021-10-31/functions/{FunctionName}/url", byQualified},
	{"DeleteAlias", "DELETE", "/2015-03-31/functions/{FunctionName}/aliases/{Name}", byFunction},
	{"DeleteCapacityProvider", "DELETE", "/2025-11-30/capacity-providers/{CapacityProviderName}", byCapacityProvider},
	{"DeleteCodeSigningConfig", "DELETE", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}", byARN},
	{"DeleteDurableExecution", "DELETE", "/2025-12-01/durable-executions/{DurableExecutionArn}", byARN},
	{"DeleteEventSourceMapping", "DELETE", "/2015-03-31/event-source-mappings/{UUID}", byMapping},
	{"DeleteFunction", "DELETE", "/2015-03-31/functions/{FunctionName}", byQualified},
	{"DeleteFunctionCodeSigningConfig", "DELETE", "/2020-06-30/functions/{FunctionName}/code-signing-config", byFunction},
	{"DeleteFunctionConcurrency", "DELETE", "/2017-10-31/functions/{FunctionName}/concurrency", byFunction},
	{"DeleteFunctionEventInvokeConfig", "DELETE", "/2019-09-25/functions/{FunctionName}/event-invoke-config", byQualified},
	{"DeleteFunctionUrlConfig", "DELETE", "/2021-10-31/functions/{FunctionName}/url", byQualified},
	{"DeleteLayerVersion", "DELETE", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}", byLayerVersion},
	{"DeleteProvisionedConcurrencyConfig", "DELETE", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency", byQualified},
	{"DeleteResourcePolicy", "DELETE", "/2026-07-09/resource-policy/{ResourceArn}", byARN},
	{"GetAccountSettings", "GET", "/2016-08-19/account-settings", byNoResource},
	{"GetAlias", "GET", "/2015-03-31/functions/{FunctionName}/aliases/{Name}", byFunction},
	{"GetCapacityProvider", "GET", "/2025-11-30/capacity-providers/{CapacityProviderName}", byCapacityProvider},
	{"GetCodeSigningConfig", "GET", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}", byARN},
	{"GetDurableExecution", "GET", "/2025-12-01/durable-executions/{DurableExecutionArn}", byARN},
	{"GetDurableExecutionHistory", "GET", "/2025-12-01/durable-executions/{DurableExecutionArn}/history", byARN},
	{"GetDurableExecutionState", "GET", "/2025-12-01/durable-executions/{DurableExecutionArn}/state", byARN},
	{"GetEventSourceMapping", "GET", "/2015-03-31/event-source-mappings/{UUID}", byMapping},
	{"GetFunction", "GET", "/2015-03-31/functions/{FunctionName}", byQualified},
	{"GetFunctionCodeSigningConfig", "GET", "/2020-06-30/functions/{FunctionName}/code-signing-config", byFunction},
	{"GetFunctionConcurrency", "GET", "/2019-09-30/functions/{FunctionName}/concurrency", byFunction},
	{"GetFunctionConfiguration", "GET", "/2015-03-31/functions/{FunctionName}/configuration", byQualified},
	{"GetFunctionEventInvokeConfig", "GET", "/2019-09-25/functions/{FunctionName}/event-invoke-config", byQualified},
	{"GetFunctionRecursionConfig", "GET", "/2024-08-31/functions/{FunctionName}/recursion-config", byFunction},
	{"GetFunctionScalingConfig", "GET", "/2025-11-30/functions/{FunctionName}/function-scaling-config", byQualified},
	{"GetFunctionUrlConfig", "GET", "/2021-10-31/functions/{FunctionName}/url", byQualified},
	{"GetLayerVersion", "GET", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}", byLayerVersion},
	{"GetLayerVersionByArn", "GET", "/2018-10-31/layers?find=LayerVersion", byLayerARN},
	{"GetLayerVersionPolicy", "GET", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy", byLayerVersion},
	{"GetPolicy", "GET", "/2015-03-31/functions/{FunctionName}/policy", byQualified},
	{"GetProvisionedConcurrencyConfig", "GET", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency", byQualified},
	{"GetResourcePolicy", "GET", "/2026-07-09/resource-policy/{ResourceArn}", byARN},
	{"GetRuntimeManagementConfig", "GET", "/2021-07-20/functions/{FunctionName}/runtime-management-config", byQualified},
	{"Invoke", "POST", "/2015-03-31/functions/{FunctionName}/invocations", byQualified},
	{"InvokeAsync", "POST", "/2014-11-13/functions/{FunctionName}/invoke-async", byQualified},
	{"InvokeWithResponseStream", "POST", "/2021-11-15/functions/{FunctionName}/response-streaming-invocations", byQualified},
	{"ListAliases", "GET", "/2015-03-31/functions/{FunctionName}/aliases", byFunction},
	{"ListCapacityProviders", "GET", "/2025-11-30/capacity-providers", byNoResource},
	{"ListCodeSigningConfigs", "GET", "/2020-04-22/code-signing-configs", byNoResource},
	{"ListDurableExecutionsByFunction", "GET", "/2025-12-01/functions/{FunctionName}/durable-executions", byQualified},
	{"ListEventSourceMappings", "GET", "/2015-03-31/event-source-mappings", byNoResource},
	{"ListFunctionEventInvokeConfigs", "GET", "/2019-09-25/functions/{FunctionName}/event-invoke-config/list", byFunction},
	{"ListFunctionUrlConfigs", "GET", "/2021-10-31/functions/{FunctionName}/urls", byFunction},
	{"ListFunctionVersionsByCapacityProvider", "GET", "/2025-11-30/capacity-providers/{CapacityProviderName}/function-versions", byCapacityProvider},
	{"ListFunctions", "GET", "/2015-03-31/functions", byNoResource},
	{"ListFunctionsByCodeSigningConfig", "GET", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}/functions", byARN},
	{"ListLayerVersions", "GET", "/2018-10-31/layers/{LayerName}/versions", byNoResource},
	{"ListLayers", "GET", "/2018-10-31/layers", byNoResource},
	{"ListProvisionedConcurrencyConfigs", "GET", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency?List=ALL", byFunction},
	{"ListTags", "GET", "/2017-03-31/tags/{Resource}", byARN},
	{"ListVersionsByFunction", "GET", "/2015-03-31/functions/{FunctionName}/versions", byFunction},
	{"PauseDurableExecution", "POST", "/2025-12-01/durable-executions/{DurableExecutionArn}/pause", byARN},
	{"PublishLayerVersion", "POST", "/2018-10-31/layers/{LayerName}/versions", byLayer},
	{"PublishVersion", "POST", "/2015-03-31/functions/{FunctionName}/versions", byFunction},
	{"PutFunctionCodeSigningConfig", "PUT", "/2020-06-30/functions/{FunctionName}/code-signing-config", byFunction},
	{"PutFunctionConcurrency", "PUT", "/2017-10-31/functions/{FunctionName}/concurrency", byFunction},
	{"PutFunctionEventInvokeConfig", "PUT", "/2019-09-25/functions/{FunctionName}/event-invoke-config", byQualified},
	{"PutFunctionRecursionConfig", "PUT", "/2024-08-31/functions/{FunctionName}/recursion-config", byFunction},
	{"PutFunctionScalingConfig", "PUT", "/2025-11-30/functions/{FunctionName}/function-scaling-config", byQualified},
	{"PutProvisionedConcurrencyConfig", "PUT", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency", byQualified},
	{"PutResourcePolicy", "PUT", "/2026-07-09/resource-policy/{ResourceArn}", byARN},
	{"PutRuntimeManagementConfig", "PUT", "/2021-07-20/functions/{FunctionName}/runtime-management-config", byQualified},
	{"RemoveLayerVersionPermission", "DELETE", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy/{StatementId}", byLayerVersion},
	{"RemovePermission", "DELETE", "/2015-03-31/functions/{FunctionName}/policy/{StatementId}", byQualified},
	{"ResumeDurableExecution", "POST", "/2025-12-01/durable-executions/{DurableExecutionArn}/resume", byARN},
	{"SendDurableExecutionCallbackFailure", "POST", "/2025-12-01/durable-execution-callbacks/{CallbackId}/fail", byCallback},
	{"SendDurableExecutionCallbackHeartbeat", "POST", "/2025-12-01/durable-execution-callbacks/{CallbackId}/heartbeat", byCallback},
	{"SendDurableExecutionCallbackSuccess", "POST", "/2025-12-01/durable-execution-callbacks/{CallbackId}/succeed", byCallback},
	{"StopDurableExecution", "POST", "/2025-12-01/durable-executions/{DurableExecutionArn}/stop", byARN},
	{"TagResource", "POST", "/2017-03-31/tags/{Resource}", byARN},
	{"UntagResource", "DELETE", "/2017-03-31/tags/{Resource}", byARN},
	{"UpdateAlias", "PUT", "/2015-03-31/functions/{FunctionName}/aliases/{Name}", byFunction},
	{"UpdateCapacityProvider", "PUT", "/2025-11-30/capacity-providers/{CapacityProviderName}", byCapacityProvider},
	{"UpdateCodeSigningConfig", "PUT", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}", byARN},
	{"UpdateEventSourceMapping", "PUT", "/2015-03-31/event-source-mappings/{UUID}", byMapping},
	{"UpdateFunctionCode", "PUT", "/2015-03-31/functions/{FunctionName}/code", byFunction},
	{"UpdateFunctionConfiguration", "PUT", "/2015-03-31/functions/{FunctionName}/configuration", byFunction},
	{"UpdateFunctionEventInvokeConfig", "POST", "/2019-09-25/functions/{FunctionName}/event-invoke-config", byQualified},
	{"UpdateFunctionUrlConfig", "PUT", "/2021-10-31/functions/{FunctionName}/url", byQualified},
}
