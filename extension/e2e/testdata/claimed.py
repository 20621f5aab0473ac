"""Says of each host on standard input, with the preload named in the argument, whether what
looks it up for port 443 is led to the proxy."""

import _socket
import sys

_socket.getaddrinfo = lambda host, port, *_: [(2, 1, 6, "", (host, port))]
try:
    exec(open(sys.argv[1]).read(), {"__name__": "sitecustomize", "__file__": sys.argv[1]})
except ImportError:
    pass  # there is no next one
import socket

assert _socket.getaddrinfo.__name__ == "getaddrinfo"
for host in sys.stdin.buffer.read().decode().split("\n")[:-1]:
    print(str(socket.getaddrinfo(host, 443)[0][4] == ("127.0.0.1", 4003)).lower())
