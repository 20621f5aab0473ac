"""Calls S3 with Python's own libraries and requests, signed by botocore's signer:
one line an answer."""

import os
import urllib.error
import urllib.request

import requests
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.session import Session

session = Session()
region = os.environ["AWS_REGION"]


def signed(bucket, key):
    r = AWSRequest("GET", f"https://{bucket}.s3.{region}.amazonaws.com/{key}", headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})
    S3SigV4Auth(session.get_credentials().get_frozen_credentials(), "s3", region).add_auth(r)
    return r.prepare()


for bucket in ("media-eu", "billing-eu"):
    r = signed(bucket, "in/ten.txt")
    a = requests.get(r.url, headers=dict(r.headers))
    print("requests", a.status_code, a.text if a.ok else "(remit d-" in a.text)
    r = signed(bucket, "in/ten.txt")
    try:
        with urllib.request.urlopen(urllib.request.Request(r.url, headers=dict(r.headers))) as a:
            print("urllib", a.status, a.read().decode())
    except urllib.error.HTTPError as e:
        print("urllib", e.code, "(remit d-" in e.read().decode())
