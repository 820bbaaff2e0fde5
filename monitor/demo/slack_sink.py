"""A stand-in for Slack's side of an incoming webhook: real HTTP, the payloads kept as files."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

_LARGEST = 1_000_000  # bytes; our messages are at most 15 kB


class SlackSink:
    """Takes Block Kit payloads on a loopback address and writes each to a folder; a context manager."""

    def __init__(self, directory: Path) -> None:
        self.files: list[Path] = []
        self._directory = directory
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # the name is the base class's
                length = int(self.headers.get("content-length", "0"))
                sink._keep(json.loads(self.rfile.read(min(length, _LARGEST))))
                self.send_response(200)
                self.send_header("content-type", "text/plain")
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the base class's
                """Says nothing: the demo's own output is what people read."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/services/demo"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="slack", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _keep(self, payload: dict[str, Any]) -> None:
        file = self._directory / f"slack-{len(self.files) + 1}.json"
        file.write_text(json.dumps(payload, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        self.files.append(file)
