# What the layer has Python load before the function. Why, and why so: python.go.
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))


def hide():
    name, env = "PYTHONPATH", os.environ
    rest = [p for p in env.get(name, here).split(os.pathsep) if p != here]
    if rest:
        env._data[env.encodekey(name)] = env.encodevalue(os.pathsep.join(rest))
    else:
        env._data.pop(env.encodekey(name), None)
    real = os.putenv

    def putenv(key, value):
        if os.fsdecode(key) == name:
            value = here + os.pathsep + os.fsdecode(value)
        real(key, value)

    os.putenv = putenv


def lead(address, hosts, root):
    import _socket

    at = address.rpartition(":")
    to = at[0].strip("[]"), int(at[2])
    names = [h[1:] for h in hosts if h[:1] == "="]
    domains = tuple("." + h for h in hosts if h[:1] not in ("", "="))
    machines = (
        r"((dualstack\.)?[^.]+\.(REGION\.elb|elb\.REGION)|ec2-[0-9-]+\.(REGION\.compute|compute-1)|[0-9a-f]{32}\.[a-z0-9-]+\.REGION\.eks)\.amazonaws\.com(\.cn)?"
    ).replace("REGION", "[a-z]+(-[a-z]+)+-[0-9]+")
    lookup = _socket.getaddrinfo

    def claimed(host):
        if isinstance(host, (bytes, bytearray)):
            host = host.decode("latin-1")
        if not isinstance(host, str):
            return ""
        host = host.lower()
        plain = host[:-1] if host[-1:] == "." else host
        if plain not in names and not ("." + plain).endswith(domains):
            return ""
        import re

        return "" if re.fullmatch(machines, plain) else host

    def led(host, port, family=0, type=0, proto=0, flags=0):
        if family not in (0, _socket.AF_INET) or type not in (0, _socket.SOCK_STREAM) or flags & _socket.AI_NUMERICHOST:
            return False
        port = port.decode("latin-1") if isinstance(port, bytes) else str(port)
        host = port in ("443", "https", "8182") and claimed(host)
        return host and ".iot." not in host and (port != "8182" or ".neptune." in host or ".neptune-graph." in host)

    def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
        if not led(host, port, family, type, proto, flags):
            return lookup(host, port, family, type, proto, flags)
        name = claimed(host) if flags & _socket.AI_CANONNAME else ""
        return [i[:3] + (name, i[4]) for i in lookup(to[0], to[1], _socket.AF_INET, type, proto)]

    def ssl(m):
        context = m.SSLContext
        der = m.PEM_cert_to_DER_cert("%s\n%s\n%s" % (m.PEM_HEADER, root, m.PEM_FOOTER))

        def trusting(real):
            def wrap(self, *args, **kw):
                if claimed(kw.get("server_hostname") or args and args[-1]):
                    context.load_verify_locations(self, cadata=der)
                return real(self, *args, **kw)

            return wrap

        for name in "_wrap_socket", "_wrap_bio":
            setattr(context, name, trusting(getattr(context, name)))

    # What looks names up by itself, or forgets the port that was answered.
    def uvloop(m):
        find, create = m.Loop.getaddrinfo, m.Loop.create_connection

        async def getaddrinfo(self, host, port, **kw):
            if led(host, port, **kw):
                return _socket.getaddrinfo(host, port, **kw)
            return await find(self, host, port, **kw)

        async def create_connection(self, factory, host=None, port=None, **kw):
            if led(host, port, kw.get("family", 0)):
                if kw.get("ssl"):
                    kw["server_hostname"] = kw.get("server_hostname") or host
                host, port = to
            return await create(self, factory, host, port, **kw)

        m.Loop.getaddrinfo, m.Loop.create_connection = getaddrinfo, create_connection

    def anyio(m):
        real = m.connect_tcp

        async def connect_tcp(remote_host, remote_port, **kw):
            if led(remote_host, remote_port):
                if kw.get("tls") or kw.get("ssl_context"):
                    kw["tls_hostname"] = kw.get("tls_hostname") or remote_host
                remote_host, remote_port = to
            return await real(remote_host, remote_port, **kw)

        m.connect_tcp = connect_tcp

    def aiohttp(m):
        real = m.AsyncResolver.resolve

        async def resolve(self, host, port=0, family=_socket.AF_INET):
            if led(host, port, family):
                return await m.ThreadedResolver().resolve(host, port, family)
            return await real(self, host, port, family)

        m.AsyncResolver.resolve = resolve

    hooks = {"ssl": ssl, "uvloop": uvloop, "anyio._core._sockets": anyio, "aiohttp.resolver": aiohttp}

    class Finder:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name not in hooks:
                return None
            for finder in sys.meta_path:
                spec = finder is not Finder and finder.find_spec(name, path, target)
                if spec:
                    load = spec.loader.exec_module

                    def exec_module(module):
                        load(module)
                        quietly(hooks[name], module)

                    spec.loader.exec_module = exec_module
                    return spec

    _socket.getaddrinfo = getaddrinfo
    sys.meta_path.insert(0, Finder)
    for name in hooks:
        if name in sys.modules:
            quietly(hooks[name], sys.modules[name])


def quietly(what, *args):
    try:
        what(*args)
    except Exception as e:
        if sys.stderr:
            sys.stderr.write("remit: %s: %r; what it would have led to the proxy goes to AWS, and is refused there\n" % (what.__name__, e))


quietly(hide)
if all(os.environ.get(v) for v in ("REMIT_TLS", "REMIT_HOSTS", "REMIT_ROOT")):
    quietly(lead, os.environ["REMIT_TLS"], os.environ["REMIT_HOSTS"].split(","), os.environ["REMIT_ROOT"])
sys.path[:] = [p for p in sys.path if p != here]
sys.modules.pop(__name__, None)
__import__(__name__)
