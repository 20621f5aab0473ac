#!/usr/bin/env python3
"""Walks every operation that botocore knows through its own serializer and
signer, and writes what it would send: a line of JSON a request, gzipped.

    walk.py OUT.jsonl.gz [SERVICE…]

Nothing is sent: a hook takes each request as it would go out. Each operation is
called with all of its members and with the required ones, at its own host
("direct") and at an endpoint ("endpoint"), and, where a service speaks several
protocols, at an endpoint in each of the others. The clock and the random
numbers stand still, so that the same botocore writes the same bytes.
"""

import base64
import copy
import gzip
import json
import os
import sys
import uuid
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import botocore.auth
import botocore.discovery
import botocore.handlers
import botocore.hooks
import botocore.serialize
import botocore.session
import botocore.useragent
from botocore.config import Config
from botocore.exceptions import EndpointResolutionError
from botocore.tokens import FrozenAuthToken

import values

ENDPOINT = "http://127.0.0.1:9001"
BEARER = {"account-access-runtime", "codecatalyst"}  # signed with a token, which botocore sends over TLS alone
PARTITIONS = {"eu-west-1": "aws", "us-east-1": "aws", "us-gov-west-1": "aws-us-gov", "cn-north-1": "aws-cn"}

# Services of which each partition has one, in one region.
NOWHERE = values.GLOBAL | {"bcm-data-exports", "ce", "cur", "globalaccelerator", "health", "partnercentral-benefits", "partnercentral-selling"}

# botocore's names of the protocols it can write.
WRITES = set(botocore.serialize.SERIALIZERS)


def discovered(manager, **asked):
    """The endpoint that Timestream's DescribeEndpoints would answer: asking is
    a call of its own. (Timestream developer guide, "The endpoint discovery
    pattern".)"""
    if not manager._model.discovery_required_for(asked["Operation"]):
        return None
    meta = manager._client.meta
    kind = meta.service_model.endpoint_prefix.split(".")[0]
    return f"{kind}-cell1.timestream.{meta.region_name}.amazonaws.com"


def hurry():
    """Leaves out what takes a third of botocore's time and is not looked at."""
    botocore.useragent.UserAgentString.to_string = lambda self: "remit"
    slow = botocore.hooks.EventAliaser._alias_event_name

    def alias(self, name):
        aliases = self._event_aliases
        if any(part in aliases for part in name.split(".")) or any("." in a and a in name for a in aliases):
            return slow(self, name)
        return name

    botocore.hooks.EventAliaser._alias_event_name = alias


class Captured(Exception):
    def __init__(self, request):
        self.request = request


def stand_still():
    """Has botocore see one time and one random number."""
    now = values.WHEN

    def clock(remove_tzinfo=True):
        return now.replace(tzinfo=None) if remove_tzinfo else now

    botocore.auth.get_current_datetime = clock
    botocore.auth.AUTH_TYPE_MAPS.setdefault("v4a", Asymmetric)
    botocore.auth.AUTH_TYPE_MAPS.setdefault("s3v4a", AsymmetricS3)
    one = uuid.UUID("7d3a91c2-0000-4000-8000-000000000001")
    botocore.handlers.uuid.uuid4 = lambda: one
    botocore.discovery.EndpointDiscoveryManager.describe_endpoint = discovered
    hurry()


class Asymmetric(botocore.auth.SigV4Auth):
    """SigV4A's headers. botocore leaves the signature itself to a package of
    native code; here it is one of no worth, in its form."""

    def scope(self, request):
        return "/".join([self.credentials.access_key, self.credential_scope(request)])

    def credential_scope(self, request):
        return f"{request.context['timestamp'][:8]}/{self._service_name}/aws4_request"

    def _inject_signature_to_request(self, request, signature):
        signed = self.signed_headers(self.headers_to_sign(request))
        request.headers["Authorization"] = (
            f"AWS4-ECDSA-P256-SHA256 Credential={self.scope(request)}, SignedHeaders={signed}, Signature=3045{signature}"
        )

    def _modify_request_before_signing(self, request):
        super()._modify_request_before_signing(request)
        request.headers["X-Amz-Region-Set"] = self._region_name or "*"


class AsymmetricS3(Asymmetric, botocore.auth.S3SigV4Auth):
    pass


