"""Writes each host that botocore's own resolver produces, a line each, for
hosts_judge_test.go: host, service, the name it signs with, region asked for,
region signed for, partition, fips, dualstack, account, bucket, operation.

A line whose operation is "-" is the service's plain host in that region, which
is also what the way back has to come to; with one, the host is its own.
"""
import gzip, itertools, json, os, re, sys

import botocore
from botocore.endpoint_provider import EndpointProvider

DATA = os.path.join(os.path.dirname(botocore.__file__), "data")
ACCOUNT = "111122223333"
COMMON = {"Region", "UseFIPS", "UseDualStack", "Endpoint"}
# What only a request says. Each is given by turns, beside none of them.
GIVEN = {
    "dynamodb": [{"AccountId": ACCOUNT, "AccountIdEndpointMode": "preferred"}, {"ResourceArn": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t"}, {"IsSearchOperation": True}],
    "dynamodbstreams": [{"AccountId": ACCOUNT, "AccountIdEndpointMode": "preferred"}],
    "kinesis": [{"OperationType": o, "StreamARN": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s"} for o in ("data", "control")]
             + [{"OperationType": "data", "AccountId": ACCOUNT, "AccountIdEndpointMode": "preferred"}],
    "events": [{"EndpointId": "abc123.456xyz"}],
    "sesv2": [{"EndpointId": "abc123.456xyz"}],
    "cloudfront-keyvaluestore": [{"KvsARN": f"arn:aws:cloudfront::{ACCOUNT}:key-value-store/k"}],
    "neptune-graph": [{"ApiType": "DataPlane"}, {"ApiType": "ControlPlane"}],
    "sts": [{"UseGlobalEndpoint": True}],
    "acm": [{"ServiceType": "ACM"}, {"ServiceType": "ACM-ACME"}],
    "s3": [
        {"UseGlobalEndpoint": True},
        {"Bucket": "media-eu"},
        {"Bucket": "media.eu", "ForcePathStyle": False},
        {"Bucket": "media-eu", "UseGlobalEndpoint": True},
        {"Bucket": "media-eu", "Accelerate": True},
        {"Bucket": "media-eu", "ForcePathStyle": True},
        {"Bucket": "media--use1-az4--x-s3"},
        {"Bucket": "media--use1-az4--x-s3", "UseS3ExpressControlEndpoint": True},
        {"Bucket": "media--usw2-lax1-az1--xa-s3"},
        {"UseS3ExpressControlEndpoint": True},
        {"UseObjectLambdaEndpoint": True},
        {"Bucket": "arn:{partition}:s3:{region}:111122223333:accesspoint/photos"},
        {"Bucket": "arn:{partition}:s3-object-lambda:{region}:111122223333:accesspoint/photos"},
        {"Bucket": "arn:{partition}:s3-outposts:{region}:111122223333:outpost/op-01234567890123456/accesspoint/photos"},
        {"Bucket": "arn:{partition}:s3::111122223333:accesspoint/mfzwi23gnjvgw.mrap"},
        {"Bucket": "photos-abcdefghijklmnopqrstuvwxyz0123456789o0--op-s3"},
    ],
    "s3control": [
        {"AccountId": ACCOUNT, "RequiresAccountId": True},
        {"AccountId": ACCOUNT, "RequiresAccountId": True, "UseS3ExpressControlEndpoint": True},
        {"OutpostId": "op-01234567890123456"},
        {"Bucket": "arn:{partition}:s3-outposts:{region}:111122223333:outpost/op-01234567890123456/bucket/b", "AccountId": ACCOUNT, "RequiresAccountId": True},
    ],
}


def load(path):
    with gzip.open(path) as f:
        return json.load(f)


def main():
    partitions = load(os.path.join(DATA, "partitions.json.gz")) if os.path.exists(os.path.join(DATA, "partitions.json.gz")) else json.load(open(os.path.join(DATA, "partitions.json")))
    regions = {r: p["id"] for p in partitions["partitions"] for r in p["regions"] if not r.endswith("global")}
    usual = [r for r, p in regions.items() if p != "aws"] + ["us-east-1", "us-east-2", "us-west-2", "eu-west-1", "ap-southeast-5", "mx-central-1"]
    suffixes = {p["id"]: p["outputs"] for p in partitions["partitions"]}
    out = set()
    for name in sorted(os.listdir(DATA)):
        folder = os.path.join(DATA, name)
        if not os.path.isdir(folder):
            continue
        for version in sorted(os.listdir(folder))[-1:]: # what it takes itself
            rules = os.path.join(folder, version, "endpoint-rule-set-1.json.gz")
            model = os.path.join(folder, version, "service-2.json.gz")
            if not os.path.exists(rules) or not os.path.exists(model):
                continue
            ruleset = load(rules)
            model = load(model)
            meta = model["metadata"]
            service = meta["serviceId"].lower().replace(" ", "-")
            signing = meta.get("signingName", meta["endpointPrefix"])
            provider = EndpointProvider(ruleset, partitions)
            text = json.dumps(ruleset)
            asked = sorted(set(usual) | {r for r in regions if f'"{r}"' in text or f".{r}." in text})
            prefixes = {}
            for op, shape in model["operations"].items():
                prefix = shape.get("endpoint", {}).get("hostPrefix", "")
                statics = {k: v["value"] for k, v in shape.get("staticContextParams", {}).items()}
                if prefix or statics and name not in GIVEN:
                    prefixes.setdefault((prefix, json.dumps(statics, sort_keys=True)), op)
            for region, fips, dual in itertools.product(asked, (False, True), (False, True)):
                partition = regions[region]
                for i, given in enumerate([{}] + GIVEN.get(name, []) + [json.loads(s) for _, s in prefixes]):
                    prefix, op = "", "-" if i == 0 else "?"
                    if i > len(GIVEN.get(name, [])):
                        (prefix, _), op = list(prefixes.items())[i - 1 - len(GIVEN.get(name, []))]
                    given = {k: v.format(partition=partition, region=region) if isinstance(v, str) else v for k, v in given.items()}
                    try:
                        e = provider.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual, **given)
                    except Exception as err:
                        if type(err).__name__ not in ("EndpointProviderError", "EndpointResolutionError", "UnknownRegionError"):
                            raise
                        continue
                    host = re.match(r"https?://([^/]+)", e.url)[1]
                    if "{" in prefix:
                        if "." + ACCOUNT in "." + host or ACCOUNT + "." in host:
                            prefix = ""
                        prefix = re.sub(r"\{\w*[aA]ccount\w*\}", ACCOUNT, prefix)
                        prefix = re.sub(r"\{\w+\}", "g-0123456789", prefix)
                    scheme = (e.properties.get("authSchemes") or [{}])[0]
                    signed = scheme.get("signingRegion", "*" if "signingRegionSet" in scheme else region)
                    account = ACCOUNT if ACCOUNT in host else ""
                    bucket = given.get("Bucket", "")
                    bucket = bucket if host.startswith(bucket + ".") else ""
                    print(prefix + host, service, scheme.get("signingName", signing), region, signed, partition, int(fips), int(dual), account, bucket, op, sep="\t")


main()
