"""Presigns with boto3 as it does by default, and fetches its own URLs: see presigned.yaml.

One case a line in, as JSON; one line out, as of boto.py.
"""

import hashlib
import json
import os
import re
import sys

import boto3
from botocore import xform_name
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies


def send(method, url, headers, body):
    if "AWSAccessKeyId=" not in url:
        raise ValueError("not presigned by version 2: " + url)
    request = AWSRequest(method, url, headers=headers, data=body).prepare()
    session = URLLib3Session(verify=os.environ.get("REQUESTS_CA_BUNDLE") or True, proxies=get_environ_proxies(url))
    return session.send(request)


methods = {"Put": "PUT", "Get": "GET", "Head": "HEAD", "List": "GET", "Copy": "PUT", "Delete": "DELETE", "Upload": "PUT", "Create": "POST", "Complete": "POST"}


def make(s3, operation, input, seconds, headers=(), body=None, change=None):
    url = s3.generate_presigned_url(xform_name(operation), input, ExpiresIn=seconds)
    url = url.replace("?uploads&", "?uploads=&")  # without which MinIO does not read the parameter
    if change:
        url = url.replace(*change)
    return send(methods[re.match("[A-Z][a-z]+", operation)[0]], url, dict(headers), body)


def parts(s3, input, seconds, body):
    begun = make(s3, "CreateMultipartUpload", input, seconds)
    upload = re.search(b"<UploadId>(.*?)</UploadId>", begun.content)[1].decode()
    part = make(s3, "UploadPart", {**input, "UploadId": upload, "PartNumber": 1}, seconds, body=body)
    done = f'<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{part.headers["ETag"]}</ETag></Part></CompleteMultipartUpload>'
    return make(s3, "CompleteMultipartUpload", {**input, "UploadId": upload}, seconds, body=done)


def run(case):
    input = case["input"]
    sent, how = input.pop("$send"), input.pop("$how")
    style = {"addressing_style": how["style"]} if how["style"] else {}
    s3 = boto3.client("s3", config=Config(s3=style))
    body = sent["body"].encode() if sent["body"] else None
    if case.get("how") == "parts":
        answer = parts(s3, input, how["seconds"], body)
    else:
        answer = make(s3, case["operation"], input, how["seconds"], sent["headers"].items(), body, how["change"])
    result = {"status": answer.status_code}
    if answer.status_code < 300 and how["shown"]:
        result["headers"], result["output"] = dict(answer.headers), hashlib.sha256(answer.content).hexdigest()
    if b"(remit d-" in answer.content:
        result["error"] = re.search(b"<Code>(.*?)</Code>", answer.content)[1].decode()
        result["message"] = re.search(b"<Message>(.*?)</Message>", answer.content)[1].decode()
    return result


for line in sys.stdin:
    one = json.loads(line)
    try:
        print(json.dumps({"name": one["name"], **run(one)}), flush=True)
    except Exception as e:
        print(json.dumps({"name": one["name"], "error": type(e).__name__, "message": str(e)}), flush=True)
