package aws

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// operations are those of the newest SDKs when this was written, of each
// service. The lists are the test's own: an operation that a table lost, or
// that a corpus never had, is missed here.
func operations() map[string]string {
	return map[string]string{
		"kms": `
		CancelKeyDeletion ConnectCustomKeyStore CreateAlias CreateCustomKeyStore CreateGrant CreateKey
		Decapsulate Decrypt DeleteAlias DeleteCustomKeyStore DeleteImportedKeyMaterial DeriveSharedSecret
		DescribeCustomKeyStores DescribeKey DisableKey DisableKeyRotation DisconnectCustomKeyStore EnableKey
		EnableKeyRotation Encapsulate Encrypt GenerateDataKey GenerateDataKeyPair
		GenerateDataKeyPairWithoutPlaintext GenerateDataKeyWithoutPlaintext GenerateMac GenerateRandom
		GetKeyLastUsage GetKeyPolicy GetKeyRotationStatus GetParametersForImport GetPublicKey
		ImportKeyMaterial ListAliases ListGrants ListKeyPolicies ListKeyRotations ListKeys ListResourceTags
		ListRetirableGrants PutKeyPolicy ReEncrypt ReplicateKey RetireGrant RevokeGrant RotateKeyOnDemand
		ScheduleKeyDeletion Sign TagResource UntagResource UpdateAlias UpdateCustomKeyStore
		UpdateKeyDescription UpdatePrimaryRegion Verify VerifyMac`,
		"lambda": `
		AddLayerVersionPermission AddPermission CheckpointDurableExecution CreateAlias
		CreateCapacityProvider CreateCodeSigningConfig CreateEventSourceMapping CreateFunction
		CreateFunctionUrlConfig DeleteAlias DeleteCapacityProvider DeleteCodeSigningConfig
		DeleteDurableExecution DeleteEventSourceMapping DeleteFunction DeleteFunctionCodeSigningConfig
		DeleteFunctionConcurrency DeleteFunctionEventInvokeConfig DeleteFunctionUrlConfig DeleteLayerVersion
		DeleteProvisionedConcurrencyConfig DeleteResourcePolicy GetAccountSettings GetAlias
		GetCapacityProvider GetCodeSigningConfig GetDurableExecution GetDurableExecutionHistory
		GetDurableExecutionState GetEventSourceMapping GetFunction GetFunctionCodeSigningConfig
		GetFunctionConcurrency GetFunctionConfiguration GetFunctionEventInvokeConfig
		GetFunctionRecursionConfig GetFunctionScalingConfig GetFunctionUrlConfig GetLayerVersion
		GetLayerVersionByArn GetLayerVersionPolicy GetPolicy GetProvisionedConcurrencyConfig
		GetResourcePolicy GetRuntimeManagementConfig Invoke InvokeAsync InvokeWithResponseStream ListAliases
		ListCapacityProviders ListCodeSigningConfigs ListDurableExecutionsByFunction ListEventSourceMappings
		ListFunctionEventInvokeConfigs ListFunctionUrlConfigs ListFunctionVersionsByCapacityProvider
		ListFunctions ListFunctionsByCodeSigningConfig ListLayerVersions ListLayers
		ListProvisionedConcurrencyConfigs ListTags ListVersionsByFunction PauseDurableExecution
		PublishLayerVersion PublishVersion PutFunctionCodeSigningConfig PutFunctionConcurrency
		PutFunctionEventInvokeConfig PutFunctionRecursionConfig PutFunctionScalingConfig
		PutProvisionedConcurrencyConfig PutResourcePolicy PutRuntimeManagementConfig
		RemoveLayerVersionPermission RemovePermission ResumeDurableExecution
		SendDurableExecutionCallbackFailure SendDurableExecutionCallbackHeartbeat
		SendDurableExecutionCallbackSuccess StopDurableExecution TagResource UntagResource UpdateAlias
		UpdateCapacityProvider UpdateCodeSigningConfig UpdateEventSourceMapping UpdateFunctionCode
		UpdateFunctionConfiguration UpdateFunctionEventInvokeConfig UpdateFunctionUrlConfig`,
		"sqs": `
		AddPermission CancelMessageMoveTask ChangeMessageVisibility ChangeMessageVisibilityBatch CreateQueue
		DeleteMessage DeleteMessageBatch DeleteQueue GetQueueAttributes GetQueueUrl
		ListDeadLetterSourceQueues ListMessageMoveTasks ListQueueTags ListQueues PurgeQueue ReceiveMessage
		RemovePermission SendMessage SendMessageBatch SetQueueAttributes StartMessageMoveTask TagQueue
		UntagQueue`,
		"ssm": `
		AddTagsToResource AssociateOpsItemRelatedItem CancelCommand CancelMaintenanceWindowExecution
		CreateActivation CreateAssociation CreateAssociationBatch CreateCloudConnector CreateDocument
		CreateMaintenanceWindow CreateOpsItem CreateOpsMetadata CreatePatchBaseline CreateResourceDataSync
		DeleteActivation DeleteAssociation DeleteCloudConnector DeleteDocument DeleteInventory
		DeleteMaintenanceWindow DeleteOpsItem DeleteOpsMetadata DeleteParameter DeleteParameters
		DeletePatchBaseline DeleteResourceDataSync DeleteResourcePolicy
		DeregisterDefaultHostManagementConfiguration DeregisterManagedInstance
		DeregisterPatchBaselineForPatchGroup DeregisterTargetFromMaintenanceWindow
		DeregisterTaskFromMaintenanceWindow DescribeActivations DescribeAssociation
		DescribeAssociationExecutionTargets DescribeAssociationExecutions DescribeAutomationExecutions
		DescribeAutomationStepExecutions DescribeAvailablePatches DescribeDocument
		DescribeDocumentPermission DescribeEffectiveInstanceAssociations
		DescribeEffectivePatchesForPatchBaseline DescribeInstanceAssociationsStatus
		DescribeInstanceInformation DescribeInstancePatchStates DescribeInstancePatchStatesForPatchGroup
		DescribeInstancePatches DescribeInstanceProperties DescribeInventoryDeletions
		DescribeMaintenanceWindowExecutionTaskInvocations DescribeMaintenanceWindowExecutionTasks
		DescribeMaintenanceWindowExecutions DescribeMaintenanceWindowSchedule
		DescribeMaintenanceWindowTargets DescribeMaintenanceWindowTasks DescribeMaintenanceWindows
		DescribeMaintenanceWindowsForTarget DescribeOpsItems DescribeParameters DescribePatchBaselines
		DescribePatchGroupState DescribePatchGroups DescribePatchProperties DescribeSessions
		DisassociateOpsItemRelatedItem GetAccessToken GetAutomationExecution GetCalendarState
		GetCloudConnector GetCommandInvocation GetConnectionStatus GetDefaultPatchBaseline
		GetDeployablePatchSnapshotForInstance GetDocument GetExecutionPreview GetInventory
		GetInventorySchema GetMaintenanceWindow GetMaintenanceWindowExecution
		GetMaintenanceWindowExecutionTask GetMaintenanceWindowExecutionTaskInvocation
		GetMaintenanceWindowTask GetOpsItem GetOpsMetadata GetOpsSummary GetParameter GetParameterHistory
		GetParameters GetParametersByPath GetPatchBaseline GetPatchBaselineForPatchGroup GetResourcePolicies
		GetServiceSetting LabelParameterVersion ListAssociationVersions ListAssociations ListCloudConnectors
		ListCommandInvocations ListCommands ListComplianceItems ListComplianceSummaries
		ListDocumentMetadataHistory ListDocumentVersions ListDocuments ListInventoryEntries ListNodes
		ListNodesSummary ListOpsItemEvents ListOpsItemRelatedItems ListOpsMetadata
		ListResourceComplianceSummaries ListResourceDataSync ListTagsForResource ModifyDocumentPermission
		PutComplianceItems PutInventory PutParameter PutResourcePolicy
		RegisterDefaultHostManagementConfiguration RegisterDefaultPatchBaseline
		RegisterPatchBaselineForPatchGroup RegisterTargetWithMaintenanceWindow
		RegisterTaskWithMaintenanceWindow RemoveTagsFromResource ResetServiceSetting ResumeSession
		SendAutomationSignal SendCommand StartAccessRequest StartAssociationsOnce StartAutomationExecution
		StartChangeRequestExecution StartExecutionPreview StartSession StopAutomationExecution
		TerminateSession UnlabelParameterVersion UpdateAssociation UpdateAssociationStatus
		UpdateCloudConnector UpdateDocument UpdateDocumentDefaultVersion UpdateDocumentMetadata
		UpdateMaintenanceWindow UpdateMaintenanceWindowTarget UpdateMaintenanceWindowTask
		UpdateManagedInstanceRole UpdateOpsItem UpdateOpsMetadata UpdatePatchBaseline UpdateResourceDataSync
		UpdateServiceSetting ValidateCloudConnector`,
	}
}

