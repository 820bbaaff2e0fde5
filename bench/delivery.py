"""What delivery costs: 10,000 queued e-mails on their way to a local mail server.

    .venv/bin/python bench/delivery.py [--only drain] [--deliveries 10000] [--receivers 4]

A real SMTP server (aiosmtpd) runs in another process, the store is an SQLite file, the stage is the daemon's, with
its four senders. Standard library and the project's test support only.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from random import random
from typing import Any

from monitor.adapters.channels.email import EmailChannel
from monitor.adapters.clock import SystemClock
from monitor.adapters.store.sql import SqlStore
from monitor.app.service import SENDERS
from monitor.model.delivery import ChannelKind, NewDelivery, SmtpSecurity, SmtpSettings
from monitor.model.digest import Message, MessageFormat, Window
from monitor.model.ledger import Plan
from monitor.pipeline.deliver import DeliverStage

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
_BODY = "Torkham crossing closed for the third day, and trucks wait on both sides of it. " * 40  # 3 kB


class _Counting:
    """Takes every message and keeps how many there were."""

    def __init__(self) -> None:
        self.taken = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.taken += 1
        return "250 2.0.0 queued"


def _serve(pipe: Connection) -> None:
    from aiosmtpd.controller import Controller

    class AnyPort(Controller):
        def _trigger_server(self) -> None:
            assert self.server is not None
            self.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()

    handler = _Counting()
    controller = AnyPort(handler, hostname="127.0.0.1", port=0)
    controller.start()
    pipe.send(controller.port)
    pipe.recv()
    pipe.send(handler.taken)
    controller.stop()


@contextmanager
def mail_server() -> Iterator[tuple[int, Callable[[], int]]]:
    """A server in another process: its port, and what ends it and tells how many messages it took."""
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        port = int(ours.recv())

        def ended() -> int:
            ours.send(None)
            return int(ours.recv())

        yield port, ended
    finally:
        process.join(5)
        if process.is_alive():
            process.kill()


def queue(store: SqlStore, deliveries: int, receivers: int) -> None:
    """So many messages of 6 kB, each for an address of its own, spread over the receivers."""
    store.digests.open_digest("alerts", NOW)
    html = f"<p>{_BODY}</p>"
    rows = tuple(
        NewDelivery(
            key=f"{number:032x}",
            digest="alerts",
            batch="b1",
            receiver=f"desk{number % receivers}",
            channel=ChannelKind.EMAIL,
            recipient=f"reader{number}@example.org",
            message=Message(
                format=MessageFormat.HTML, subject=f"Torkham closed {number}", text=_BODY, html=html, date=NOW
            ),
        )
        for number in range(deliveries)
    )
    window = Window(NOW, NOW + timedelta(hours=1))
    store.digests.record_plan(Plan("alerts", "b1", window, (), (), rows, 0, closes_window=False), NOW)


def drain(options: argparse.Namespace) -> str:
    """The whole queue through the stage, as the daemon runs it."""
    with tempfile.TemporaryDirectory() as folder, mail_server() as (port, ended):
        store = SqlStore(f"sqlite:///{Path(folder) / 'monitor.db'}")
        queue(store, options.deliveries, options.receivers)
        smtp = SmtpSettings("127.0.0.1", port, SmtpSecurity.NONE, "Desk <monitor@example.org>")
        channels = {
            (f"desk{number}", ChannelKind.EMAIL): EmailChannel(smtp) for number in range(options.receivers)
        }
        stage = DeliverStage(store.outbox, store.receivers, channels, SystemClock(), random)
        failed: list[object] = []

        def send() -> None:
            failed.extend(report.failure for report in stage.run(lambda: False) if report.failure)

        begun, cpu = time.perf_counter(), time.process_time()
        senders = [threading.Thread(target=send) for _ in range(SENDERS)]
        for one in senders:
            one.start()
        for one in senders:
            one.join()
        wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
        counts, taken = store.ledger.counts(NOW).deliveries, ended()
        store.close()
    assert counts == {"sent": options.deliveries}, (counts, failed[:3])
    assert taken == options.deliveries, taken
    return (
        f"{options.deliveries:>9,} e-mails to {options.receivers} receivers: {options.deliveries / wall:,.0f}/s, "
        f"{wall:.1f} s, {1000 * cpu / options.deliveries:.2f} ms of CPU each"
    )


ROWS: Mapping[str, Callable[[argparse.Namespace], str]] = {"drain": drain}


def main() -> None:
    """Prints a line for each row."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--only", choices=sorted(ROWS), action="append")
    parser.add_argument("--deliveries", type=int, default=10_000)
    parser.add_argument("--receivers", type=int, default=4)
    options = parser.parse_args()
    for name in options.only or ROWS:
        print(f"{name:<8}{ROWS[name](options)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
