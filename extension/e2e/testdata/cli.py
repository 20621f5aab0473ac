"""Makes calls with the AWS CLI: one JSON object a line in, one a line out.

As boto.py. The CLI runs in this process, since starting it anew for each call
would take most of the time.
"""

import base64
import contextlib
import filecmp
import functools
import io
import json
import operator
import os
import re
import sys
import tempfile

from awscli.clidriver import create_clidriver
from botocore import xform_name


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


outputs = {}

# The operations that write a member of their output into a file.
files = {"GetObject": "Body", "Invoke": "Payload"}


def value(v):
    match v:
        case {"zeros": n}:
            return bytes(n)
        case {"bytes": text}:
            return text.encode()
        case {"from": path}:
            return functools.reduce(operator.getitem, path, outputs)
        case {"bytesFrom": path}:
            return base64.b64decode(value({"from": path}))
        case dict():
            return {name: value(member) for name, member in v.items()}
        case list():
            return [value(element) for element in v]
    return v


def call(service, operation, input, folder):
    if operation == "Transfer":
        return transfer(**input)
    args = ["s3api" if service == "s3" else service, xform_name(operation, "-")]
    input = value(input)
    for name, bytes_ in [(n, v) for n, v in input.items() if n == "Body" or isinstance(v, bytes)]:
        path = os.path.join(folder, name)
        with open(path, "wb") as f:
            f.write(bytes_ if isinstance(bytes_, bytes) else bytes_.encode())
        # s3api takes the name of a file; what else takes bytes wants to be told that it is one.
        args += ["--" + xform_name(name, "-"), path if name == "Body" else "fileb://" + path]
        del input[name]
    back = os.path.join(folder, "back")
    if operation in files:
        # What names a file to write takes no --cli-input-json.
        for name, v in input.items():
            args += ["--" + xform_name(name, "-"), v]
        args.append(back)
    else:
        args += ["--no-paginate", "--cli-input-json", json.dumps(input)]
    status, out, err = aws(*args)
    if status != 0:
        return status, err
    output = json.loads(out) if out.strip() else {}
    if operation in files:
        with open(back) as f:
            output[files[operation]] = f.read()
    return 0, output


def transfer(Bucket, Key, Path):
    for args in ([Path, f"s3://{Bucket}/{Key}"], [f"s3://{Bucket}/{Key}", Path + ".back"]):
        status, _, err = aws("s3", "cp", "--no-progress", *args)
        if status != 0:
            return status, err
    return 0, {"Same": filecmp.cmp(Path, Path + ".back", shallow=False)}


for line in sys.stdin:
    case = json.loads(line)
    result = {"name": case["name"]}
    try:
        with tempfile.TemporaryDirectory() as folder:
            status, output = call(case["service"], case["operation"], case["input"], folder)
    except LookupError as e:  # what the call is made from is not there
        status, output = 1, str(e)
    if status == 0:
        result["output"] = outputs[case["name"]] = output
    else:
        found = re.search(r"An error occurred \(([^)]*)\)", output)
        result["error"] = found.group(1) if found else f"exit status {status}"
        result["message"] = output
    print(json.dumps(result), flush=True)
