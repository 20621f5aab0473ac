"""Makes the matrix's calls with the AWS CLI: as boto.py.

The CLI runs in this process, since starting it anew for each call would take most
of the time. It shows no headers, and no status.
"""

import base64
import contextlib
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile

from awscli.clidriver import create_clidriver
from botocore import xform_name
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

driver = create_clidriver()


def aws(*args):
    """Runs one command and returns its status and what it wrote."""
    out, err = io.TextIOWrapper(io.BytesIO(), write_through=True), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = driver.main(list(args))
        except SystemExit as e:
            status = e.code
    return status, out.buffer.getvalue().decode(), err.getvalue()


# The operations that write a member of their output into a file.
files = {"GetObject": "Body", "Invoke": "Payload", "InvokeModel": "body", "SelectObjectContent": "Payload"}
lacking = {
    "InvokeWithResponseStream": "It has no command for an operation that answers with a stream of events.",
    "InvokeModelWithResponseStream": "It has no command for an operation that answers with a stream of events.",
    "SubscribeToShard": "It has no command for an operation that answers with a stream of events.",
    "InvokeModelWithBidirectionalStream": "It has no command for an operation that takes a stream of events.",
}


def value(v):
    match v:
        case {"zeros": n}:
            return bytes(n)
        case {"bytes": text}:
            return text.encode()
        case {"base64": text}:
            return base64.b64decode(text)
    return v


def digest(content):
    return {"length": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def spoken(status, out, err):
    """What came of a command."""
    if status == 0:
        return {"status": 0, "output": json.loads(out) if out.strip() else {}}
    found = re.search(r"An error occurred \(([^)]*)\)(?: \(reached max retries: (\d+)\))?", err)
    message = err.strip()
    return {"status": 0, "error": found.group(1) if found else f"exit status {status}", "message": message}


def make(service, operation, input, folder):
    args = ["s3api" if service == "s3" else service, xform_name(operation, "-")]
    input = {name: value(v) for name, v in input.items()}
    for name in list(input):
        if name == "Body" or isinstance(input[name], bytes):
            path = os.path.join(folder, name)
            content = input.pop(name)
            with open(path, "wb") as f:
                f.write(content if isinstance(content, bytes) else content.encode())
            # s3api takes the name of a file; what else takes bytes wants to be told that it is one.
            args += ["--" + xform_name(name, "-"), path if service == "s3" else "fileb://" + path]
    back = os.path.join(folder, "back")
    if operation in files:
        # What names a file to write takes no --cli-input-json.
        for name, v in input.items():
            args += ["--" + xform_name(name, "-"), v if isinstance(v, str) else json.dumps(v)]
        args.append(back)
    else:
        args += ["--no-paginate", "--cli-input-json", json.dumps(input)]
    result = spoken(*aws(*args))
    if operation in files and "error" not in result:
        with open(back, "rb") as f:
            result["output"][files[operation]] = digest(f.read())
    return result


def received(input, folder):
    result = make("sqs", "ReceiveMessage", input, folder)
    if "error" in result:
        return result
    (message,) = result["output"]["Messages"]
    deleted = make("sqs", "DeleteMessage", {"QueueUrl": input["QueueUrl"], "ReceiptHandle": message["ReceiptHandle"]}, folder)
    return deleted if "error" in deleted else result


def command(*args, **more):
    """Runs the command as people do: it reads and writes what it does not close."""
    done = subprocess.run([sys.executable, "-m", "awscli", *args], capture_output=True, **more)
    return spoken(done.returncode, "", done.stderr.decode())


def stream(input, folder):
    return command("s3", "cp", "-", f"s3://{input['Bucket']}/{input['Key']}", input=value(input["Body"]))


def parts(input, folder):
    global driver
    driver = create_clidriver()  # the one that wrote a file goes on writing there
    path = os.path.join(folder, "parts")
    with open(path, "wb") as f:
        f.write(value(input["Body"]))
    for args in ([path, f"s3://{input['Bucket']}/{input['Key']}"], [f"s3://{input['Bucket']}/{input['Key']}", path + ".back"]):
        result = spoken(*(lambda r: (r[0], "", r[2]))(aws("s3", "cp", "--no-progress", *args)))
        if "error" in result:
            return result
    with open(path + ".back", "rb") as f:
        return {"status": 0, "output": digest(f.read())}


def presigned(input, folder):
    status, out, err = aws("s3", "presign", f"s3://{input['Bucket']}/{input['Key']}")
    if status != 0:
        return spoken(status, "", err)
    url = out.strip()
    request = AWSRequest("GET", url).prepare()
    answer = URLLib3Session(verify=os.environ.get("REQUESTS_CA_BUNDLE") or True, proxies=get_environ_proxies(url)).send(request)
    return {"status": answer.status_code, "headers": dict(answer.headers), "output": digest(answer.content)}


def run(case):
    if case["operation"] in lacking:
        return {"lacks": lacking[case["operation"]]}
    with tempfile.TemporaryDirectory() as folder:
        match case.get("how"):
            case "stream":
                return stream(case["input"], folder)
            case "parts":
                return parts(case["input"], folder)
            case "presign":
                return presigned(case["input"], folder)
            case "receive":
                return received(case["input"], folder)
        if case.get("times", 1) > 1:
            return {"lacks": "It makes one call at a time."}
        return make(case["service"], case["operation"], case["input"], folder)


for line in sys.stdin:
    one = json.loads(line)
    print(json.dumps({"name": one["name"], **run(one)}), flush=True)
