"""Uses two directory buckets, as boto3 does of itself: sessions and all."""
import json
import sys

import boto3
import botocore.exceptions
from botocore.config import Config

way, address = sys.argv[1:]
config = {"retries": {"total_max_attempts": 1}}
kwargs = {"endpoint_url": "http://" + address}
if way == "proxy":  # without TLS, so that the whole URL comes to the proxy
    config["proxies"] = {"http": "http://" + address}
    kwargs = {"use_ssl": False}
s3 = boto3.client("s3", config=Config(**config), **kwargs)
outcomes = {}


def attempt(name, operation, **members):
    try:
        answer = operation(**members)
        outcomes[name] = answer["Body"].read().decode() if "Body" in answer else "ok"
    except botocore.exceptions.ClientError as e:
        outcomes[name] = e.response["Error"]["Code"]


media, work = "media--euw1-az1--x-s3", "work--euw1-az1--x-s3"
attempt("put", s3.put_object, Bucket=work, Key="out/a b", Body=b"hello")
attempt("get", s3.get_object, Bucket=work, Key="in/a b")
attempt("get of a bucket to read", s3.get_object, Bucket=media, Key="in/a")
attempt("get elsewhere", s3.get_object, Bucket=work, Key="a")
attempt("put in a bucket to read", s3.put_object, Bucket=media, Key="in/a", Body=b"x")
attempt("copy", s3.copy_object, Bucket=work, Key="out/c", CopySource={"Bucket": work, "Key": "in/a"})
attempt("another bucket", s3.get_object, Bucket="other--euw1-az1--x-s3", Key="in/a")
attempt("delete", s3.delete_bucket, Bucket=work)
print(json.dumps(outcomes))
