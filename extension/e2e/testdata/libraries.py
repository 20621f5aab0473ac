"""Calls S3 with Python's own libraries and requests, signed by botocore's signer:
one line an answer."""

import os
import urllib.error
import urllib.request

import requests
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.session import Session

session = Session()
region = os.environ["AWS_REGION"]


def signed(bucket, key):
    r = AWSRequest("GET", f"https://{bucket}.s3.{region}.amazonaws.com/{key}", headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})
    S3SigV4Auth(session.get_credentials().get_frozen_credentials(), "s3", region).add_auth(r)
    return r.prepare()


# What reads the keys from its environment, as on Lambda it may.
by_hand = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], os.environ["AWS_SESSION_TOKEN"])
r = AWSRequest("GET", f"https://media-eu.s3.{region}.amazonaws.com/in/ten.txt", headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})
S3SigV4Auth(by_hand, "s3", region).add_auth(r)
r = r.prepare()
a = requests.get(r.url, headers=dict(r.headers))
print("by hand", a.status_code, a.text)

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