// TestEveryOperationHasACase looks in each service's corpus for a call of every
// operation that is read, named as the operation is; of SQS, in both protocols.
func TestEveryOperationHasACase(t *testing.T) {
	for service, list := range operations() {
		archive, err := txtar.ParseFile("testdata/" + service + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		read := make(map[string]bool)
		for _, f := range archive.Files {
			name, want := strings.CutSuffix(f.Name, ".want")
			operation, _, _ := strings.Cut(name, " by query")
			if want && strings.HasPrefix(string(f.Data), service+" "+operation+" ") {
				read[name] = true
			}
		}
		for _, operation := range strings.Fields(list) {
			if !read[operation] {
				t.Errorf("%s: no case reads operation %s", service, operation)
			}
			if service == "sqs" && !read[operation+" by query"] {
				t.Errorf("%s: no case reads operation %s by the query protocol", service, operation)
			}
		}
	}
}

// TestNoOperationIsKnownThatIsNone holds the tables to the same lists.
func TestNoOperationIsKnownThatIsNone(t *testing.T) {
	known := make(map[string][]string)
	for operation := range kmsOperations {
		known["kms"] = append(known["kms"], operation)
	}
	for _, route := range lambdaRoutes {
		known["lambda"] = append(known["lambda"], route.operation)
	}
	for operation := range sqsOperations {
		known["sqs"] = append(known["sqs"], operation)
	}
	for operation := range ssmOperations {
		known["ssm"] = append(known["ssm"], operation)
	}
	for service, list := range operations() {
		got, want := known[service], strings.Fields(list)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %d operations, want %d: %q", service, len(got), len(want), difference(got, want))
		}
	}
}

