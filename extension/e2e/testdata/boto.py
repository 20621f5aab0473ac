"""Makes calls with boto3: one JSON object a line in, one a line out.

A call is {name, service, operation, input}; what came of it is {name, output}
or {name, error, message}, error being the code of the ClientError. In an input,
{"zeros": n} are n bytes, {"bytes": "text"} those of a text, {"from": [name,
member, ...]} is a member of an earlier call's output, and {"bytesFrom": ...} the
bytes of one that is some. Bytes in an output are in base64. A call that has an
"as" is made under the credentials that the call of that name was answered with.

The operation Request of a service is a call that no client has, made with
requests and signed by botocore for that service.
"""

import base64
import filecmp
import functools
import json
import operator
import sys

import boto3
import requests
from boto3.s3.transfer import TransferConfig
from botocore import xform_name
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError

clients, outputs = {}, {}


def client(service, under=None):
    if (service, under) not in clients:
        keys = {}
        if under:
            issued = outputs[under]["Credentials"]
            keys = {
                "aws_access_key_id": issued["AccessKeyId"],
                "aws_secret_access_key": issued["SecretAccessKey"],
                "aws_session_token": issued["SessionToken"],
            }
        clients[service, under] = boto3.client(service, **keys)
    return clients[service, under]


def value(v):
    match v:
        case {"zeros": n}:
            return bytes(n)
        case {"bytes": text}:
            return text.encode()
        case {"from": path}:
            return functools.reduce(operator.getitem, path, outputs)
        case {"bytesFrom": path}:
            return base64.b64decode(value({"from": path}))
        case dict():
            return {name: value(member) for name, member in v.items()}
        case list():
            return [value(element) for element in v]
    return v


def call(service, operation, input, under=None):
    if operation == "Transfer":
        return transfer(**input)
    if operation == "Request":
        return request(service, **input)
    output = getattr(client(service, under), xform_name(operation))(**value(input))
    for name in "Body", "Payload":
        if name in output:
            output[name] = output[name].read().decode()
    return output


def request(service, Method, URL, Body=None, Headers=None):
    session = boto3.Session()
    r = AWSRequest(Method, URL, Headers or {}, Body)
    SigV4Auth(session.get_credentials().get_frozen_credentials(), service, session.region_name).add_auth(r)
    answer = requests.request(Method, URL, data=Body, headers=dict(r.headers), timeout=30)
    if answer.status_code == 200:
        return {"Body": answer.text}
    error = answer.json().get("errors", [answer.json()])[0]
    code = answer.headers.get("x-amzn-errortype") or error["errorType"]
    raise ClientError({"Error": {"Code": code, "Message": error["message"]}}, "Request")


def transfer(Bucket, Key, Path):
    config = TransferConfig(multipart_threshold=16 << 20, multipart_chunksize=16 << 20, max_concurrency=4)
    client("s3").upload_file(Path, Bucket, Key, Config=config)
    client("s3").download_file(Bucket, Key, Path + ".back", Config=config)
    return {"Same": filecmp.cmp(Path, Path + ".back", shallow=False)}


def plain(v):
    return base64.b64encode(v).decode() if isinstance(v, bytes) else str(v)


for line in sys.stdin:
    case = json.loads(line)
    result = {"name": case["name"]}
    try:
        result["output"] = outputs[case["name"]] = json.loads(
            json.dumps(call(case["service"], case["operation"], case["input"], case.get("as")), default=plain)
        )
    except ClientError as e:
        result["error"] = e.response["Error"]["Code"]
        result["message"] = str(e)
    except Exception as e:  # anything else is a failure of the test's, told by its name
        result["error"] = type(e).__name__
        result["message"] = str(e)
    print(json.dumps(result), flush=True)
