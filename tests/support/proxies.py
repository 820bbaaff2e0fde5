"""Real proxies on loopback: HTTP forwarding, CONNECT tunnels and SOCKS5, with and without a login."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from base64 import b64encode
from types import TracebackType
from urllib.parse import urlsplit

LOGIN = ("desk", "battery-staple")


class Proxy:
    """Speaks both HTTP and SOCKS5 on one port, or HTTP over TLS; `names` says where a name leads.

    `asked` holds what was asked for: (method, host and port); `heads` the heads of HTTP requests.
    """

    def __init__(
        self,
        names: dict[str, str] | None = None,
        *,
        login: bool = False,
        refuse: bytes = b"",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.names = names or {}
        self.login = login
        self.refuse = refuse
        self.tls = tls
        self.asked: list[tuple[str, str]] = []
        self.heads: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, scheme: str = "http", *, login: bool = False) -> str:
        who = f"{LOGIN[0]}:{LOGIN[1]}@" if login else ""
        return f"{scheme}://{who}127.0.0.1:{self.port}"

    def __enter__(self) -> Proxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError, IndexError), client:
            if self.tls is not None:
                with self.tls.wrap_socket(client, server_side=True) as inside:
                    self._http(inside)
            elif client.recv(1, socket.MSG_PEEK) == b"\x05":
                self._socks(client)
            else:
                self._http(client)

    def _http(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(65_536)
            if not piece:
                return
            head += piece
        self.heads.append(head.decode("latin-1"))
        wanted = b"Proxy-Authorization: Basic " + b64encode(":".join(LOGIN).encode())
        if self.refuse or (self.login and wanted not in head):
            said = self.refuse or b"407 Who are you, battery-staple"
            client.sendall(b"HTTP/1.1 " + said + b"\r\nContent-Length: 0\r\n\r\n")
            return
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        place = target if method == "CONNECT" else urlsplit(target).netloc
        self.asked.append((method, place))
        with self._reach(place) as server:
            if method == "CONNECT":
                client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            else:
                path = target.partition("//")[2].partition("/")[2]
                server.sendall(head.replace(target.encode(), b"/" + path.encode(), 1))
            _pass_on(client, server)

    def _socks(self, client: socket.socket) -> None:
        methods = client.recv(257)[2:]
        if self.login:
            client.sendall(b"\x05\x02" if 2 in methods else b"\x05\xff")
            said = client.recv(513)
            name = said[2 : 2 + said[1]]
            word = said[3 + said[1] :]
            good = (name, word) == tuple(one.encode() for one in LOGIN)
            client.sendall(b"\x01\x00" if good else b"\x01\x01")
            if not good:
                return
        else:
            client.sendall(b"\x05\x00")
        asked = client.recv(262)
        if asked[3] == 1:
            host, rest = socket.inet_ntoa(asked[4:8]), asked[8:]
        else:
            host, rest = asked[5 : 5 + asked[4]].decode(), asked[5 + asked[4] :]
        place = f"{host}:{int.from_bytes(rest[:2])}"
        self.asked.append(("SOCKS", place))
        if self.refuse:
            client.sendall(b"\x05\x02\x00\x01" + bytes(6))
            return
        with self._reach(place) as server:
            client.sendall(b"\x05\x00\x00\x01" + bytes(6))
            _pass_on(client, server)

    def _reach(self, place: str) -> socket.socket:
        host, _, port = place.rpartition(":")
        return socket.create_connection((self.names.get(host, host), int(port or 80)), timeout=10)


def _pass_on(client: socket.socket, server: socket.socket) -> None:
    def copy(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65_536):
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)

    there = threading.Thread(target=copy, args=(client, server), daemon=True)
    there.start()
    copy(server, client)
    there.join(10)
