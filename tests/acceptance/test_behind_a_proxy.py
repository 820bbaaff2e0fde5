"""The dashboard behind real proxies with https, configured as the how-to page writes it."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse, HTTPSConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest
from desk import Desk, eventually
from documents import ROOT
from local_feed import LocalFeed
from mail_server import certificate
from talk import port_of, ready

from monitor.app.entrance import new_token

NAME = "news.example.org"
VISITOR, LIED = "127.0.0.5", "203.0.113.9"
PAGE = (ROOT / "docs" / "how-to" / "reach-the-dashboard-from-elsewhere.md").read_text("utf-8")
EXAMPLES = [text for kind, text in re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.S | re.M) if not kind]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def nginx(folder: Path, port: int, behind: int) -> Iterator[None]:
    (server,) = (block for block in EXAMPLES if block.startswith("server {"))
    for mine, here in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("/etc/ssl/news.example.org.pem", str(folder / "cert.pem")),
        ("/etc/ssl/news.example.org.key", str(folder / "key.pem")),
        ("127.0.0.1:8080", f"127.0.0.1:{behind}"),
    ):
        assert mine in server
        server = server.replace(mine, here)
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi"))
    more = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("uwsgi", "scgi"))
    text = (
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; {temporary}{more}\n{server}}}\n"
    )
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    with running(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], port):
        yield


@contextmanager
def caddy(folder: Path, port: int, behind: int) -> Iterator[None]:
    (site,) = (block for block in EXAMPLES if block.startswith(NAME))
    # It would get a certificate from the net: here it is given one.
    ours = f"https://{NAME}:{port} {{\n    bind 127.0.0.1\n    tls {folder}/cert.pem {folder}/key.pem"
    site = site.replace(f"{NAME} {{", ours).replace("127.0.0.1:8080", f"127.0.0.1:{behind}")
    text = f"{{\n    admin off\n    auto_https off\n    storage file_system {folder}/caddy\n}}\n{site}"
    (folder / "Caddyfile").write_text(text, encoding="utf-8")
    with running(["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"], port):
        yield


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            eventually(lambda: process.poll() is not None or answers(port), f"{command[0]}")
            assert process.poll() is None, process.stdout and process.stdout.read()
            yield
        finally:
            process.terminate()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Browser:
    """Asks the proxy by its name, from an address that is not the proxy's own."""

    def __init__(self, port: int, trusted: ssl.SSLContext) -> None:
        self._port, self._trusted = port, trusted
        self.cookie = ""

    def ask(self, method: str, path: str, fields: dict[str, str] | None = None, **headers: str) -> HTTPResponse:
        connection = HTTPSConnection(NAME, self._port, context=self._trusted)
        plain = socket.create_connection(("127.0.0.1", self._port), source_address=(VISITOR, 0))
        connection.sock = self._trusted.wrap_socket(plain, server_hostname=NAME)
        said = {"Host": NAME, "X-Forwarded-For": LIED, "X-Forwarded-Proto": "http"}
        if self.cookie:
            said["Cookie"] = self.cookie
        if fields is not None:
            said |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://{NAME}"}
        said |= headers
        connection.request(method, path, urlencode(fields) if fields is not None else None, said)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer


@pytest.mark.parametrize(
    "proxy",
    [pytest.param(nginx, marks=pytest.mark.needs("nginx")), pytest.param(caddy, marks=pytest.mark.needs("caddy"))],
)
@pytest.mark.needs("openssl")
def test_who_comes_through_a_proxy_logs_in_by_https_under_the_address_that_is_theirs(
    proxy: type, desk: Desk, feed: LocalFeed, tmp_path: Path
) -> None:
    token, hashed = new_token(bytes(32))
    folder = tmp_path / "proxy"
    folder.mkdir()
    _, trusted = certificate(folder, NAME)
    desk.write(
        [feed.url],
        more=f'[web]\nlisten = "127.0.0.1:0"\nallowed_hosts = ["{NAME}"]\ntrusted_proxies = ["127.0.0.1"]\n'
        f'[[web.tokens]]\nname = "anna"\nrole = "operator"\nsha256 = "{hashed}"\n',
    )
    with desk.running():
        behind = port_of(desk)
        eventually(lambda: ready(behind), "readiness")
        port = free_port()
        with proxy(folder, port, behind):
            browser = Browser(port, trusted)
            welcome = browser.ask("GET", "/")
            assert welcome.status == 303
            assert (welcome.headers["location"] or "").startswith("/login")
            elsewhere = browser.ask("POST", "/login", {"token": token}, Origin="https://evil.example")
            assert elsewhere.status == 403
            let_in = browser.ask("POST", "/login", {"token": token})
            assert let_in.status == 303
            cookie = let_in.headers["set-cookie"] or ""
            assert {"Secure", "HttpOnly"} <= {part.strip() for part in cookie.split(";")}
            assert "samesite=strict" in cookie.lower()
            browser.cookie = cookie.partition(";")[0]
            page = browser.ask("GET", "/")
            assert page.status == 200
            assert "default-src 'none'" in (page.headers["content-security-policy"] or "")
        (entered,) = desk.events("logged in")
        assert VISITOR in str(entered), "the visitor's address is the proxy's word, not the visitor's"
        assert LIED not in desk.log()
        assert token not in desk.log()
