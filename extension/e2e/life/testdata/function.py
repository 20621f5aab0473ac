"""What the tests run on the emulator to see a function live and die. Its kin in
this directory do the same in other languages: an event says what to do, and the
answer has which invocation of this start it is, whether the execution role's
key is in the environment, and what the event wanted to have back, or what came of
the call that it wanted to be made."""

import os
import time

invocations = 0
client = None


def call(event):
    """Asks S3 for a key, with a client that is made once. "refresh" has it ask for
    credentials again first, with the bearer token that it holds. Where SDKs
    are behind their language's runtime, "trace" has the call carry the
    invocation's trace id; boto3 is not."""
    global client
    import boto3
    from botocore.exceptions import ClientError

    if client is None:
        client = boto3.client("s3")
    if event.get("refresh"):
        client._request_signer._credentials._protected_refresh(is_mandatory=True)
    try:
        return client.get_object(Bucket="media-eu", Key=event["key"])["Body"].read().decode() + "granted"
    except ClientError as e:
        return e.response["Error"]["Code"]


if os.environ.get("INIT") == "raise":
    raise RuntimeError("not started on purpose")
if os.environ.get("INIT") == "call":
    print("at the start:", call({"key": "in/start"}), flush=True)
print("the function is loaded", flush=True)


def handler(event, context):
    global invocations
    invocations += 1
    echo = event.get("echo")
    match event["do"]:
        case "tenant":
            echo = context.tenant_id
        case "call":
            echo = call(event)
        case "raise":
            raise ValueError("raised on purpose")
        case "exit":
            os._exit(3)
        case "sleep":
            print("the function waits", flush=True)
            time.sleep(event.get("seconds", 60))
        case "squat":
            # Outlives this runtime, and has the extension's socket once that is gone.
            if os.fork() == 0:
                os.setsid()
                import socket

                s = socket.socket(socket.AF_UNIX)
                while True:
                    try:
                        s.bind("\0remit:" + os.readlink("/proc/self/ns/pid").strip("pid:[]"))
                        s.listen(1)
                        print("the socket is taken", flush=True)
                        time.sleep(600)
                    except OSError:
                        time.sleep(0.0002)
            time.sleep(0.3)  # until that is in a group of its own, which Lambda does not end
            os._exit(3)
    return {"invocation": invocations, "key": not os.environ.get("AWS_ACCESS_KEY_ID", "ASIAREMIT").startswith("ASIAREMIT"), "echo": echo}
