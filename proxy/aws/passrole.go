package aws

import (
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// passed says which roles an operation passes on that the tables do not have.
// They have the members whose names can mean nothing else ("RoleArn"), and not
// those called "Role", "ExecutionRole" or otherwise. It is written as tables are.
// Roles of other accounts that a service is told to assume, and those that are
// taken away, are passed by nobody. (The services' API references, each
// operation; IAM User Guide, "Grant a user permissions to pass a role to an AWS
// service".)
func passed(service, operation string) string {
	switch service {
	case "accessanalyzer":
		if operation == "StartPolicyGeneration" {
			return "role:b.cloudTrailDetails.accessRole"
		}
	case "agent-registry-control":
		if operation == "CreateRegistryRecord" {
			return "roles:b"
		}
	case "amplify":
		if operation == "CreateDomainAssociation" || operation == "UpdateDomainAssociation" {
			return "role:b.autoSubDomainIAMRole"
		}
	case "appconfig":
		if operation == "CreateExtension" || operation == "UpdateExtension" {
			return "roles:b"
		}
	case "athena":
		switch operation {
		case "CreateWorkGroup":
			return "role:b.Configuration.ExecutionRole"
		case "StartSession":
			return "role:b.ExecutionRole"
		case "UpdateWorkGroup":
			return "role:b.ConfigurationUpdates.ExecutionRole"
		}
	case "bedrock":
		if operation == "CreateMarketplaceModelEndpoint" || operation == "UpdateMarketplaceModelEndpoint" {
			return "role:b.endpointConfig.sageMaker.executionRole"
		}
	case "bedrock-agentcore-control":
		switch operation {
		case "CreateRegistryRecord":
			return "role:b.synchronizationConfiguration.fromUrl.credentialProviderConfigurations.#.credentialProvider.iamCredentialProvider.roleArn"
		case "UpdateRegistryRecord":
			return "role:b.synchronizationConfiguration.optionalValue.fromUrl.credentialProviderConfigurations.#.credentialProvider.iamCredentialProvider.roleArn"
		}
	case "cloudcontrol":
		if operation == "DeleteResource" {
			return "role:b.RoleArn"
		}
	case "cloudformation":
		if operation == "DeleteStack" {
			return "role:b.RoleARN"
		}
	case "codebuild":
		if operation == "UpdateProjectVisibility" {
			return "role:b.resourceAccessRole"
		}
	case "config-service":
		if operation == "PutRemediationConfigurations" {
			return "role:b.RemediationConfigurations.#.Parameters.AutomationAssumeRole.StaticValue.Values.#"
		}
	case "connecthealth":
		if operation == "CreateDomain" {
			return "role:b.webAppSetupConfiguration.ehrRole"
		}
	case "datazone":
		switch operation {
		case "CreateConnection":
			return "roles:b role:b.awsLocation.accessRole role:b.props.sparkEmrProperties.runtimeRole"
		case "CreateDataSource", "UpdateDataSource":
			return "role:b.configuration.glueRunConfiguration.dataAccessRole role:b.configuration.redshiftRunConfiguration.dataAccessRole"
		case "CreateProject":
			return "role:b.projectExecutionRole"
		case "CreateSubscriptionTarget", "UpdateSubscriptionTarget":
			return "role:b.manageAccessRole"
		case "UpdateConnection":
			return "role:b.awsLocation.accessRole role:b.props.sparkEmrProperties.runtimeRole"
		}
	case "ec2":
		switch operation {
		case "CreateFlowLogs":
			return "role:b.DeliverLogsPermissionArn role:b.DeliverCrossAccountRole"
		case "RequestSpotFleet":
			return "role:b.SpotFleetRequestConfig.IamFleetRole ?:b.SpotFleetRequestConfig.LaunchSpecifications.#.IamInstanceProfile.Arn ?:b.SpotFleetRequestConfig.LaunchSpecifications.#.IamInstanceProfile.Name"
		}
	case "eks":
		if operation == "CreateNodegroup" {
			return "role:b.nodeRole"
		}
	case "elastic-beanstalk":
		if operation == "AssociateEnvironmentOperationsRole" || operation == "CreateEnvironment" {
			return "role:b.OperationsRole"
		}
	case "fms":
		if operation == "PutNotificationChannel" {
			return "role:b.SnsRoleName"
		}
	case "forecast":
		if operation == "CreateForecast" || operation == "CreateWhatIfAnalysis" {
			return "role:b.TimeSeriesSelector.TimeSeriesIdentifiers.DataSource.S3Config.RoleArn"
		}
	case "greengrass":
		if operation == "CreateSoftwareUpdateJob" {
			return "role:b.S3UrlSignerRole"
		}
	case "groundstation":
		if operation == "CreateMissionProfile" || operation == "UpdateMissionProfile" {
			return "role:b.streamsKmsRole"
		}
	case "guardduty":
		switch operation {
		case "CreateMalwareProtectionPlan", "UpdateMalwareProtectionPlan":
			return "role:b.role"
		case "StartMalwareScan":
			return "role:b.scanConfiguration.role"
		}
	case "imagebuilder":
		switch operation {
		case "CreateImage", "CreateImagePipeline", "CreateLifecyclePolicy", "DistributeImage", "ImportDiskImage", "StartResourceStateUpdate", "UpdateImagePipeline", "UpdateLifecyclePolicy":
			return "role:b.executionRole"
		}
	case "iot-wireless":
		switch operation {
		case "CreateFuotaTask", "UpdateFuotaTask":
			return "role:b.FirmwareUpdateRole"
		case "CreateWirelessGatewayTaskDefinition":
			return "role:b.Update.UpdateDataRole"
		case "StartWirelessDeviceImportTask":
			return "role:b.Sidewalk.Role"
		}
	case "iotsitewise":
		if operation == "CreateTask" || operation == "UpdateTask" {
			return "role:b.taskConfiguration.containerTaskConfiguration.taskExecutionRole"
		}
	case "iottwinmaker":
		switch operation {
		case "CreateSyncJob":
			return "role:b.syncRole"
		case "CreateWorkspace", "UpdateWorkspace":
			return "role:b.role"
		}
	case "kinesis-analytics-v2":
		if operation == "CreateApplication" || operation == "DiscoverInputSchema" {
			return "role:b.ServiceExecutionRole"
		}
	case "lambda-core":
		if operation == "CreateNetworkConnector" || operation == "UpdateNetworkConnector" {
			return "role:b.OperatorRole"
		}
	case "macie2":
		if operation == "UpdateRevealConfiguration" {
			return "role:b.retrievalConfiguration.roleName"
		}
	case "mediaconnect":
		if operation == "CreateRouterOutput" || operation == "UpdateRouterOutput" {
			return "roles:b"
		}
	case "pcs":
		if operation == "CreateComputeNodeGroup" || operation == "UpdateComputeNodeGroup" {
			return "?:b.iamInstanceProfileArn"
		}
	case "pinpoint-sms-voice-v2":
		switch operation {
		case "UpdatePhoneNumber", "UpdatePool":
			return "role:b.TwoWayChannelRole"
		case "UpdateRcsAgent":
			return "role:b.TwoWayChannelRole role:b.TwoWayMediaS3Role"
		}
	case "qconnect":
		if operation == "CreateAssistantAssociation" {
			return "role:b.association.externalBedrockKnowledgeBaseConfig.accessRoleArn"
		}
	case "rds": // RDS Custom
		switch operation {
		case "CreateDBInstance", "CreateDBInstanceReadReplica", "RestoreDBInstanceFromDBSnapshot", "RestoreDBInstanceToPointInTime":
			return "?:b.CustomIamInstanceProfile"
		}
	case "resiliencehub":
		if operation == "CreateApp" || operation == "UpdateApp" {
			return "role:b.permissionModel.invokerRoleName"
		}
	case "resiliencehubv2":
		if operation == "CreateTest" || operation == "UpdateTest" {
			return "role:b.roleName"
		}
	case "s3tables":
		if operation == "PutTableBucketReplication" || operation == "PutTableReplication" {
			return "role:b.configuration.role"
		}
	case "sagemaker":
		switch operation {
		case "CreateAlgorithm", "CreateModelPackage":
			return "role:b.ValidationSpecification.ValidationRole"
		case "CreateCluster", "UpdateCluster":
			return "role:b.InstanceGroups.#.ExecutionRole role:b.RestrictedInstanceGroups.#.ExecutionRole role:b.ClusterRole"
		}
	case "storage-gateway":
		switch operation {
		case "CreateNFSFileShare", "CreateSMBFileShare", "StartCacheReport":
			return "role:b.Role"
		}
	case "swf":
		switch operation {
		case "RegisterWorkflowType":
			return "role:b.defaultLambdaRole"
		case "RespondDecisionTaskCompleted":
			return "role:b.decisions.#.continueAsNewWorkflowExecutionDecisionAttributes.lambdaRole role:b.decisions.#.startChildWorkflowExecutionDecisionAttributes.lambdaRole"
		case "StartWorkflowExecution":
			return "role:b.lambdaRole"
		}
	case "transfer":
		switch operation {
		case "CreateAccess", "CreateUser", "UpdateAccess", "UpdateUser":
			return "role:b.Role"
		case "CreateAgreement", "UpdateAgreement":
			return "role:b.AccessRole"
		case "CreateConnector", "UpdateConnector":
			return "role:b.AccessRole role:b.LoggingRole"
		case "CreateServer", "UpdateServer":
			return "role:b.IdentityProviderDetails.InvocationRole role:b.LoggingRole role:b.WorkflowDetails.OnUpload.#.ExecutionRole role:b.WorkflowDetails.OnPartialUpload.#.ExecutionRole"
		case "CreateWebApp", "UpdateWebApp":
			return "role:b.IdentityProviderDetails.IdentityCenterConfig.Role"
		}
	}
	return ""
}

// passes adds to all the roles that the call passes on besides the table's.
func (c *tableCall) passes(all []manifest.Request) ([]manifest.Request, error) {
	groups := passed(c.table.id, c.operation.name)
	if groups == "" {
		return all, nil
	}
	roles, _, err := c.resources(groups)
	if err != nil {
		return nil, err
	}
	for _, role := range roles {
		all = append(all, c.pass(role))
	}
	return all, nil
}

// pass is the request for a role that the call passes on; "*" is the one of an
// instance profile, which does not tell it.
func (c *tableCall) pass(role string) manifest.Request {
	if role == "*" {
		return unknown("iam:PassRole", "iam:PassedToService", "ec2.amazonaws.com")
	}
	r := request("iam:PassRole", role)
	to := passedTo(c.table.prefix)
	if c.operation.name == "PutRemediationConfigurations" { // which Config has done by automations
		to = "ssm.amazonaws.com"
	}
	if to != "" {
		with(&r, "iam:PassedToService", to)
	}
	return r
}

// launched adds to all the role of what is launched from a template that one of
// members names: AWS asks for the right to pass it where the template has a
// profile, which the call does not tell. So it is asked for where the manifest
// grants some of it, or where nobody but the manifest would see to it; else AWS
// finds no such right in the session policy. (Amazon EC2 User Guide, "Control
// access to launching instances with a launch template"; Amazon EC2 Auto Scaling
// User Guide, "Launch template support", "Permissions".)
func (c *tableCall) launched(all []manifest.Request, members ...string) ([]manifest.Request, error) {
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	for _, path := range members {
		var v any = body
		for step := range strings.SplitSeq(path, ".") {
			object, ok := v.(tree)
			if !ok {
				v = nil
				break
			}
			if v, err = memberOf(object, step); err != nil {
				return nil, err
			}
		}
		if v == nil || v == "" {
			continue
		}
		r := c.pass("*")
		if c.in.bounded() && !c.in.manifest.Decide(r).Allowed {
			return all, nil
		}
		for _, have := range all {
			if same(&have, &r) {
				return all, nil
			}
		}
		return append(all, r), nil
	}
	return all, nil
}

// bounded reports whether the call goes under a session policy of a manifest
// that is known here.
func (in *input) bounded() bool {
	return !in.unbound && in.manifest != nil && !in.manifest.Credentials.Unminted
}
