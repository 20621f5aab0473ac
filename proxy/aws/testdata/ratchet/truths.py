#!/usr/bin/env python3
"""Has botocore send the requests of truths.txt: lines as walk.py writes them.

    truths.py OUT.jsonl.gz

The n-th truth's lines carry n as their variant: one for the service's own host,
and, unless the truth names a host, one for an endpoint.
"""

import gzip
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import walk

REGION = "eu-west-1"


def truths(path):
    """The first line of each truth: service, operation, members, endpoint."""
    first = True
    with open(path, encoding="utf-8") as f:
        for line in f:
            line = line.rstrip("\n")
            if line.startswith(("#", "@")):
                continue
            if not line:
                first = True
                continue
            if first:
                service, operation, rest = line.split(" ", 2)
                members, end = json.JSONDecoder().raw_decode(rest)
                yield service, operation, members, rest[end:].strip()
            first = False


def main(out):
    walk.stand_still()
    clients = {}
    with gzip.GzipFile(out, "wb", compresslevel=1, mtime=0) as f:
        w = walk.Walk(f)
        here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "truths.txt")
        for n, (service, operation, members, host) in enumerate(truths(here)):
            for mode in ("direct",) if host else ("direct", "endpoint"):
                key = service, mode, host
                if key not in clients:
                    clients[key] = w.client(service, REGION, host or (walk.ENDPOINT if mode == "endpoint" else None))
                w.call(clients[key], service, operation, mode, str(n), REGION, members)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
