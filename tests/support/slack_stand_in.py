"""A strict stand-in for Slack on loopback: chat.postMessage, chat.update and an incoming webhook."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from slack_rules import fault_in

TOKEN = "xoxb-sesame-1234"
HOOK = "/services/T000/B000/sesame"
Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Posted:
    """One message as it stands now; `edits` are the bodies of its chat.update calls, oldest first."""

    channel: str
    ts: str
    body: dict[str, Any]
    thread_ts: str | None = None
    edits: list[dict[str, Any]] = field(default_factory=list)
    gone: bool = False

    @property
    def key(self) -> str:
        """The delivery key in its metadata, "" without one."""
        return str(self.body.get("metadata", {}).get("event_payload", {}).get("key", ""))

    def said(self) -> str:
        """Everything that is shown, as JSON."""
        return json.dumps(self.body, ensure_ascii=False)


class SlackStandIn:
    """Enforces what Slack documents. `answers` are given first, one a call, by method ("chat.update", "webhook"):
    an error word, a whole (status, headers, body), or None to take the message and hang up without a word."""

    def __init__(self) -> None:
        self.channels = {"#press": "C0000PRESS", "#ops": "C00000OPS0"}
        self.posted: list[Posted] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.refused: list[str] = []
        self.answers: dict[str, list[str | Answer | None]] = {}
        self.gap = 0.0  # seconds that must lie between two messages in one channel; 0: not enforced
        self.url = ""
        self._last: dict[str, float] = {}
        self._lock = threading.Lock()

    @property
    def api_url(self) -> str:
        """What the config key of the same name takes."""
        return self.url + "/api"

    @property
    def hook_url(self) -> str:
        """The incoming webhook, which posts to #press."""
        return self.url + HOOK

    def top(self) -> list[Posted]:
        """The messages outside of threads."""
        return [one for one in self.posted if one.thread_ts is None]

    def replies(self, ts: str) -> list[Posted]:
        """The messages in the thread of that message."""
        return [one for one in self.posted if one.thread_ts == ts]

    def take(self, path: str, authorization: str, raw: bytes) -> Answer | None:
        """The answer to one request; None hangs up."""
        with self._lock:
            if path == HOOK:
                return self._webhook(raw)
            method = path.removeprefix("/api/")
            if method not in ("chat.postMessage", "chat.update"):
                return _no("unknown_method")
            try:
                body = json.loads(raw.decode())
            except ValueError:
                return _no("invalid_json")
            self.calls.append((method, body))
            token = authorization.removeprefix("Bearer ")
            if token != TOKEN:
                return _no("invalid_auth" if token else "not_authed")
            return self._method(method, body)

    def _method(self, method: str, body: dict[str, Any]) -> Answer | None:
        scripted = self._scripted(method)
        if isinstance(scripted, tuple):
            return scripted
        if scripted:
            return _no(scripted)
        if fault := fault_in(body, "update" if method == "chat.update" else "post"):
            self.refused.append(fault)
            return _no(fault.partition(":")[0])
        answer = self._update(body) if method == "chat.update" else self._post(body)
        return None if scripted is None else answer

    def _post(self, body: dict[str, Any]) -> Answer:
        channel = self._channel_id(str(body.get("channel")))
        if channel is None:
            return _no("channel_not_found")
        if self._too_fast(channel):
            return 429, {"Retry-After": "1"}, b'{"ok":false,"error":"ratelimited"}'
        thread = body.get("thread_ts")
        top = self._found(channel, thread) if thread is not None else None
        if thread is not None and (top is None or top.thread_ts is not None):
            return _no("thread_not_found")
        return self._kept(channel, body, thread)

    def _kept(self, channel: str, body: dict[str, Any], thread: str | None = None) -> Answer:
        ts = f"{1_700_000_000 + len(self.posted)}.{len(self.posted):06}"
        self.posted.append(Posted(channel, ts, body, thread))
        shown = {"text": body["text"], "ts": ts, "blocks": body.get("blocks", [])}
        if thread is not None:
            shown["thread_ts"] = thread
        return _yes({"channel": channel, "ts": ts, "message": shown})

    def _update(self, body: dict[str, Any]) -> Answer:
        found = self._found(str(body.get("channel")), body.get("ts"))
        if found is None:
            return _no("message_not_found")
        found.edits.append(body)
        found.body = {**found.body, "text": body["text"], "blocks": body.get("blocks", [])}
        return _yes({"channel": found.channel, "ts": found.ts, "text": body["text"]})

    def _webhook(self, raw: bytes) -> Answer | None:
        scripted = self._scripted("webhook")
        if isinstance(scripted, tuple):
            return scripted
        if scripted:
            return 400, {}, scripted.encode()
        try:
            body = json.loads(raw.decode())
        except ValueError:
            return 400, {}, b"invalid_payload"
        self.calls.append(("webhook", body))
        if fault := fault_in(body, "webhook"):
            self.refused.append(fault)
            return 400, {}, fault.partition(":")[0].encode()
        channel = self.channels["#press"]
        if self._too_fast(channel):
            return 429, {"Retry-After": "1"}, b"rate_limited"
        self._kept(channel, body)
        return None if scripted is None else (200, {}, b"ok")

    def _scripted(self, method: str) -> str | Answer | None:
        waiting = self.answers.get(method, [])
        return waiting.pop(0) if waiting else ""

    def _channel_id(self, name: str) -> str | None:
        return name if name in self.channels.values() else self.channels.get(name)

    def _found(self, channel: str, ts: Any) -> Posted | None:
        return next((one for one in self.posted if (one.channel, one.ts) == (channel, ts) and not one.gone), None)

    def _too_fast(self, channel: str) -> bool:
        now, last = time.monotonic(), self._last.get(channel)
        if self.gap and last is not None and now - last < self.gap:
            return True
        self._last[channel] = now
        return False


def _no(word: str) -> Answer:
    return 200, {}, json.dumps({"ok": False, "error": word}).encode()


def _yes(fields: dict[str, Any]) -> Answer:
    return 200, {}, json.dumps({"ok": True, **fields}).encode()


@contextmanager
def slack_stand_in() -> Iterator[SlackStandIn]:
    """A running stand-in on a free port; closed at the end."""
    slack = SlackStandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            answer = slack.take(self.path, self.headers.get("Authorization", ""), raw)
            if answer is None:
                self.close_connection = True
                return
            status, headers, body = answer
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    slack.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield slack
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
