package main

import (
	"fmt"
	"slices"
	"strings"
)

// also are resources of operations that the members' names do not tell, besides
// those that they do; behind "only", in place of those. Each is "=" and the path
// of a member that is an ARN, "?" and a member with which more is asked for than
// can be known, or a type of the Service Authorization Reference, a colon, and
// the paths of its variables. (The page of each service there, and of the
// operation in its API Reference.)
var also = map[string]string{
	"backup/CreateRestoreAccessBackupVault":       "=b.SourceBackupVaultArn",
	"datasync/CreateTask":                         "=b.SourceLocationArn",
	"iam/SimulatePrincipalPolicy":                 "only =b.PolicySourceArn", // the ARNs are only talked of
	"iot/AttachSecurityProfile":                   "=q.securityProfileTargetArn",
	"iot/CreateJob":                               "=b.targets.#",
	"iot/DetachSecurityProfile":                   "=q.securityProfileTargetArn",
	"iotfleetwise/CreateVehicle":                  "vehicle:b.vehicleName",
	"iotfleetwise/UpdateVehicle":                  "vehicle:b.vehicleName",
	"kafka/UpdateClusterConfiguration":            "=b.configurationInfo.arn",
	"notifications/AssociateChannel":              "only =b.notificationConfigurationArn", // the channel is another service's
	"notifications/DisassociateChannel":           "only =b.notificationConfigurationArn",
	"quicksight/GenerateEmbedUrlForAnonymousUser": "=b.AuthorizedResourceArns.#",
	"rds/CreateBlueGreenDeployment":               "=b.Source",
	"rds/RestoreDBInstanceToPointInTime":          "only db:b.TargetDBInstanceIdentifier db:b.SourceDBInstanceIdentifier ?:b.SourceDbiResourceId ?:b.SourceDBInstanceAutomatedBackupsArn og:b.OptionGroupName ?",
	"redshift/RestoreFromClusterSnapshot":         "only =b.SnapshotArn snapshot:b.SnapshotClusterIdentifier,b.SnapshotIdentifier|?:b.SnapshotIdentifier ?:b.OwnerAccount cluster:b.ClusterIdentifier",
	"rekognition/CopyProjectVersion":              "=b.SourceProjectArn =b.SourceProjectVersionArn",
}

// moreOf adds what also says of an operation to its groups.
func moreOf(p *pool, s *service, op *operation, shapes []shape, groups []string) ([]string, error) {
	// Who speaks in a channel is a resource too. (Amazon Chime SDK Developer
	// Guide, "Using IAM roles with messaging", x-amz-chime-bearer.)
	for _, m := range op.Members {
		if m.HTTPHeader == "x-amz-chime-bearer" {
			groups = append(groups, "=h.x-amz-chime-bearer")
		}
	}
	list, ok := also[key(s.ID)+"/"+op.Name]
	if !ok {
		return groups, nil
	}
	if rest, only := strings.CutPrefix(list, "only "); only {
		list, groups = rest, nil
	}
	all := places(s, op)
	for path := range strings.FieldsFuncSeq(list, func(r rune) bool { return strings.ContainsRune(" =:,|?", r) }) {
		if strings.Contains(path, ".") && !slices.ContainsFunc(all, func(pl place) bool { return pl.path == path }) {
			return nil, fmt.Errorf("%s of %q is no member", path, op.Name)
		}
	}
	for g := range strings.FieldsSeq(list) {
		if typ, paths, ok := strings.Cut(g, ":"); ok && typ != "?" && !strings.HasPrefix(g, "=") {
			found := false
			for _, sh := range shapes {
				if sh.typ == typ && len(sh.vars) == strings.Count(paths, ",")+1 {
					g, found = fmt.Sprint(p.id(sh.text))+":"+paths, true
				}
			}
			if !found {
				return nil, fmt.Errorf("%s of %q is no type of its action's", g, op.Name)
			}
		}
		groups = append(groups, g)
	}
	return groups, nil
}

// makes reports whether an operation makes or starts what did not have an ARN
// before, or joins it to what had: of the types that its action has to have,
// one that no member names is then another resource, and not another type of
// the one that is named.
func makes(op string) bool {
	for _, verb := range []string{"Add", "Associate", "Attach", "Copy", "Create", "Grant", "Import", "Install", "Start"} {
		if strings.HasPrefix(op, verb) {
			return true
		}
	}
	return false
}
