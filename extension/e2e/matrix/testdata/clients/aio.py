"""Makes the matrix's calls with aiobotocore: see cases.yaml, and boto.py for what comes out.

All is done in one loop, as in a function that is one coroutine.
"""

import asyncio
import base64
import contextlib
import hashlib
import io
import json
import os
import ssl
import sys
import traceback

import aiohttp
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore import xform_name
from botocore.exceptions import ClientError

clients = {}


async def client(stack, service):
    if service not in clients:
        clients[service] = await stack.enter_async_context(get_session().create_client(service, config=AioConfig(max_pool_connections=200)))
    return clients[service]


def value(v):
    if not isinstance(v, dict):
        return v
    if "zeros" in v:
        return bytes(v["zeros"])
    if "bytes" in v:
        return v["bytes"].encode()
    if "base64" in v:
        return base64.b64decode(v["base64"])
    return {name: value(member) for name, member in v.items()}


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


async def plain(output):
    if hasattr(output, "read"):
        async with output as body:
            return digest(await body.read())
    if hasattr(output, "__aiter__"):  # events
        return [await plain(event) async for event in output]
    if isinstance(output, bytes):
        return digest(output)
    if isinstance(output, dict):
        return {name: await plain(member) for name, member in output.items()}
    if isinstance(output, list):
        return [await plain(element) for element in output]
    return output if isinstance(output, (str, int, float, bool, type(None))) else str(output)


async def make(c, case):
    input = value(case["input"])
    if case.get("how") == "stream":
        input["Body"] = Unseekable(input["Body"])
    return await getattr(c, xform_name(case["operation"]))(**input)


async def received(c, case):
    output = await make(c, case)
    (message,) = output["Messages"]
    await c.delete_message(QueueUrl=case["input"]["QueueUrl"], ReceiptHandle=message["ReceiptHandle"])
    return output


async def presigned(c, case):
    url = await c.generate_presigned_url(xform_name(case["operation"]), value(case["input"]))
    ca = os.environ.get("REQUESTS_CA_BUNDLE")
    context = ssl.create_default_context(cafile=ca) if ca else True
    async with aiohttp.ClientSession(trust_env=True) as s, s.get(url, ssl=context, headers={"Accept-Encoding": "identity"}) as r:
        return r.status, dict(r.headers), digest(await r.read())


async def run(stack, case):
    result, how = {"name": case["name"]}, case.get("how")
    try:
        c = await client(stack, case["service"])
        if how == "parts":
            result["lacks"] = "it has no manager of transfers"
        elif not hasattr(c, xform_name(case["operation"])):
            result["lacks"] = "no such operation"
        elif how == "presign":
            result["status"], result["headers"], result["output"] = await presigned(c, case)
        elif case.get("times", 1) > 1:

            async def one():
                return json.dumps(await plain((await make(c, case))["Body"]))

            all = await asyncio.gather(*[one() for _ in range(case["times"])])
            result["status"], result["output"] = 200, {"different": sorted(set(all)), "times": len(all)}
        else:
            output = await (received if how == "receive" else make)(c, case)
            answer = output.pop("ResponseMetadata")
            result["output"] = await plain(output)
            result["status"], result["headers"] = answer["HTTPStatusCode"], answer["HTTPHeaders"]
            result["attempts"] = answer["RetryAttempts"] + 1
    except ClientError as e:
        answer = e.response["ResponseMetadata"]
        result.update(error=e.response["Error"]["Code"], message=e.response["Error"].get("Message", ""), type=type(e).__name__)
        result.update(status=answer["HTTPStatusCode"], headers=answer["HTTPHeaders"], attempts=answer["RetryAttempts"] + 1)
    except Exception as e:
        traceback.print_exc()
        result.update(error=type(e).__name__, message=str(e))
    return result


async def main():
    async with contextlib.AsyncExitStack() as stack:
        for line in sys.stdin:
            print(json.dumps(await run(stack, json.loads(line))), flush=True)


asyncio.run(main())
