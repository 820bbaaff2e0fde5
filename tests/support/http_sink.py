"""A loopback HTTP server that keeps what it is sent and answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Sink:
    """`answer` is (status, headers, body); None hangs up after reading the request."""

    def __init__(self) -> None:
        self.answer: tuple[int, dict[str, str], bytes] | None = (200, {}, b"ok")
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.hold = threading.Event()
        self.hold.set()
        self.url = ""


@contextmanager
def http_sink(port: int = 0, answer: bytes = b"ok") -> Iterator[Sink]:
    """A running sink, on any free port unless one is given; closed at the end."""
    sink = Sink()
    sink.answer = (200, {}, answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:  # cut, or its sender was killed: no server takes that for a request
                self.close_connection = True
                return
            sink.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            sink.hold.wait(10)
            if sink.answer is None:
                self.close_connection = True
                return
            status, headers, answer = sink.answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            with suppress(ConnectionError):  # who was killed meanwhile hears no answer
                self.end_headers()
                self.wfile.write(answer)

        def log_message(self, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    sink.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield sink
    finally:
        sink.hold.set()
        server.shutdown()
        server.server_close()
        thread.join()
