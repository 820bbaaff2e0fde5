"""What delivery costs, from the match to the mail server's "250".

    .venv/bin/python bench/delivery.py [--only render|drain|lag|page-lag|planning|idle]

Servers run in a process of their own, the store is an SQLite file, the stages are the daemon's; `lag` starts the
daemon itself. Beside each figure stands a floor: css-inline alone, smtplib with the same bytes over one
connection, `group_wait`, 10,000 matches. Standard library and the project's test support only.
"""

from __future__ import annotations

import argparse
import os
import smtplib
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
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


def made(number: int) -> Message:
    """One message of 6 kB."""
    subject, html = f"Torkham closed {number}", f"<p>{_BODY}</p>"
    return Message(format=MessageFormat.HTML, subject=subject, text=_BODY, html=html, date=NOW)


def queue(store: SqlStore, deliveries: int, receivers: int) -> None:
    """So many messages of 6 kB, each for an address of its own, spread over the receivers."""
    store.digests.open_digest("alerts", NOW)
    rows = tuple(
        NewDelivery(
            key=f"{number:032x}",
            digest="alerts",
            batch="b1",
            receiver=f"desk{number % receivers}",
            channel=ChannelKind.EMAIL,
            recipient=f"reader{number}@example.org",
            message=made(number),
        )
        for number in range(deliveries)
    )
    window = Window(NOW, NOW + timedelta(hours=1))
    store.digests.record_plan(Plan("alerts", "b1", window, (), (), rows, 0, closes_window=False), NOW)


def drain(deliveries: int, receivers: int) -> str:
    """The whole queue through the stage, as the daemon runs it."""
    with tempfile.TemporaryDirectory() as folder, mail_server() as (port, ended):
        store = SqlStore(f"sqlite:///{Path(folder) / 'monitor.db'}")
        queue(store, deliveries, receivers)
        smtp = SmtpSettings("127.0.0.1", port, SmtpSecurity.NONE, "Desk <monitor@example.org>")
        channels = {(f"desk{number}", ChannelKind.EMAIL): EmailChannel(smtp) for number in range(receivers)}
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
    assert counts == {"sent": deliveries}, (counts, failed[:3])
    assert taken == deliveries, taken
    return (
        f"{deliveries:>9,} e-mails to {receivers} receivers: {deliveries / wall:,.0f}/s, "
        f"{wall:.1f} s, {1000 * cpu / deliveries:.2f} ms of CPU each"
    )


def floor(deliveries: int) -> float:
    """Messages a second by smtplib alone: the same bytes over one open connection, nothing recorded."""
    with mail_server() as (port, ended):
        channel = EmailChannel(SmtpSettings("127.0.0.1", port, SmtpSecurity.NONE, "Desk <monitor@example.org>"))
        raw = channel.wire_bytes(made(0), "reader0@example.org", "0" * 32)
        with smtplib.SMTP("127.0.0.1", port, "example.org") as connection:
            begun = time.perf_counter()
            for number in range(deliveries):
                connection.sendmail("monitor@example.org", [f"reader{number}@example.org"], raw)
            wall = time.perf_counter() - begun
        ended()
    return deliveries / wall


def drains(options: argparse.Namespace) -> Iterator[str]:
    """The floor, one receiver, and several."""
    alone = floor(min(options.deliveries, 2_000))
    yield f"smtplib alone, one connection: {alone:,.0f}/s"
    for receivers in dict.fromkeys((1, options.receivers)):
        yield drain(options.deliveries, receivers)


def renders(options: argparse.Namespace) -> Iterator[str]:
    """CPU of a digest for e-mail, as by default and with room for all, beside css-inline story by story."""
    import rendering  # here and below: a server's process begins by importing this file

    usual = rendering.pictured.many(options.stories)
    roomy = replace(usual, max_stories=options.stories)
    for name, digest in ((f"{usual.max_stories} with room", usual), ("all with room", roomy)):
        low, middle = rendering.cpu_ms(partial(rendering.render, digest, MessageFormat.EMAIL), options.rounds)
        yield f"{options.stories} stories, {name}: {low:.1f} ms of CPU (median {middle:.1f})"
    low, middle = rendering.cpu_ms(rendering.inlining(usual), options.rounds)
    yield f"css-inline alone, story by story: {low:.1f} ms (median {middle:.1f})"


def lags(options: argparse.Namespace, *, full_text: bool) -> Iterator[str]:
    """From the answer of the poll that carries an entry to the mail server's "250"; the floor is `group_wait`."""
    from rows import lag

    what = f"pages answer after {lag.SLOWNESS} s" if full_text else "feed's own text"
    beside = f", beside {options.beside}" if options.beside else ""
    there = ", with visitors" if options.visitors else ""
    there += f", by a dispatcher and {options.workers} workers" if options.workers else ""
    yield f"{options.feeds:,} feeds, group_wait {options.group_wait} s, {what}{beside}{there}"
    load = lag.Load(
        options.feeds,
        options.entries,
        options.group_wait,
        full_text,
        options.beside,
        options.visitors,
        options.workers,
    )
    yield from lag.measure(load)


def plannings(options: argparse.Namespace) -> Iterator[str]:
    """CPU of planning beside so many stored matches."""
    import planning

    yield from planning.table([int(one) for one in options.sizes.split(",")])


def idles(options: argparse.Namespace) -> Iterator[str]:
    """CPU of a turn in which nothing is due."""
    from rows import idle

    yield from idle.measure(options.matches, options.held)


ROWS: Mapping[str, Callable[[argparse.Namespace], Iterator[str]]] = {
    "render": renders,
    "drain": drains,
    "lag": partial(lags, full_text=False),
    "page-lag": partial(lags, full_text=True),
    "planning": plannings,
    "idle": idles,
}


def main() -> None:
    """Prints the lines of each row, and how busy the machine is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=list(ROWS), action="append")
    parser.add_argument("--stories", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--deliveries", type=int, default=10_000)
    parser.add_argument("--receivers", type=int, default=4)
    parser.add_argument("--feeds", type=int, default=1_000)
    parser.add_argument("--entries", type=int, default=40)
    parser.add_argument("--group-wait", type=int, default=1, help="seconds")
    parser.add_argument("--beside", type=Path, help="lag: on a copy of the store that web.py --keep left here")
    parser.add_argument("--visitors", action="store_true", help="lag: while pages are opened and searches made")
    parser.add_argument("--workers", type=int, default=0, help="lag: so many, on PostgreSQL, beside a dispatcher")
    parser.add_argument("--sizes", default="10000,100000,1000000", help="matches stored, by commas (planning)")
    parser.add_argument("--matches", type=int, default=1_000_000, help="stored beside an idle second")
    parser.add_argument("--held", type=int, default=10_000, help="of them are held back (idle)")
    options = parser.parse_args()
    for name in options.only or ROWS:
        for line in ROWS[name](options):
            print(f"{name:<10}{line}", flush=True)
        print(f"{name:<10}load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)


if __name__ == "__main__":
    sys.exit(main())
