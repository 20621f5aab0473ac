"""Makes the matrix's calls with boto3: see cases.yaml.

One case a line in, as JSON; one line out: {name, status, headers, output,
attempts}, and error and message if it failed. What a stream had in it is told by
its length and hash.
"""

import base64
import concurrent.futures
import hashlib
import io
import json
import os
import sys
import traceback

import boto3
from boto3.s3.transfer import TransferConfig
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError, UnknownServiceError
from botocore.httpsession import URLLib3Session
from botocore.awsrequest import AWSRequest
from botocore.utils import get_environ_proxies

clients = {}


def client(service):
    if service not in clients:
        clients[service] = boto3.client(service, config=Config(max_pool_connections=200))
    return clients[service]


def value(v):
    if isinstance(v, dict):
        if "zeros" in v:
            return bytes(v["zeros"])
        if "bytes" in v:
            return v["bytes"].encode()
        if "base64" in v:
            return base64.b64decode(v["base64"])
        return {name: value(member) for name, member in v.items()}
    return v


class Unseekable(io.RawIOBase):
    """What can be read once, and nothing else."""

    def __init__(self, content):
        self.rest = io.BytesIO(content)

    def readable(self):
        return True

    def readinto(self, b):
        return self.rest.readinto(b)


def digest(content):
    return {"length": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def plain(output):
    """Reads what is streamed, and makes of bytes what JSON has."""
    if hasattr(output, "read"):
        return digest(output.read())
    if hasattr(output, "close") and hasattr(output, "__iter__"):  # events
        return [plain(event) for event in output]
    if isinstance(output, bytes):
        return digest(output)
    if isinstance(output, dict):
        return {name: plain(member) for name, member in output.items()}
    if isinstance(output, list):
        return [plain(element) for element in output]
    return output if isinstance(output, (str, int, float, bool, type(None))) else str(output)


def make(case):
    input = value(case["input"])
    if case.get("how") == "stream":
        input["Body"] = Unseekable(input["Body"])
    return getattr(client(case["service"]), xform_name(case["operation"]))(**input)


def received(case):
    """Receives a message, and deletes it by its handle."""
    output = make(case)
    queue, (message,) = case["input"]["QueueUrl"], output["Messages"]
    client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return output


def parts(case):
    input = value(case["input"])
    where = {"Bucket": input["Bucket"], "Key": input["Key"]}
    config = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20, max_concurrency=4)
    client("s3").upload_fileobj(io.BytesIO(input["Body"]), Config=config, **where)
    back = io.BytesIO()
    client("s3").download_fileobj(Fileobj=back, Config=config, **where)
    return digest(back.getvalue())


def presigned(case):
    url = client(case["service"]).generate_presigned_url(xform_name(case["operation"]), value(case["input"]))
    request = AWSRequest("GET", url).prepare()
    answer = URLLib3Session(verify=os.environ.get("REQUESTS_CA_BUNDLE") or True, proxies=get_environ_proxies(url)).send(request)
    return answer.status_code, dict(answer.headers), digest(answer.content)


def run(case):
    result = {"name": case["name"]}
    try:
        client(case["service"])
    except UnknownServiceError:
        return {**result, "lacks": "no such service"}
    try:
        how = case.get("how")
        if how == "parts":
            result["status"], result["output"] = 200, parts(case)
        elif how == "presign":
            result["status"], result["headers"], result["output"] = presigned(case)
        elif case.get("times", 1) > 1:
            with concurrent.futures.ThreadPoolExecutor(case["times"]) as pool:
                all = list(pool.map(lambda _: json.dumps(plain(make(case)["Body"])), range(case["times"])))
            result["status"], result["output"] = 200, {"different": sorted(set(all)), "times": len(all)}
        elif how == "stream" and boto3.__version__ < "1.36":  # which began to send checksums behind
            result["lacks"] = "a body has to be read twice"
        elif not hasattr(client(case["service"]), xform_name(case["operation"])):
            result["lacks"] = "no such operation"
        elif set(case["input"]) - set(client(case["service"]).meta.service_model.operation_model(case["operation"]).input_shape.members):
            result["lacks"] = "no such member"
        else:
            output = received(case) if how == "receive" else make(case)
            answer = output.pop("ResponseMetadata")
            result["output"] = plain(output)
            result["status"], result["headers"] = answer["HTTPStatusCode"], answer["HTTPHeaders"]
            result["attempts"] = answer["RetryAttempts"] + 1
    except ClientError as e:
        answer = e.response["ResponseMetadata"]
        result.update(error=e.response["Error"]["Code"], message=e.response["Error"].get("Message", ""), type=type(e).__name__)
        result.update(status=answer["HTTPStatusCode"], headers=answer["HTTPHeaders"], attempts=answer["RetryAttempts"] + 1)
    except Exception as e:  # a failure of the test's, told by its name
        traceback.print_exc()
        result.update(error=type(e).__name__, message=str(e))
    return result


for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