// difference returns what stands in one list and not in the other.
func difference(a, b []string) []string {
	var all []string
	for _, s := range append(slices.Clone(a), b...) {
		if slices.Contains(a, s) != slices.Contains(b, s) {
			all = append(all, s)
		}
	}
	return all
}

// TestNoTwoRoutesOfLambdaAreOne shows that a path and a method are one
// operation, but for those that a query tells apart.
func TestNoTwoRoutesOfLambdaAreOne(t *testing.T) {
	seen := make(map[string]string)
	for _, route := range lambdaRoutes {
		path := strings.Split(route.path, "/")
		for i, segment := range path {
			if strings.HasPrefix(segment, "{") {
				path[i] = "{}"
			}
		}
		shape := route.method + " " + strings.Join(path, "/")
		if other, ok := seen[shape]; ok {
			t.Errorf("%s and %s are both %s", other, route.operation, shape)
		}
		seen[shape] = route.operation
	}
}

// TestAnswersWithCredentialsAreKnown shows which call of Systems Manager would
// hand out credentials that AWS honours.
func TestAnswersWithCredentialsAreKnown(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/ssm.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(archive.Files); i += 2 {
		r, err := parseRaw(archive.Files[i].Data)
		if err != nil {
			t.Fatal(err)
		}
		call, err := corpusCloud().Identify(r)
		if err != nil {
			continue
		}
		if got, want := call.Particulars.(*particulars).issue.refused != "", call.Operation == "GetAccessToken"; got != want {
			t.Errorf("%s: got refused %v, want %v", call.Operation, got, want)
		}
	}
}

// TestSQSDeniesInTheProtocolThatItWasAskedIn shows that a denial before
// anything is read finds the caller's protocol too.
func TestSQSDeniesInTheProtocolThatItWasAskedIn(t *testing.T) {
	const credential = "AWS4-HMAC-SHA256 Credential=ASIAREMIT/20261121/eu-west-1/sqs/aws4_request, SignedHeaders=host, Signature=00"
	for target, want := range map[string]protocol{"": protocolQuery, "AmazonSQS.SendMessage": protocolJSON10} {
		r, err := http.NewRequest(http.MethodPost, "/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.URL.Host, r.URL.Scheme, r.RequestURI = "sqs.eu-west-1.amazonaws.com", "https", "/"
		r.Header.Set("Authorization", credential)
		if target != "" {
			r.Header.Set("X-Amz-Target", target)
		}
		call, err := corpusCloud().Read(r)
		if err == nil {
			t.Errorf("target %q: an unsigned call was read", target)
		}
		if got := call.Particulars.(*particulars).protocol; got != want {
			t.Errorf("target %q: got protocol %q, want %q", target, got, want)
		}
	}
}
