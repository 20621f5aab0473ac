"""Makes calls with boto3 that are all denied: see denysdk_test.go.

Reads a list of {endpoint, service, operation, input}, and writes one of {code,
message, type}: what the ClientError says, and its class. Calls go side by side,
since those that are tried again wait first.
"""

import concurrent.futures
import json
import sys
import threading

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError

session = boto3.session.Session()
known = session.get_available_services()
making = threading.Lock()  # of clients, which is not for threads


def call(one):
    if one["service"] not in known:
        return {"skipped": True}
    # Its host begins with the account, and such a name nobody resolves here.
    proxies = {"http": one["endpoint"]} if one["service"] == "s3control" else None
    config = Config(retries={"total_max_attempts": 2}, inject_host_prefix=False, proxies=proxies, s3={"addressing_style": "path"})
    with making:
        client = session.client(one["service"], endpoint_url=one["endpoint"], config=config)
    try:
        getattr(client, botocore.xform_name(one["operation"]))(**one["input"] or {})
    except ClientError as e:
        return {"code": e.response["Error"]["Code"], "message": e.response["Error"].get("Message", ""), "type": type(e).__name__}
    except Exception as e:
        return {"code": "", "message": repr(e), "type": type(e).__name__}
    return {"code": "", "message": "no error", "type": ""}


calls = json.load(sys.stdin)
with concurrent.futures.ThreadPoolExecutor(32) as pool:
    json.dump(list(pool.map(call, calls)), sys.stdout)
