"""What the tests run on the emulator that take something of Remit away."""

import time

import boto3

print("the function is loaded", flush=True)


def handler(event, context):
    if "wait" in event:
        print("the function waits", flush=True)
        time.sleep(event["wait"])
    try:
        got = boto3.client("s3").get_object(Bucket="media-eu", Key="in/ten.txt")["Body"].read().decode()
    except Exception as e:
        got = f"{type(e).__name__}: {e}"
    print("the function got", got, flush=True)
    return got
