"""Values for the members of AWS's operations, made from botocore's models.

A value obeys what the model says of its shape (enum, pattern where it can be
met, lengths, ranges) and otherwise looks like what a caller would send: an ARN
where a member is named for one, a queue's URL where one is asked for. The same
model gives the same values.
"""

import datetime
import functools
import re

try:
    from re import _parser as sre
except ImportError:  # Python 3.10
    import sre_parse as sre

ACCOUNT = "123456789012"
WHEN = datetime.datetime(2026, 11, 21, 12, 0, 0, tzinfo=datetime.timezone.utc)
# Services whose ARNs name no region.
GLOBAL = {
    "artifact",
    "budgets",
    "cloudfront",
    "iam",
    "importexport",
    "networkmanager",
    "organizations",
    "route53",
    "route53-recovery-cluster",
    "route53-recovery-control-config",
    "savingsplans",
    "shield",
    "waf",
}

# What ARNs have for the service, where it is not the name that it signs with.
ARN_SERVICES = {
    "cloudwatch": "cloudwatch",  # which signs as monitoring
    "cloudtrail-data": "cloudtrail",
    "iotsecuretunneling": "iot",
    "opensearch": "opensearch",
    "partnercentral-benefits": "partnercentral",
    "partnercentral-selling": "partnercentral",
    "resourcegroupstaggingapi": "sqs",
    "route53-recovery-cluster": "route53-recovery-control",
    "route53-recovery-control-config": "route53-recovery-control",
}

DEPTH = 6  # of structures within structures: deeper ones are left empty


# Members of which a caller gives one: these are left out beside the others.
OTHERWISE = {
    ("glue", "GetSchemaVersionInput"): {"SchemaVersionId"},
    ("glue", "PutSchemaVersionMetadataInput"): {"SchemaVersionId"},
    ("glue", "QuerySchemaVersionMetadataInput"): {"SchemaVersionId"},
    ("glue", "RegistryId"): {"RegistryArn"},
    ("glue", "RemoveSchemaVersionMetadataInput"): {"SchemaVersionId"},
    ("glue", "SchemaId"): {"SchemaArn"},
    ("redshift-data", "BatchExecuteStatementInput"): {"WorkgroupName"},
    ("redshift-data", "DescribeTableRequest"): {"WorkgroupName"},
    ("redshift-data", "ExecuteStatementInput"): {"WorkgroupName"},
    ("redshift-data", "ListDatabasesRequest"): {"WorkgroupName"},
    ("redshift-data", "ListSchemasRequest"): {"WorkgroupName"},
    ("redshift-data", "ListTablesRequest"): {"WorkgroupName"},
    ("sns", "PublishInput"): {"TargetArn", "PhoneNumber"},
    ("secretsmanager", "BatchGetSecretValueRequest"): {"Filters"},
}
# Members that a service asks for though its model does not.
NEEDED = {
    ("dynamodb", "RestoreTableToPointInTimeInput"): {"SourceTableName"},
    ("dynamodb", "TransactWriteItem"): {"Put"},
    ("sns", "PublishInput"): {"TopicArn"},
}

# What else is called so that nothing but a role can stand there: see passrole.go.
ROLES = (
    "DeliverLogsPermissionArn", "SnsRoleName", "ServiceExecutionRole", "TwoWayChannelRole", "TwoWayMediaS3Role",
    "defaultLambdaRole", "lambdaRole",
)


