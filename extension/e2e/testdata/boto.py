"""Makes calls with boto3: one JSON object a line in, one a line out.

A call is {name, service, operation, input}; what came of it is {name, output}
or {name, error, message}, error being the code of the ClientError.
"""

import filecmp
import json
import sys

import boto3
from boto3.s3.transfer import TransferConfig
from botocore import xform_name
from botocore.exceptions import ClientError

clients = {}


def client(service):
    if service not in clients:
        clients[service] = boto3.client(service)
    return clients[service]


def body(value):
    return bytes(value["zeros"]) if isinstance(value, dict) else value.encode()


def call(service, operation, input):
    if operation == "Transfer":
        return transfer(**input)
    if "Body" in input:
        input["Body"] = body(input["Body"])
    output = getattr(client(service), xform_name(operation))(**input)
    if "Body" in output:
        output["Body"] = output["Body"].read().decode()
    return output


def transfer(Bucket, Key, Path):
    config = TransferConfig(multipart_threshold=16 << 20, multipart_chunksize=16 << 20, max_concurrency=4)
    client("s3").upload_file(Path, Bucket, Key, Config=config)
    client("s3").download_file(Bucket, Key, Path + ".back", Config=config)
    return {"Same": filecmp.cmp(Path, Path + ".back", shallow=False)}


for line in sys.stdin:
    case = json.loads(line)
    result = {"name": case["name"]}
    try:
        result["output"] = call(case["service"], case["operation"], case["input"])
    except ClientError as e:
        result["error"] = e.response["Error"]["Code"]
        result["message"] = str(e)
    except Exception as e:  # anything else is a failure of the test's, told by its name
        result["error"] = type(e).__name__
        result["message"] = str(e)
    print(json.dumps(result, default=str), flush=True)
