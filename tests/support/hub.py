"""A WebSub hub as a process of its own on loopback: it verifies, signs, distributes, denies, lets leases end.

Run as a script it prints its address. A publisher pings it as public hubs are pinged (`hub.mode=publish`); then it
fetches the topic and distributes what it got. What a test changes or asks of it goes to `/control` and `/state`.
"""

from __future__ import annotations

import hmac
import json
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen

# ---- the hub


class Hub:
    """What the process keeps. `knobs` are its vices, set by a test."""

    def __init__(self) -> None:
        self.subscriptions: dict[str, dict[str, Any]] = {}  # by callback
        self.asked: list[dict[str, str]] = []
        self.answers: list[dict[str, Any]] = []  # of subscribers, to what they were sent
        self.knobs: dict[str, Any] = {
            "status": 202,
            "delay": 0.0,
            "lease": None,
            "deny": None,
            "verify": True,
            "sign": "sha256",
        }

    def request(self, form: dict[str, str]) -> int:
        """A subscription request; its verification follows by itself."""
        self.asked.append({**form, "at": str(time.time())})
        time.sleep(self.knobs["delay"])
        status = int(self.knobs["status"])
        if 200 <= status < 300 and self.knobs["verify"]:
            threading.Thread(target=self.verify, args=(form,), daemon=True).start()
        return status

    def verify(self, form: dict[str, str]) -> dict[str, Any]:
        """Asks the callback whether it was the subscriber (§5.3), or says no (§5.2)."""
        mode, topic, callback = form["hub.mode"], form["hub.topic"], form["hub.callback"]
        if mode == "subscribe" and self.knobs["deny"] is not None:
            return get(callback, {"hub.mode": "denied", "hub.topic": topic, "hub.reason": self.knobs["deny"]})
        challenge = secrets.token_urlsafe(8)
        lease = int(self.knobs["lease"] or form.get("hub.lease_seconds") or 3600)
        said = get(
            callback,
            {"hub.mode": mode, "hub.topic": topic, "hub.challenge": challenge, "hub.lease_seconds": str(lease)},
        )
        if said["status"] // 100 == 2 and said["body"] == challenge:
            if mode == "subscribe":
                until = time.time() + lease
                secret = form.get("hub.secret", "")
                self.subscriptions[callback] = {"topic": topic, "secret": secret, "until": until}
            else:
                self.subscriptions.pop(callback, None)
        return said

    def publish(self, topic: str, body: bytes | None = None, kind: str = "application/rss+xml") -> None:
        """Sends the topic as it is now, or what it is given, to everyone whose lease holds."""
        if body is None:
            with urlopen(topic, timeout=10) as response:
                body, kind = response.read(), response.headers["Content-Type"]
        for callback, one in list(self.subscriptions.items()):
            if one["topic"] != topic or one["until"] < time.time():
                continue
            headers = {"Content-Type": kind, "Link": f'<{topic}>; rel="self", <{self.knobs["url"]}>; rel="hub"'}
            method = self.knobs["sign"]
            if one["secret"] and method:
                key = secrets.token_bytes(8) if method == "wrong" else one["secret"].encode()
                named = "sha256" if method == "wrong" else method
                headers["X-Hub-Signature"] = f"{named}={hmac.new(key, body, named).hexdigest()}"
            self.answers.append({**post(callback, body, headers), "callback": callback})


def get(url: str, query: dict[str, str]) -> dict[str, Any]:
    """A GET with these parameters appended."""
    return _asked(Request(f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(query)}"))


def post(url: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    """A POST."""
    return _asked(Request(url, data=body, headers=headers, method="POST"))


def _asked(request: Request) -> dict[str, Any]:
    try:
        with urlopen(request, timeout=20) as response:
            return {"status": response.status, "body": response.read().decode()}
    except HTTPError as error:
        return {"status": error.code, "body": error.read().decode(errors="replace")}
    except (URLError, OSError) as error:
        return {"status": 0, "body": str(error)}


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/control":
            self.hub.knobs.update(json.loads(raw))
            return self._say(200, {})
        if self.path == "/verify":  # what nobody asked for
            return self._say(200, self.hub.verify(json.loads(raw)))
        if self.path == "/distribute":
            told = json.loads(raw)
            self.hub.publish(told["topic"], told["body"].encode())
            return self._say(200, self.hub.answers[-1] if self.hub.answers else {})
        form = {name: values[0] for name, values in parse_qs(raw.decode()).items()}
        if form.get("hub.mode") == "publish":
            threading.Thread(target=self.hub.publish, args=(form["hub.url"],), daemon=True).start()
            return self._say(204, None)
        return self._say(self.hub.request(form), {"echo": form})  # talkative: what it was told is in its errors

    def do_GET(self) -> None:
        hub = self.hub
        self._say(200, {"subscriptions": hub.subscriptions, "asked": hub.asked, "answers": hub.answers})

    def _say(self, status: int, told: Any) -> None:
        body = b"" if told is None else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keeps silent."""


def main(port: int) -> None:
    """Serves until it is killed."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", port), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.knobs["url"] = f"http://127.0.0.1:{server.server_address[1]}/"
    print(hub.knobs["url"], flush=True)
    server.serve_forever()


# ---- its remote control, in the test


class HubProcess:
    """A running hub."""

    def __init__(self, port: int = 0) -> None:
        self._process = subprocess.Popen([sys.executable, __file__, str(port)], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url, "the hub did not start"
        self.port = urlsplit(self.url).port or 0

    def kill(self) -> None:
        """Ends it as a power cut does; safe to call twice."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def set(self, **knobs: Any) -> None:
        """Its vices from now on."""
        post(f"{self.url}control", json.dumps(knobs).encode(), {})

    def ping(self, topic: str) -> None:
        """What a publisher does: the topic has changed."""
        said = post(self.url, urlencode({"hub.mode": "publish", "hub.url": topic}).encode(), {})
        assert said["status"] == 204, said

    def distribute(self, topic: str, body: str) -> dict[str, Any]:
        """Sends that body; the subscriber's answer."""
        return dict(json.loads(post(f"{self.url}distribute", _json(topic=topic, body=body), {})["body"]))

    def verify(self, callback: str, topic: str, mode: str = "subscribe") -> dict[str, Any]:
        """A verification that nobody asked for; the subscriber's answer."""
        form = {"hub.callback": callback, "hub.topic": topic, "hub.mode": mode}
        return dict(json.loads(post(f"{self.url}verify", json.dumps(form).encode(), {})["body"]))

    @property
    def asked(self) -> list[dict[str, str]]:
        """The forms of every request, oldest first, each with the time it came `at`."""
        return list(self._state()["asked"])

    @property
    def answers(self) -> list[dict[str, Any]]:
        """What subscribers said to what they were sent."""
        return list(self._state()["answers"])

    @property
    def subscriptions(self) -> dict[str, dict[str, Any]]:
        """Those verified, by callback."""
        return dict(self._state()["subscriptions"])

    def _state(self) -> dict[str, Any]:
        return dict(json.loads(get(f"{self.url}state", {})["body"]))


def _json(**values: Any) -> bytes:
    return json.dumps(values).encode()


@contextmanager
def hub_process(port: int = 0) -> Iterator[HubProcess]:
    """A hub for as long as the block lasts."""
    hub = HubProcess(port)
    try:
        yield hub
    finally:
        hub.kill()


if __name__ == "__main__":
    main(int(sys.argv[1]))