class Values:
    """Values for one service in one region."""

    def __init__(self, service, arn_service, region, partition):
        self.service, self.arn_service = service, ARN_SERVICES.get(service, arn_service)
        self.region, self.partition = region, partition
        self.arn_region = "" if service in GLOBAL else region

    def members(self, shape, optional):
        """A structure's members: all of them, or the required ones."""
        if shape is None:
            return {}
        self.input = shape.name
        return self._structure(shape, optional, ())

    def _structure(self, shape, optional, path):
        made = {}
        required = set(shape.required_members)
        if set(map(str.lower, shape.members)) == {"key", "value"}:  # no tag is without
            required = set(shape.members)
        required |= NEEDED.get((self.service, shape.name), set())
        union = getattr(shape, "is_tagged_union", False)
        for name, member in shape.members.items():
            if name in OTHERWISE.get((self.service, shape.name), ()):
                continue
            # A member of an operation's own that stands in the path is
            # required, whatever the model says.
            location = member.serialization.get("location")
            if not (optional or name in required or location == "uri" or union):
                continue
            if member.type_name == "structure" and member.serialization.get("eventstream"):
                continue
            nested = member.type_name in ("structure", "list", "map")
            if nested and (len(path) >= DEPTH or path.count(member.name) >= 1) and name not in required:
                continue
            if len(path) > 3 * DEPTH:
                continue
            made[name] = self._value(name, member, optional and len(path) < 4, path)
            if union:
                break
        return made

    def _value(self, name, shape, optional, path):
        kind = shape.type_name
        if getattr(shape, "is_document_type", False):
            return {"remit": 1}
        if kind == "structure":
            return self._structure(shape, optional, path + (shape.name,))
        if kind == "list":
            n = min(max(int(shape.metadata.get("min", 1)), 1), 3)
            one = self._value(name, shape.member, optional, path + (shape.name,))
            return [one] * n
        if kind == "map":
            key = self._value(name + "Key", shape.key, optional, path)
            return {key: self._value(name + "Value", shape.value, optional, path + (shape.name,))}
        if kind == "blob":
            return b"remit"
        if kind == "boolean":
            return True
        if kind == "timestamp":
            return WHEN
        if kind in ("integer", "long"):
            low, high = shape.metadata.get("min", 1), shape.metadata.get("max", 1 << 30)
            return int(min(max(low, 1), high))
        if kind in ("float", "double"):
            return float(min(max(shape.metadata.get("min", 1), 1), shape.metadata.get("max", 1 << 30)))
        return self.string(name, shape)

    def string(self, name, shape):
        if shape.enum:
            return shape.enum[0]
        if shape.metadata.get("jsonvalue") or shape.serialization.get("jsonvalue"):
            return {"remit": 1}
        low, high = int(shape.metadata.get("min", 0)), int(shape.metadata.get("max", 1 << 20))
        pattern = shape.metadata.get("pattern")
        if name.lower().endswith(("rolearn", "iamroles", "credentialsarn")) or name in ROLES:
            return f"arn:{self.partition}:iam::{ACCOUNT}:role/remit"
        if pattern and "arn" in pattern and is_arn(name, shape):
            arn = next(self._candidates(name, shape))
            if matches(pattern, arn) and low <= len(arn) <= high:
                return arn
            made = generate(pattern, low, high, 1)
            if made:
                return self._at_home(made, pattern, name, shape)
        for candidate in self._candidates(name, shape):
            if low <= len(candidate) <= high and matches(pattern, candidate):
                return candidate
        if pattern:
            made = generate(pattern, low, high)
            if made:
                return self._at_home(made, pattern, name, shape)
        return ("remit" * (low // 5 + 1))[: max(low, min(5, high))]

    def _at_home(self, made, pattern, name, shape):
        """An ARN made from a pattern, in the caller's own place if it may be."""
        parts = made.split(":")
        if parts[0] != "arn":
            return next(self._candidates(name, shape)) if is_arn(name, shape) else made
        services = [self.arn_service]
        if len(parts) > 5 and len(parts[2]) > 1:
            services.insert(0, parts[2])
        tails = [":".join(parts[n:]) for n in (5, -1, -2, -3, -4) if len(parts) > abs(n)]
        for service in services:
            for region in (self.arn_region, "", self.region):
                for account in (ACCOUNT, ""):
                    for tail in tails:
                        home = ":".join(["arn", self.partition, service, region, account, tail])
                        if matches(pattern, home):
                            return home
        # Models' patterns are of AWS's first partition, or of no ARN at all.
        if len(parts) > 5:
            return ":".join(["arn", self.partition, services[0], parts[3] and self.arn_region, ACCOUNT, ":".join(parts[5:])])
        return f"arn:{self.partition}:{self.arn_service}:{self.arn_region}:{ACCOUNT}:thing/remit"

    def _candidates(self, name, shape):
        lower = name.lower()
        arn = f"arn:{self.partition}:{self.arn_service}:{self.arn_region}:{ACCOUNT}:thing/remit"
        yield from self._particular(name, shape.name)
        if lower.endswith("rolearn") or lower == "role":
            yield f"arn:{self.partition}:iam::{ACCOUNT}:role/remit"
        if is_arn(name, shape):
            yield arn
        if lower.endswith(("accountid", "account", "ownerid")) or lower in ("awsaccountid", "catalogid"):
            yield ACCOUNT
        if lower.endswith("region"):
            yield self.region
        if lower.endswith(("url", "uri")):
            yield "https://example.com/remit"
        if "email" in lower:
            yield "remit.example.com"
        yield "remit"
        yield "remit-1234567890"
        yield "Remit12345"
        yield ACCOUNT
        yield arn
        yield f"arn:{self.partition}:iam::{ACCOUNT}:role/remit"
        yield f"arn:{self.partition}:sns:{self.region}:{ACCOUNT}:remit"
        yield "0f6b2c1e-8a53-4d7c-9b0e-1f2a3b4c5d6e"
        yield "https://example.com/remit"
        yield "s3://media-eu/in/a.txt"
        yield "remit.example.com"
        yield "abcde.veo"
        yield "remit.example.com"
        yield "/remit"
        yield "1"
        yield "2026-11-21T12:00:00Z"
        yield "2026-11-21"


    def _particular(self, name, shape):
        """What a service takes no other value for."""
        here = f"arn:{self.partition}:{self.arn_service}:{self.region}:{ACCOUNT}:"
        if self.service in ("s3", "s3control"):
            if name == "Bucket":
                yield "media-eu"
            if name == "CopySource":
                yield "media-eu/in/a.txt"
        if self.service == "dynamodb":
            if name in ("Statement", "PartiQLStatement"):
                yield 'SELECT a FROM "remit" WHERE id = ?'
            if "Backup" in shape:
                yield here + "table/remit/backup/01234567890123-a1b2c3d4"
            if "Stream" in shape and "Kinesis" in name or name == "StreamArn":
                yield f"arn:{self.partition}:kinesis:{self.region}:{ACCOUNT}:stream/remit"
            if "Global" in name and not name.endswith("Arn"):
                yield "remit"
            if name == "ExportArn" or name == "ImportArn":
                yield here + f"table/remit/{name[:6].lower()}/01234567890123-a1b2c3d4"
            if name.endswith("Name") or name.endswith("Key"):
                yield "remit"
            if name.endswith("Arn"):
                yield here + "table/remit"
        if self.service == "dynamodbstreams" and name == "StreamArn":
            yield here + "table/remit/stream/2026-11-21T12:00:00.000"
        if self.service == "kinesis":
            if name in ("StreamARN", "ResourceARN"):
                yield here + "stream/remit"
            if name == "ConsumerARN":
                yield here + "stream/remit/consumer/remit:1"
            if name.endswith("ARN"):
                yield here + name[:-3].lower() + "/remit"
                yield here + "stream/remit/" + name[:-3].lower() + "/remit"
        if self.service in ("cognito-identity", "cognito-idp"):
            if name == "RolesKey":
                yield "authenticated"
            if name in ("RolesValue", "SnsCallerArn"):
                yield f"arn:{self.partition}:iam::{ACCOUNT}:role/remit"
        if self.service in ("docdb", "neptune", "rds") and name == "ResourceName":
            yield f"arn:{self.partition}:rds:{self.region}:{ACCOUNT}:db:remit"
        if self.service == "cloudfront-keyvaluestore" and name == "KvsARN":
            yield f"arn:{self.partition}:cloudfront::{ACCOUNT}:key-value-store/0f6b2c1e-8a53-4d7c-9b0e-1f2a3b4c5d6e"
        if self.service == "redshift-data" and name == "SecretArn":
            yield f"arn:{self.partition}:secretsmanager:{self.region}:{ACCOUNT}:secret:remit-AbCdEf"
        if self.service == "rds-data":
            if name in ("secretArn", "awsSecretStoreArn"):
                yield f"arn:{self.partition}:secretsmanager:{self.region}:{ACCOUNT}:secret:remit-AbCdEf"
            if name.endswith("Arn"):
                yield f"arn:{self.partition}:rds:{self.region}:{ACCOUNT}:cluster:remit"
        if self.service in ("wafv2", "waf-regional") and "WebACL" in self.input and name == "ResourceArn":
            yield f"arn:{self.partition}:elasticloadbalancing:{self.region}:{ACCOUNT}:loadbalancer/app/remit/0123456789abcdef"
        if self.service == "ec2" and name == "CertificateArn":
            yield f"arn:{self.partition}:acm:{self.region}:{ACCOUNT}:certificate/0f6b2c1e-8a53-4d7c-9b0e-1f2a3b4c5d6e"
        if self.service == "machinelearning" and name == "PredictEndpoint":
            yield f"https://realtime.machinelearning.{self.region}.amazonaws.com"
        if self.service == "kms" and (name.endswith("KeyId") or name == "AliasName"):
            yield "0f6b2c1e-8a53-4d7c-9b0e-1f2a3b4c5d6e" if name != "AliasName" else "alias/remit"
        if self.service == "sns" and name == "SubscriptionArn":
            yield here + "remit:0f6b2c1e-8a53-4d7c-9b0e-1f2a3b4c5d6e"
        if self.service == "lambda" and name == "UUID":
            yield "0f6b2c1e-8a53-4d7c-9b0e-1f2a3b4c5d6e"
        if self.service == "ssm":
            if name.startswith("OpsMetadata"):
                yield here + "opsmetadata/remit/ssm/a"
            if name == "OpsItemArn":
                yield here + "opsitem/oi-0123456789ab"
            if name == "OpsItemId":
                yield "oi-0123456789ab"
            if name.endswith("ExecutionId"):
                yield "0f6b2c1e-8a53-4d7c-9b0e-1f2a3b4c5d6e"
        if self.service == "sts" and name == "TargetPrincipal":
            yield ACCOUNT
        if self.service == "iotwireless" and name == "ThingArn":
            yield f"arn:{self.partition}:iot:{self.region}:{ACCOUNT}:thing/remit"
        if self.service == "mediaconnect" and name == "GatewayInstanceArn":
            yield here + "gateway:1-23aBC45dEF67hiJ8:remit:instance:i-0123456789abcdef0"
        if self.service == "vpc-lattice" and name == "resourceArn" and "ResourcePolicy" in self.input:
            yield here + "servicenetwork/sn-0123456789abcdef0"
        if name == "QueueUrl":
            suffix = "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"
            yield f"https://sqs.{self.region}.{suffix}/{ACCOUNT}/remit"


@functools.lru_cache(maxsize=None)
def compiled(pattern):
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return None


def matches(pattern, text):
    """Whether text is what pattern, a model's, allows: all of it."""
    if not pattern:
        return True
    c = compiled(pattern)
    return c is None or c.fullmatch(text) is not None


def is_arn(name, shape):
    return name.lower().endswith(("arn", "arns", "arnlist")) or shape.name.lower().endswith("arn")


@functools.lru_cache(maxsize=None)
def generate(pattern, low, high, first=0):
    """A string that pattern allows, or None; first is how often to repeat what
    may be repeated, if that will do."""
    c = compiled(pattern)
    if c is None:
        return None
    for least in (first, 0, 1, 2, 4, 8, 12, 16, 24, 32, 36, 64, 128):
        made = "".join(_made(sre.parse(pattern), least))
        if low <= len(made) <= high and c.fullmatch(made):
            return made
    return None


def _made(parsed, least):
    for op, arg in parsed:
        name = str(op)
        if name == "LITERAL":
            yield chr(arg)
        elif name == "NOT_LITERAL":
            yield "a" if arg != ord("a") else "b"
        elif name == "ANY":
            yield "a"
        elif name == "IN":
            yield _one_of(arg)
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            low, high, inner = arg
            n = min(max(low, least), int(high))
            for _ in range(min(n, 600)):
                yield from _made(inner, least if len(inner) == 1 else min(least, 1))
        elif name == "SUBPATTERN":
            yield from _made(arg[-1], least)
        elif name == "ATOMIC_GROUP":
            yield from _made(arg, least)
        elif name == "BRANCH":
            yield from _made(arg[1][0], least)


def _one_of(items):
    allowed = []
    for op, arg in items:
        name = str(op)
        if name == "NEGATE":
            for c in "a1-_/.":
                if not _in(items[1:], c):
                    return c
            return "é"
        if name == "LITERAL":
            allowed.append(chr(arg))
        elif name == "RANGE":
            allowed.append(chr(arg[0]))
        elif name == "CATEGORY":
            allowed.append({"CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "a"}.get(str(arg), "-"))
    for good in allowed:
        if good.isalnum():
            return good
    return allowed[0] if allowed else "a"


def _in(items, c):
    for op, arg in items:
        name = str(op)
        if name == "LITERAL" and chr(arg) == c:
            return True
        if name == "RANGE" and arg[0] <= ord(c) <= arg[1]:
            return True
        if name == "CATEGORY":
            if str(arg) == "CATEGORY_DIGIT" and c.isdigit() or str(arg) == "CATEGORY_WORD" and (c.isalnum() or c == "_"):
                return True
    return False
