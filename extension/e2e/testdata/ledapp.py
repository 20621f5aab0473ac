"""A function whose calls heed no variable, with a module from a layer."""

import os

import ofalayer
import ways


def handler(event, context):
    got = [ofalayer.name, os.environ["PYTHONPATH"]]
    for way in ways.urllib3_certifi, ways.httpclient, ways.requests_alone, ways.multiprocess("fork"):
        for bucket in "media-eu", "billing-eu":
            args = ways.signed(bucket)
            got.append(ways.told(lambda: way(*args)))
    return got