class Walk:
    def __init__(self, out):
        self.out = out
        self.session = botocore.session.Session()
        self.session.set_credentials("ASIAREMITREMITREMIT1", "a" * 40, "remit-session-token")
        self.session.set_config_variable("retries", None)
        self.loader = self.session.get_component("data_loader")

    def client(self, service, region, endpoint, model=None):
        """A client of service at an endpoint, or, without one, at its own host."""
        loader = self.loader
        if model is not None:
            loader = Given(self.loader, model)
            self.session.register_component("data_loader", loader)
        try:
            client = self.session.create_client(
                service,
                region_name=region,
                endpoint_url=endpoint,
                config=Config(parameter_validation=False, retries={"total_max_attempts": 1, "mode": "standard"}, use_fips_endpoint=False),
            )
        finally:
            self.session.register_component("data_loader", self.loader)
        client.meta.events.register_last("before-send", capture)
        # Bearer tokens are asked of whoever signs with them.
        client._request_signer._auth_token = FrozenAuthToken("remit-bearer-token")
        return client

    def service(self, service):
        model = self.loader.load_service_model(service, "service-2")
        meta = model["metadata"]
        regions = self.regions(service)
        spoken = [p for p in meta.get("protocols", [meta["protocol"]]) if p in WRITES]
        clients = {}

        def of(mode, region, given=None):
            if (mode, region) not in clients:
                endpoint = ENDPOINT.replace("http:", "https:") if service in BEARER else ENDPOINT
                clients[mode, region] = self.client(service, region, endpoint if mode != "direct" else None, given)
            return clients[mode, region]

        names = list(model["operations"])
        first = of("endpoint", regions[0])
        modes = [("endpoint", None), ("direct", None)]
        for p in spoken:
            if p != first.meta.service_model.resolved_protocol:
                other = copy.copy(model)
                other["metadata"] = dict(meta, protocol=p, protocols=[p])
                modes.append(("endpoint-" + p, other))
        self.write(
            {
                "service": service,
                "serviceId": meta["serviceId"],
                "signingName": meta.get("signingName", meta["endpointPrefix"]),
                "endpointPrefix": meta["endpointPrefix"],
                "protocols": spoken,
                "operations": names,
            }
        )
        for name in names:
            region = regions[zlib.crc32(f"{service}:{name}".encode()) % len(regions)]
            for mode, given in modes:
                if not self.operation(of(mode, region, given), service, name, mode, region):
                    self.operation(of(mode, "us-east-1", given), service, name, mode, "us-east-1")

    def operation(self, client, service, name, mode, region):
        """Calls an operation with all members and with the required ones."""
        made = values.Values(service, client.meta.service_model.signing_name, region, PARTITIONS[region])
        shape = client.meta.service_model.operation_model(name).input_shape
        everything, required = made.members(shape, True), made.members(shape, False)
        sent = self.call(client, service, name, mode, "all", region, everything)
        if sent and required != everything:
            self.call(client, service, name, mode, "required", region, required)
        return sent

    def regions(self, service):
        if service in NOWHERE:
            return ["us-east-1"]
        found = [r for r, p in PARTITIONS.items() if r in self.session.get_available_regions(service, p)]
        return found or ["us-east-1", "eu-west-1"]

    def call(self, client, service, operation, mode, variant, region, params):
        record = {"service": service, "operation": operation, "mode": mode, "variant": variant, "region": region}
        try:
            client._make_api_call(operation, params)
            raise AssertionError("nothing was captured")
        except Captured as c:
            record.update(request(c.request))
        except EndpointResolutionError as e:
            if region != "us-east-1" and variant == "all":
                return False  # not in every partition
            record["error"] = f"{type(e).__name__}: {e}"[:300]
        except Exception as e:  # botocore itself cannot send it
            record["error"] = f"{type(e).__name__}: {e}"[:300]
        self.write(record)
        return True

    def write(self, record):
        self.out.write(json.dumps(record, separators=(",", ":")).encode() + b"\n")


class Given:
    """A loader that knows one service's model by another text."""

    def __init__(self, loader, model):
        self.loader, self.model = loader, model

    def load_service_model(self, service, kind, api_version=None):
        if kind == "service-2":
            return self.model
        return self.loader.load_service_model(service, kind, api_version)

    def __getattr__(self, name):
        return getattr(self.loader, name)


def capture(request, **_):
    raise Captured(request)


def request(r):
    """What of a prepared request goes over the wire."""
    body = r.body
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        body = body.encode()
    headers = {}
    for name, value in r.headers.items():
        if name.lower() != "user-agent":  # it names this machine
            headers[name] = value.decode() if isinstance(value, bytes) else str(value)
    return {"method": r.method, "url": r.url, "headers": headers, "body": base64.b64encode(body or b"").decode()}


def main(out, services):
    stand_still()
    with gzip.GzipFile(out, "wb", compresslevel=1, mtime=0) as f:
        walk = Walk(f)
        for service in services or sorted(walk.loader.list_available_services("service-2")):
            walk.service(service)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
