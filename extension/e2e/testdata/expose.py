"""Signs inside the function, with boto3, what is used elsewhere.

Prints one JSON object: "urls" are presigned GETs of the objects of a bucket that
are named on the command line, "defaults" the same as boto3 makes them if nobody says
otherwise, by Signature Version 2, "put" is a presigned PUT of the first of them, and
"identity" is a presigned GetCallerIdentity; "token" logs in to a database.
"""

import json
import sys

import boto3
from botocore.config import Config

bucket, *keys = sys.argv[1:]
s3 = boto3.client("s3", config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))
params = [{"Bucket": bucket, "Key": key} for key in keys]
json.dump(
    {
        "urls": {p["Key"]: s3.generate_presigned_url("get_object", Params=p, ExpiresIn=300) for p in params},
        "defaults": {p["Key"]: boto3.client("s3").generate_presigned_url("get_object", Params=p, ExpiresIn=300) for p in params},
        "put": s3.generate_presigned_url("put_object", Params=params[0], ExpiresIn=300),
        "identity": boto3.client("sts").generate_presigned_url("get_caller_identity", ExpiresIn=300),
        "token": boto3.client("rds").generate_db_auth_token("orders.cluster-abc.eu-west-1.rds.amazonaws.com", 5432, "app"),
    },
    sys.stdout,
)
