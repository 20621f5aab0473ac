"""Calls S3 in every way that Python has, with requests that botocore's signer has signed: one
line an answer. Its arguments are the ways; "all" are those that need nothing installed."""

import asyncio
import http.client
import os
import ssl
import subprocess
import sys

import certifi
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.session import Session

region = os.environ["AWS_REGION"]
session = Session()
keys = session.get_credentials().get_frozen_credentials()


def signed(bucket):
    host = f"{bucket}.s3.{region}.amazonaws.com"
    r = AWSRequest("GET", f"https://{host}/in/ten.txt", headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD", "Host": host})
    S3SigV4Auth(keys, "s3", region).add_auth(r)
    r = r.prepare()
    return host, r.url, {k: v.decode() if isinstance(v, bytes) else v for k, v in r.headers.items()}


def certifis(strict=False):
    context = ssl.create_default_context(cafile=certifi.where())
    if strict:
        context.verify_flags |= ssl.VERIFY_X509_STRICT | getattr(ssl, "VERIFY_X509_PARTIAL_CHAIN", 0)
    return context


def urllib3_bare(host, url, headers):
    import urllib3

    r = urllib3.PoolManager(retries=False).request("GET", url, headers=headers)
    return r.status, r.data


def urllib3_certifi(host, url, headers):
    import urllib3

    r = urllib3.PoolManager(retries=False, ca_certs=certifi.where()).request("GET", url, headers=headers)
    return r.status, r.data


def httpclient(host, url, headers, context=None):
    c = http.client.HTTPSConnection(host, timeout=20, context=context)
    c.request("GET", "/in/ten.txt", headers=headers)
    r = c.getresponse()
    return r.status, r.read()


def httpclient_certifi(host, url, headers):
    return httpclient(host, url, headers, certifis())


def httpclient_strict(host, url, headers):
    return httpclient(host, url, headers, certifis(strict=True))


def tunnelled_certifi(host, url, headers):
    c = http.client.HTTPSConnection(*os.environ["REMIT_PROXY"].split(":"), timeout=20, context=certifis())
    c.set_tunnel(host, 443)
    c.request("GET", "/in/ten.txt", headers=headers)
    r = c.getresponse()
    return r.status, r.read()


def requests_certifi(host, url, headers):
    import requests

    r = requests.get(url, headers=headers, verify=certifi.where())
    return r.status_code, r.content


def requests_alone(host, url, headers):
    import requests

    s = requests.Session()
    s.trust_env = False
    r = s.get(url, headers=headers)
    return r.status_code, r.content


def boto_certifi(host, url, headers):
    from botocore.exceptions import ClientError

    s3 = session.create_client("s3", region_name=region, verify=certifi.where())
    try:
        return 200, s3.get_object(Bucket=host.split(".")[0], Key="in/ten.txt")["Body"].read()
    except ClientError as e:
        return e.response["ResponseMetadata"]["HTTPStatusCode"], str(e).encode()


async def stream(host, url, headers):
    r, w = await asyncio.open_connection(host, 443, ssl=certifis())
    lines = ["GET /in/ten.txt HTTP/1.1"] + [f"{k}: {v}" for k, v in headers.items()] + ["Connection: close", "", ""]
    w.write("\r\n".join(lines).encode())
    answer = await r.read()
    w.close()
    return int(answer.split()[1]), answer.partition(b"\r\n\r\n")[2]


async def aiohttp_bare(host, url, headers, **kw):
    import aiohttp

    connector = aiohttp.TCPConnector(resolver=kw.pop("resolver", aiohttp.ThreadedResolver)(), ssl=kw.pop("ssl", True))
    async with aiohttp.ClientSession(connector=connector, **kw) as c, c.get(url, headers=headers) as r:
        return r.status, await r.read()


async def aiohttp_aiodns(host, url, headers):
    import aiohttp

    return await aiohttp_bare(host, url, headers, resolver=aiohttp.AsyncResolver)


async def aiohttp_certifi(host, url, headers):
    return await aiohttp_bare(host, url, headers, ssl=certifis())


async def aiohttp_environ(host, url, headers):
    return await aiohttp_bare(host, url, headers, trust_env=True)


async def aiobotocore(host, url, headers, **kw):
    from aiobotocore.session import get_session
    from botocore.exceptions import ClientError

    async with get_session().create_client("s3", region_name=region, **kw) as s3:
        try:
            got = await s3.get_object(Bucket=host.split(".")[0], Key="in/ten.txt")
            async with got["Body"] as body:
                return 200, await body.read()
        except ClientError as e:
            return e.response["ResponseMetadata"]["HTTPStatusCode"], str(e).encode()


async def aiobotocore_certifi(host, url, headers):
    return await aiobotocore(host, url, headers, verify=certifi.where())


def httpx_sync(host, url, headers, **kw):
    import httpx

    with httpx.Client(**kw) as c:
        r = c.get(url, headers=headers)
        return r.status_code, r.content


def httpx_alone(host, url, headers):
    return httpx_sync(host, url, headers, trust_env=False)


async def httpx_async(host, url, headers, **kw):
    import httpx

    async with httpx.AsyncClient(**kw) as c:
        r = await c.get(url, headers=headers)
        return r.status_code, r.content


async def httpx_async_alone(host, url, headers):
    return await httpx_async(host, url, headers, trust_env=False)


async def httpx_async_certifi(host, url, headers):
    return await httpx_async(host, url, headers, verify=certifis())


async def anyio_tls(host, url, headers):
    import anyio

    async with await anyio.connect_tcp(host, 443, ssl_context=certifis(), tls_standard_compatible=False) as s:
        lines = ["GET /in/ten.txt HTTP/1.1"] + [f"{k}: {v}" for k, v in headers.items()] + ["Connection: close", "", ""]
        await s.send("\r\n".join(lines).encode())
        answer = b""
        try:
            while True:
                answer += await s.receive()
        except anyio.EndOfStream:
            pass
        return int(answer.split()[1]), answer.partition(b"\r\n\r\n")[2]


def told(what):
    try:
        status, body = what()
        return f"{status} {body.decode() if status == 200 else b'(remit d-' in body}"
    except Exception as e:
        return repr(e)


def forked(queue, args):
    queue.put(told(lambda: httpclient_certifi(*args)))


def multiprocess(method):
    import multiprocessing

    def way(*args):
        context = multiprocessing.get_context(method)
        queue = context.SimpleQueue()
        p = context.Process(target=forked, args=(queue, args))
        p.start()
        status, _, body = queue.get().partition(" ")
        p.join()
        return int(status), body.encode() if status == "200" else b"(remit d-"

    way.__name__ = method
    return way


ways = [urllib3_bare, urllib3_certifi, httpclient, httpclient_certifi, httpclient_strict, tunnelled_certifi]
ways += [requests_certifi, requests_alone, boto_certifi, stream, multiprocess("fork"), multiprocess("spawn")]
asyncs = [aiohttp_bare, aiohttp_certifi, aiohttp_environ, aiohttp_aiodns, aiobotocore, aiobotocore_certifi]
asyncs += [httpx_sync, httpx_alone, httpx_async, httpx_async_alone, httpx_async_certifi, anyio_tls, stream]

if __name__ == "__main__":
    uv = None
    if sys.argv[1] == "uvloop":
        import uvloop as uv

        asyncs = [w for w in asyncs if asyncio.iscoroutinefunction(w)]
    for way in ways if sys.argv[1] == "all" else asyncs:
        for bucket in "media-eu", "billing-eu":
            args = signed(bucket)
            if asyncio.iscoroutinefunction(way):
                print(way.__name__, told(lambda: uv.run(way(*args)) if uv else asyncio.run(way(*args))))
            else:
                print(way.__name__, told(lambda: way(*args)))
    if sys.argv[1] == "all":
        child = "import http.client, sys; c = http.client.HTTPSConnection(sys.argv[1]); c.request('GET', '/'); print('child', c.getresponse().status)"
        sys.stdout.flush()
        os.environ["PYTHONPATH"] = os.environ.get("PYTHONPATH", "")  # as Lambda's bootstrap.py sets it
        subprocess.run([sys.executable, "-c", child, f"media-eu.s3.{region}.amazonaws.com"])
