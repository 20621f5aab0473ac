package main

// exceptions are the operations whose actions have another name than they, by
// service and operation. An action without a prefix is the service's own; one
// behind a plus is asked for only where its resource is named. What depends on
// more than the operation is in a file of the service's, written by hand, in
// front of what is said here.
var exceptions = map[string]string{
	// Service Authorization Reference, "AWS IAM Access Analyzer": the second
	// versions of two operations are the first's actions.
	"accessanalyzer/GetFindingV2":   "GetFinding",
	"accessanalyzer/ListFindingsV2": "ListFindings",

	// Amazon API Gateway Developer Guide, "Use @connections commands in your
	// backend service".
	"apigatewaymanagementapi/DeleteConnection": "ManageConnections",
	"apigatewaymanagementapi/GetConnection":    "ManageConnections",
	"apigatewaymanagementapi/PostToConnection": "ManageConnections",

	// Service Authorization Reference, "Amazon API Gateway Management V2", "API
	// operations".
	"apigatewayv2/CreatePortal":   "CreatePortal +GetPortalProduct",
	"apigatewayv2/PutRoutingRule": "UpdateRoutingRule",
	"apigatewayv2/UpdatePortal":   "UpdatePortal +GetPortalProduct",

	// Service Authorization Reference, "AWS Batch".
	"batch/CancelJobs":           "CancelJob",
	"batch/TerminateJobs":        "TerminateJob",
	"batch/TerminateServiceJobs": "TerminateServiceJob",

	// Service Authorization Reference, "AWS Billing And Cost Management Pricing
	// Calculator": a batch is so many of the single.
	"bcm-pricing-calculator/BatchCreateBillScenarioCommitmentModification": "CreateBillScenarioCommitmentModification",
	"bcm-pricing-calculator/BatchCreateBillScenarioUsageModification":      "CreateBillScenarioUsageModification",
	"bcm-pricing-calculator/BatchCreateWorkloadEstimateUsage":              "CreateWorkloadEstimateUsage",
	"bcm-pricing-calculator/BatchDeleteBillScenarioCommitmentModification": "DeleteBillScenarioCommitmentModification",
	"bcm-pricing-calculator/BatchDeleteBillScenarioUsageModification":      "DeleteBillScenarioUsageModification",
	"bcm-pricing-calculator/BatchDeleteWorkloadEstimateUsage":              "DeleteWorkloadEstimateUsage",
	"bcm-pricing-calculator/BatchUpdateBillScenarioCommitmentModification": "UpdateBillScenarioCommitmentModification",
	"bcm-pricing-calculator/BatchUpdateBillScenarioUsageModification":      "UpdateBillScenarioUsageModification",
	"bcm-pricing-calculator/BatchUpdateWorkloadEstimateUsage":              "UpdateWorkloadEstimateUsage",

	// Amazon Bedrock API Reference: the page of each names the action.
	"bedrock-agent-runtime/RetrieveAndGenerateStream":    "RetrieveAndGenerate",
	"bedrock-runtime/Converse":                           "InvokeModel",
	"bedrock-runtime/ConverseStream":                     "InvokeModelWithResponseStream",
	"bedrock-runtime/InvokeModelWithBidirectionalStream": "InvokeModel",
	"bedrock-runtime/StartAsyncInvoke":                   "InvokeModel",

	// Service Authorization Reference, "AWS Budget Service": two actions for all.
	"budgets/CreateBudget":                          "ModifyBudget",
	"budgets/CreateNotification":                    "ModifyBudget",
	"budgets/CreateSubscriber":                      "ModifyBudget",
	"budgets/DeleteBudget":                          "ModifyBudget",
	"budgets/DeleteNotification":                    "ModifyBudget",
	"budgets/DeleteSubscriber":                      "ModifyBudget",
	"budgets/UpdateBudget":                          "ModifyBudget",
	"budgets/UpdateNotification":                    "ModifyBudget",
	"budgets/UpdateSubscriber":                      "ModifyBudget",
	"budgets/DescribeBudget":                        "ViewBudget",
	"budgets/DescribeBudgetNotificationsForAccount": "ViewBudget",
	"budgets/DescribeBudgetPerformanceHistory":      "ViewBudget",
	"budgets/DescribeBudgets":                       "ViewBudget",
	"budgets/DescribeNotificationsForBudget":        "ViewBudget",
	"budgets/DescribeSubscribersForNotification":    "ViewBudget",

	// Service Authorization Reference, "Amazon CloudFront": tags are an action
	// of their own beside the creation.
	"cloudfront/CreateDistributionWithTags": "CreateDistribution TagResource",

	// Amazon CloudSearch Developer Guide, "Configuring Access for CloudSearch".
	"cloudsearch-domain/Search":          "search",
	"cloudsearch-domain/Suggest":         "suggest",
	"cloudsearch-domain/UploadDocuments": "document",

	// Service Authorization Reference, "Amazon Detective": without the last
	// letter.
	"detective/ListOrganizationAdminAccounts": "ListOrganizationAdminAccount",

	// Amazon Comprehend Medical: the older of two names.
	"comprehendmedical/DetectEntities": "DetectEntitiesV2",

	// Service Authorization Reference, "AWS Database Migration Service", "API
	// operations": those of schema conversion have the names that they had before
	// the SDKs did.
	"database-migration-service/DescribeDataProviders":                "ListDataProviders",
	"database-migration-service/DescribeExtensionPackAssociations":    "ListExtensionPacks",
	"database-migration-service/DescribeInstanceProfiles":             "ListInstanceProfiles",
	"database-migration-service/DescribeMetadataModelAssessments":     "ListMetadataModelAssessments",
	"database-migration-service/DescribeMetadataModelExportsAsScript": "ListMetadataModelExports",
	"database-migration-service/DescribeMetadataModelExportsToTarget": "ListMetadataModelExports",
	"database-migration-service/DescribeMigrationProjects":            "ListMigrationProjects",
	"database-migration-service/DescribeMetadataModelConversions":     "ListMetadataModelConversions",
	"database-migration-service/ModifyConversionConfiguration":        "UpdateConversionConfiguration",
	"database-migration-service/ModifyDataProvider":                   "UpdateDataProvider",
	"database-migration-service/ModifyInstanceProfile":                "UpdateInstanceProfile",
	"database-migration-service/ModifyMigrationProject":               "UpdateMigrationProject",
	"database-migration-service/StartExtensionPackAssociation":        "AssociateExtensionPack",
	"database-migration-service/StartMetadataModelExportAsScript":     "StartMetadataModelExportAsScripts",

	// AWS Glue API Reference: "the public IAM action associated with this API".
	"glue/GetUnfilteredPartitionMetadata":  "GetPartition",
	"glue/GetUnfilteredPartitionsMetadata": "GetPartitions",
	"glue/GetUnfilteredTableMetadata":      "GetTable",

	// Amazon Keyspaces Developer Guide, "Actions, resources and condition keys":
	// its actions are CQL's verbs.
	"keyspaces/CreateKeyspace":              "Create",
	"keyspaces/CreateTable":                 "Create",
	"keyspaces/CreateType":                  "Create",
	"keyspaces/DeleteKeyspace":              "Drop",
	"keyspaces/DeleteTable":                 "Drop",
	"keyspaces/DeleteType":                  "Drop",
	"keyspaces/GetKeyspace":                 "Select",
	"keyspaces/GetTable":                    "Select",
	"keyspaces/GetTableAutoScalingSettings": "Select",
	"keyspaces/GetType":                     "Select",
	"keyspaces/ListKeyspaces":               "Select",
	"keyspaces/ListTables":                  "Select",
	"keyspaces/ListTypes":                   "Select",
	"keyspaces/ListTagsForResource":         "Select",
	"keyspaces/RestoreTable":                "Restore",
	"keyspaces/UpdateKeyspace":              "Alter",
	"keyspaces/UpdateTable":                 "Alter",

	// AWS KMS API Reference, ReEncrypt.
	"kms/ReEncrypt": "ReEncryptFrom ReEncryptTo",

	// AWS Lambda API Reference: Invoke, GetLayerVersionByArn.
	"lambda/GetLayerVersionByArn":     "GetLayerVersion",
	"lambda/Invoke":                   "InvokeFunction",
	"lambda/InvokeAsync":              "InvokeFunction",
	"lambda/InvokeWithResponseStream": "InvokeFunction",

	// Service Authorization Reference, "AWS Elemental MediaConvert".
	"mediaconvert/GetJobsQueryResults": "GetJobsQueryResults",
	"mediaconvert/StartJobsQuery":      "StartJobsQuery",

	// Neptune Analytics User Guide, "Data API": the query says which of the
	// three it needs, and it is not read.
	"neptune-graph/ExecuteQuery": "ReadDataViaQuery WriteDataViaQuery DeleteDataViaQuery",
	"neptune-graph/GetQuery":     "GetQueryStatus",

	// Amazon Neptune User Guide, "Query actions in IAM data-access policy
	// statements", and the page of each operation. A query may read, write and
	// delete.
	"neptunedata/CancelGremlinQuery":            "CancelQuery",
	"neptunedata/CancelOpenCypherQuery":         "CancelQuery",
	"neptunedata/DeletePropertygraphStatistics": "DeleteStatistics",
	"neptunedata/DeleteSparqlStatistics":        "DeleteStatistics",
	"neptunedata/ExecuteFastReset":              "ResetDatabase",
	"neptunedata/ExecuteGremlinExplainQuery":    "ReadDataViaQuery WriteDataViaQuery DeleteDataViaQuery",
	"neptunedata/ExecuteGremlinProfileQuery":    "ReadDataViaQuery",
	"neptunedata/ExecuteGremlinQuery":           "ReadDataViaQuery WriteDataViaQuery DeleteDataViaQuery",
	"neptunedata/ExecuteOpenCypherExplainQuery": "ReadDataViaQuery",
	"neptunedata/ExecuteOpenCypherQuery":        "ReadDataViaQuery WriteDataViaQuery DeleteDataViaQuery",
	"neptunedata/GetGremlinQueryStatus":         "GetQueryStatus",
	"neptunedata/GetMLDataProcessingJob":        "GetMLDataProcessingJobStatus",
	"neptunedata/GetMLEndpoint":                 "GetMLEndpointStatus",
	"neptunedata/GetMLModelTrainingJob":         "GetMLModelTrainingJobStatus",
	"neptunedata/GetMLModelTransformJob":        "GetMLModelTransformJobStatus",
	"neptunedata/GetOpenCypherQueryStatus":      "GetQueryStatus",
	"neptunedata/GetPropertygraphStatistics":    "GetStatisticsStatus",
	"neptunedata/GetPropertygraphStream":        "GetStreamRecords",
	"neptunedata/GetPropertygraphSummary":       "GetGraphSummary",
	"neptunedata/GetRDFGraphSummary":            "GetGraphSummary",
	"neptunedata/GetSparqlStatistics":           "GetStatisticsStatus",
	"neptunedata/GetSparqlStream":               "GetStreamRecords",
	"neptunedata/ListGremlinQueries":            "GetQueryStatus",
	"neptunedata/ListOpenCypherQueries":         "GetQueryStatus",
	"neptunedata/ManagePropertygraphStatistics": "ManageStatistics",
	"neptunedata/ManageSparqlStatistics":        "ManageStatistics",

	// Amazon QuickSight API Reference: a definition is described with the
	// resource it defines; both actions exist in policies.
	"quicksight/DescribeAnalysisDefinition":  "DescribeAnalysis",
	"quicksight/DescribeDashboardDefinition": "DescribeDashboard",
	"quicksight/DescribeTemplateDefinition":  "DescribeTemplate",

	// Amazon Redshift Data API: the second version is the first's action.
	"redshift-data/GetStatementResultV2": "GetStatementResult",

	// Service Authorization Reference, "Amazon S3 on Outposts", and Amazon S3
	// API Reference, S3 Control: the buckets it speaks of are on Outposts. The
	// blocks of public access are the account's.
	"s3-control/CreateBucket":                        "s3-outposts:CreateBucket",
	"s3-control/DeleteBucket":                        "s3-outposts:DeleteBucket",
	"s3-control/DeleteBucketLifecycleConfiguration":  "s3-outposts:PutLifecycleConfiguration",
	"s3-control/DeleteBucketPolicy":                  "s3-outposts:DeleteBucketPolicy",
	"s3-control/DeleteBucketReplication":             "s3-outposts:PutReplicationConfiguration",
	"s3-control/DeleteBucketTagging":                 "s3-outposts:PutBucketTagging",
	"s3-control/GetBucket":                           "s3-outposts:GetBucket",
	"s3-control/GetBucketLifecycleConfiguration":     "s3-outposts:GetLifecycleConfiguration",
	"s3-control/GetBucketPolicy":                     "s3-outposts:GetBucketPolicy",
	"s3-control/GetBucketReplication":                "s3-outposts:GetReplicationConfiguration",
	"s3-control/GetBucketTagging":                    "s3-outposts:GetBucketTagging",
	"s3-control/GetBucketVersioning":                 "s3-outposts:GetBucketVersioning",
	"s3-control/ListRegionalBuckets":                 "s3-outposts:ListRegionalBuckets",
	"s3-control/PutBucketLifecycleConfiguration":     "s3-outposts:PutLifecycleConfiguration",
	"s3-control/PutBucketPolicy":                     "s3-outposts:PutBucketPolicy",
	"s3-control/PutBucketReplication":                "s3-outposts:PutReplicationConfiguration",
	"s3-control/PutBucketTagging":                    "s3-outposts:PutBucketTagging",
	"s3-control/PutBucketVersioning":                 "s3-outposts:PutBucketVersioning",
	"s3-control/DeletePublicAccessBlock":             "PutAccountPublicAccessBlock",
	"s3-control/GetPublicAccessBlock":                "GetAccountPublicAccessBlock",
	"s3-control/PutPublicAccessBlock":                "PutAccountPublicAccessBlock",
	"s3-control/DeleteAccessPointScope":              "s3express:DeleteAccessPointScope",
	"s3-control/GetAccessPointScope":                 "s3express:GetAccessPointScope",
	"s3-control/PutAccessPointScope":                 "s3express:PutAccessPointScope",
	"s3-control/ListAccessPointsForDirectoryBuckets": "s3express:ListAccessPointsForDirectoryBuckets",

	// Amazon SageMaker API Reference, UpdateRecord.
	"sagemaker-featurestore-runtime/UpdateRecord": "PutRecord",

	// Service Authorization Reference, "AWS Security Hub", "API operations": the
	// second versions of findings are the first's actions.
	"securityhub/BatchUpdateFindingsV2":  "BatchUpdateFindings",
	"securityhub/GetFindingStatisticsV2": "GetAdhocInsightResults",
	"securityhub/GetFindingsV2":          "GetFindings",

	// Amazon SNS Developer Guide, "message batching"; Amazon SQS Developer Guide,
	// "Amazon SQS API permissions": a batch is so many of the single.
	"sns/PublishBatch":                 "Publish",
	"sqs/ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
	"sqs/DeleteMessageBatch":           "DeleteMessage",
	"sqs/SendMessageBatch":             "SendMessage",

	// AWS Systems Manager User Guide, "Default Host Management Configuration":
	// it is a setting of the service's.
	"ssm/DeregisterDefaultHostManagementConfiguration": "UpdateServiceSetting",
	"ssm/RegisterDefaultHostManagementConfiguration":   "UpdateServiceSetting",

	// Service Authorization Reference, "AWS Tax Settings".
	"taxsettings/BatchGetTaxExemptions": "GetExemptions",
	"taxsettings/GetTaxExemptionTypes":  "GetExemptions",
	"taxsettings/ListTaxExemptions":     "GetExemptions",
	"taxsettings/PutTaxExemption":       "UpdateExemptions",

	// Amazon Timestream Developer Guide, "Query": SELECT is its action.
	"timestream-query/Query": "Select",

	// Amazon Verified Permissions User Guide, "Actions": a batch is so many of
	// the single.
	"verifiedpermissions/BatchGetPolicy":             "GetPolicy",
	"verifiedpermissions/BatchIsAuthorized":          "IsAuthorized",
	"verifiedpermissions/BatchIsAuthorizedWithToken": "IsAuthorizedWithToken",
}
