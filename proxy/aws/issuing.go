package aws

import (
	"slices"

	"github.com/lambda-remit/remit/proxy"
)

// An issue says of an operation whose answer holds credentials that AWS honours
// what becomes of them. The zero issue is of one whose answer holds none.
type issue struct {
	refused string // why a granted call is not sent; empty: its answer is sealed

	// Where the credentials stand in the answer, if it is sealed.
	xml               bool     // XML; else JSON
	at                []string // the names from the root to what holds the rest
	id, secret, token string
	expires           string
	clock             clock
}

// A clock is how an answer writes a time.
type clock int

const (
	clockText    clock = iota // RFC 3339
	clockSeconds              // since 1970, with a fraction or without
	clockMillis
)

func (i issue) sealed() bool { return i.id != "" }

// or is of a call that may be of either's operation: it issues credentials if one
// of them does. Where both do, each in its own way, the answer of one would be
// read as the other's.
func (i issue) or(o issue) issue {
	switch {
	case o.refused != "":
		return o
	case i.refused != "" || !o.sealed():
		return i
	case !i.sealed():
		return o
	case i.xml == o.xml && slices.Equal(i.at, o.at) && i.id == o.id && i.secret == o.secret && i.token == o.token && i.expires == o.expires && i.clock == o.clock:
		return i
	}
	return issue{refused: "it may be one of two operations whose answers have them in different places"}
}

// issues says what becomes of the credentials in the answer to a call: whichever
// it is of the operations that it may be, by whichever name its service goes.
func (in *input) issues(call *proxy.Call) issue {
	i := issuing(call.Service, call.Operation)
	for _, c := range in.found {
		i = i.or(issuing(call.Service, c.operation.name)).or(issuing(c.table.prefix, c.operation.name))
	}
	return i
}

// issuing is the list of AWS's operations that issue credentials: what of a
// service's answers is credentials says no policy and no model, so it was drawn
// up from the members of every operation's output. What is no access key is
// not here: a password that RDS or Redshift made, an authorization token of a
// registry's, a token of Cognito's or of STS's for parties other than AWS, a URL
// that AWS presigned. Who is granted one of those is granted it for its own sake.
//
// A role's credentials are sealed where a call under them can be decided by the
// manifest, and where functions ask for them. The others are refused, each for a
// reason; who needs one can say which.
func issuing(service, operation string) issue {
	switch service + ":" + operation {
	case "sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity":
		return issue{
			xml: true, at: []string{operation + "Response", operation + "Result", "Credentials"},
			id: "AccessKeyId", secret: "SecretAccessKey", token: "SessionToken", expires: "Expiration",
		}
	case "cognito-identity:GetCredentialsForIdentity":
		return issue{
			at: []string{"Credentials"},
			id: "AccessKeyId", secret: "SecretKey", token: "SessionToken", expires: "Expiration", clock: clockSeconds,
		}
	case "awsssoportal:GetRoleCredentials":
		return issue{
			at: []string{"roleCredentials"},
			id: "accessKeyId", secret: "secretAccessKey", token: "sessionToken", expires: "expiration", clock: clockMillis,
		}
	case "s3express:CreateSession":
		return issue{
			xml: true, at: []string{"CreateSessionResult", "Credentials"},
			id: "AccessKeyId", secret: "SecretAccessKey", token: "SessionToken", expires: "Expiration",
		}

	case "sts:AssumeRoot":
		return issue{refused: "nothing in the manifest bounds a root user"}
	case "sts:GetFederationToken", "sts:GetSessionToken":
		return issue{refused: "STS gives it to users, and a function is a role"}
	case "sts:GetDelegatedAccessToken":
		return issue{refused: "it trades a token of AWS's partners in for somebody else's credentials"}
	case "iam:CreateAccessKey", "iam:CreateServiceSpecificCredential", "iam:ResetServiceSpecificCredential":
		return issue{refused: "they would last until somebody deletes them"}
	case "lightsail:CreateBucketAccessKey", "lightsail:GetBucketAccessKeys":
		return issue{refused: "they would last until somebody deletes them"}
	case "s3:GetDataAccess", "s3express:GetDataAccess":
		return issue{refused: "S3 Access Grants does not say whose role it gives out"}
	case "lakeformation:AssumeDecoratedRoleWithSAML", "lakeformation:GetTemporaryDataLocationCredentials",
		"lakeformation:GetTemporaryGluePartitionCredentials", "lakeformation:GetTemporaryGlueTableCredentials":
		return issue{refused: "Lake Formation does not say whose role it gives out"}
	case "datazone:GetConnection", "datazone:GetEnvironmentCredentials":
		return issue{refused: "DataZone does not say whose role it gives out"}
	case "codepipeline:GetJobDetails", "codepipeline:GetThirdPartyJobDetails", "codepipeline:PollForJobs", "codepipeline:PollForThirdPartyJobs":
		return issue{refused: "a pipeline's artifacts come with credentials of its own role; read them under a role that the manifest names"}
	case "ssm:GetAccessToken":
		return issue{refused: "just-in-time access is for people"}
	case "eks-auth:AssumeRoleForPodIdentity":
		return issue{refused: "it is for the pods of a cluster"}
	case "rolesanywhere:CreateSession":
		return issue{refused: "IAM Roles Anywhere is for machines outside AWS"}
	case "iot:AssumeRoleWithCertificate":
		return issue{refused: "AWS IoT's credentials provider is for devices"}
	case "signin:CreateOAuth2Token", "sso-oauth:CreateTokenWithIAM":
		return issue{refused: "it is for people who sign in"}
	case "deadline:AssumeFleetRoleForRead", "deadline:AssumeFleetRoleForWorker", "deadline:AssumeQueueRoleForRead",
		"deadline:AssumeQueueRoleForUser", "deadline:AssumeQueueRoleForWorker":
		return issue{refused: "it is for the workers of a render farm"}
	case "gamelift:CreateBuild", "gamelift:GetComputeAccess", "gamelift:RequestUploadCredentials":
		return issue{refused: "GameLift does not say whose role it gives out"}
	case "finspace-api:GetExternalDataViewAccessDetails", "finspace-api:GetProgrammaticAccessCredentials":
		return issue{refused: "FinSpace does not say whose role it gives out"}
	case "connect:GetFederationToken":
		return issue{refused: "it signs somebody in to Amazon Connect"}
	case "redshift:GetClusterCredentials", "redshift:GetClusterCredentialsWithIAM", "redshift-serverless:GetCredentials":
		return issue{} // a password of a database's
	case "ecr:GetAuthorizationToken", "ecr-public:GetAuthorizationToken", "codeartifact:GetAuthorizationToken":
		return issue{} // a password of a registry's
	case "sts:GetWebIdentityToken":
		return issue{} // for others than AWS: that is what it is for
	}
	return issue{}
}
