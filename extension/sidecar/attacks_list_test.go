package sidecar

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// attackList is the design's list of what attacks Remit, section 10, each with
// the tests that hold against it: functions by name, and requests by the file
// of testdata/attacks that has them. The list grows; a line is never removed.
// What meets no service that is read yet says so.
const attackList = `
X-Forwarded-Host and every other header that is not Host: headers.txtar
Connection naming a signed header: headers.txtar
ALPN and connection coalescing: TestAttacksOverHTTP2 TestHTTP2CannotSayTwoThings TestServerNameHasToBeTheHost
look-alike and customer-controlled hosts under AWS's domains: hosts.txtar TestObservingSignsForNobodyButAWS
SNI, Host and scope that differ: hosts.txtar TestATunnelToAWSHasOneName TestTheHostOfACallInsideATunnelIsTheTunnels
userinfo, port or path in a host: hosts.txtar TestATunnelToAWSHasOneName
conflicting Action in query and body: messages.txtar secrets.txtar
duplicate Authorization, X-Amz-*, Host: headers.txtar framing.txtar
signature skipped in one payload mode: signatures.txtar TestEveryPayloadModeOfEveryKindOfCallIsVerified TestNothingOfABadChunkIsRead TestABadChunkBreaksTheUploadAndIsDenied
stale and future dates, replay: signatures.txtar TestSignaturesAreGoodForFifteenMinutesAndURLsUntilTheyExpire
x-amz-copy-source: keys.txtar
DeleteObjects keys: keys.txtar TestDeleteObjectsTakesAThousandKeysAndNoMore
batches: secrets.txtar
transactions, PartiQL: (DynamoDB is not read yet)
duplicate members in JSON, XML and queries: secrets.txtar keys.txtar messages.txtar
duplicate members in CBOR: (no service that is read speaks it) secrets.txtar
UTF-16, XML entities, gzip request bodies and gzip bombs: keys.txtar messages.txtar secrets.txtar
X-Amz-Target with a form body: headers.txtar
POST-policy forms, SigV2, credentials in bodies: signatures.txtar
buckets by alias: keys.txtar hosts.txtar
dots, slashes, escapes and unicode forms in S3 keys: keys.txtar TestAPathOfTwoSlashesIsSentAsItCame TestTheTargetIsSentByteForByte
prefix rules that end without a slash: keys.txtar TestGoodManifestsBecomeTheirGrants
SQS QueueUrl of another account: (SQS is not read yet)
SNS TargetArn and PhoneNumber: messages.txtar
sts:AssumeRole from the function: secrets.txtar TestARoleComesBackSealedAndItsCallsGoUnderIt TestOnlyAnAnswerThatIsUnderstoodIsPassedOn TestSealedCredentialsAreGoodForNothingElse
request smuggling: framing.txtar TestMessagesWithTwoMeaningsAreRefused TestHTTP2CannotSayTwoThings
slow and endless bodies: TestAnEndlessBodyEnds TestManyBodiesDoNotFillTheMemory TestBodiesHaveRoomForSoManyAtATime
wildcards and policy variables inside names: keys.txtar TestSessionPoliciesAllowTheirCallAndNothingThatIsDenied
wildcards and policy variables inside event values: (events are not built yet)
PackedPolicyTooLarge mid-flight: TestWhatSTSAnswersIsKeptAndTold TestACallThatDoesNotFitIsWidenedOnlyWhereItMayBe
a CONNECT to loopback, link-local, the Runtime API, metadata: TestNoTunnelLeadsBackIntoTheSandbox TestTunnelsReachNoForbiddenAddress TestANameIsResolvedOnce
files planted in /tmp before a re-init: TestWhatIsWrongWithTheConfigurationStopsTheStart TestCertificatesAreNotReadFromWhereTheFunctionWrites TestSweepLeavesNothingOfTheDeadAndAllOfTheLiving
forged log lines: keys.txtar TestLinesAreAsTheyAlwaysWere
the budget burned or STS throttled to widen a mint: TestNothingIsSentWithoutCredentialsForIt TestDroppedCredentialsAreMintedAnewOnce
buckets deleted and registered again by another account: TestSTSRefusesWhatAWSDoes TestAttacks
Upgrade and WebSockets: framing.txtar TestWhatIsNoWebSocketIsNotUpgraded TestOnlyHostsThatAreReadSoHaveWebSockets
a service's own port at another's host: TestAPortIsReadAtTheHostsThatHaveIt
a custom domain's neighbours, and what is not signed for it: TestACustomDomainIsAnsweredForAndNoneBesideIt
a query that hides what it does: TestATextThatMayHideWordsHasThemAll
a tunnel without TLS to who is not answered for, or within another: TestAPlainTunnelIsHeldToWhatAnyIs
TLS without a CONNECT, for who is not answered for, with another's Host or session, or a CONNECT in it: TestTLSWithoutACONNECTIsForClaimedHostsAlone TestTheHostOfACallWithoutACONNECTIsTheOneThatTLSWasAskedFor TestASessionOfOneHostIsNoneOfAnothers TestAttacks TestAttacksOverHTTP2
a thousand of them that say nothing: TestAThousandSilentConnectionsWithoutACONNECTLeaveRoom
a host that a preload leads here and the proxy does not know, or the other way round: TestTheProxyAndBothPreloadsClaimTheSameHosts
a port of AWS's that nobody reads as a way out: TestWhatTheEgressNamesAtAnotherPortOfAClaimedHostIsConnectedTo
a route of Object Lambda's that is another's access point: TestCorpus
the credentials endpoint without the token, with another Host, by rebinding: TestTheCredentialsAreForWhoHasTheToken TestOthersAreRefused
the extension killed: TestKillingTheExtensionFailsTheInvocation
the extension stopped: TestAStoppedExtensionFailsTheNextInvocation
the extension's port or socket taken: TestAnAddressThatIsTakenOrNotLoopbackIsAnError TestASquattedSocketIsFatal TestAnImpostorIsNotBelieved
Go's own debugging in the log: TestGosOwnDebuggingIsTakenOut
two asks that share credentials: TestCallsAtOnceDoNotShareCredentials TestEverythingInAnAskTellsItFromOthers
`

func TestEveryAttackOfTheListHasItsTest(t *testing.T) {
	tests := make(map[string]bool)
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		src, err := os.ReadFile(path)
		for _, m := range function.FindAllSubmatch(src, -1) {
			tests[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(strings.TrimSpace(attackList)) {
		attack, names, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if strings.HasPrefix(names, "(") {
			continue
		}
		for _, name := range strings.Fields(names) {
			if strings.HasSuffix(name, ".txtar") {
				_, err := os.Stat(filepath.Join("testdata", "attacks", name))
				tests[name] = err == nil
			}
			if !tests[name] {
				t.Errorf("%s: there is no test %s", attack, name)
			}
		}
		if names == "" {
			t.Errorf("%s: no test", attack)
		}
	}
}
