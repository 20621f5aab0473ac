"""Makes calls with the AWS CLI: one JSON object a line in, one a line out.

As boto.py. The CLI runs in this process, since starting it anew for each call
would take most of the time.
"""

import contextlib
import filecmp
import io
import json
import os
import re
import sys
import tempfile

from awscli.clidriver import create_clidriver
from botocore import xform_name


def aws(*args):
    """Runs one command and returns its status and what it wrote."""
    out, err = io.TextIOWrapper(io.BytesIO(), write_through=True), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = create_clidriver().main(list(args))
        except SystemExit as e:
            status = e.code
    return status, out.buffer.getvalue().decode(), err.getvalue()


def call(service, operation, input, folder):
    if operation == "Transfer":
        return transfer(**input)
    args = ["s3api" if service == "s3" else service, xform_name(operation, "-")]
    body, back = input.pop("Body", None), os.path.join(folder, "back")
    if body is not None:
        path = os.path.join(folder, "body")
        with open(path, "wb") as f:
            f.write(bytes(body["zeros"]) if isinstance(body, dict) else body.encode())
        args += ["--body", path]
    if operation == "GetObject":
        # What names a file to write takes no --cli-input-json.
        for name, value in input.items():
            args += ["--" + xform_name(name, "-"), value]
        args.append(back)
    else:
        args += ["--no-paginate", "--cli-input-json", json.dumps(input)]
    status, out, err = aws(*args)
    if status != 0:
        return status, err
    output = json.loads(out) if out.strip() else {}
    if operation == "GetObject":
        with open(back) as f:
            output["Body"] = f.read()
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
    with tempfile.TemporaryDirectory() as folder:
        status, output = call(case["service"], case["operation"], case["input"], folder)
    if status == 0:
        result["output"] = output
    else:
        found = re.search(r"An error occurred \(([^)]*)\)", output)
        result["error"] = found.group(1) if found else f"exit status {status}"
        result["message"] = output
    print(json.dumps(result), flush=True)
