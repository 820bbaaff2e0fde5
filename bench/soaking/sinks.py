"""Receivers that fail by turns: a mail server behind a line that breaks, two webhooks. All that came is kept."""

from __future__ import annotations

import random
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from faulty_proxy import Fault, FaultyProxy, faulty_proxy
from http_sink import Sink, http_sink
from mail_server import MailServer, mail_server

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*<([^@>]+)@", re.MULTILINE | re.IGNORECASE)
_TURN = 5.0  # seconds between two looks at what came, and two throws of the dice
_ILL = 0.2  # share of the turns in which a sink is ill
_SLOW = 0.05  # and in which it takes ten seconds for an answer
_MAIL_ANSWERS = (
    {"RCPT": "450 4.2.1 try again later"},
    {"DATA": "451 4.3.0 local error"},
    {"DATA": "452 4.3.1 no space left"},
    {"RCPT": "550 5.1.1 no such user"},  # dead: retried by hand at the end
    {"DATA": "554 5.7.1 looks like spam"},
)
_LINES = (
    Fault("refused", refuse=True),
    Fault("cut in the message", cut_up=4_000),
    Fault("stalls", stall=3),
    Fault("loses the answer", lose_answer_to=b"\r\n.\r\n"),
)
_HOOK_ANSWERS: tuple[tuple[int, dict[str, str], bytes] | None, ...] = (
    (500, {}, b"oops"),
    (503, {"Retry-After": "5"}, b"busy"),
    (429, {"Retry-After": "10"}, b"slower"),
    (400, {}, b"what?"),
    (404, {}, b"no such hook"),
    None,  # takes it, and hangs up
)


@dataclass
class Came:
    """What came under each key: its different bytes, how often, and the first of them on disk."""

    folder: Path
    bodies: dict[str, set[bytes]] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)

    def take(self, key: str, body: bytes) -> None:
        """One more message."""
        self.times[key] += 1
        digest = blake2b(body, digest_size=16).digest()
        if key not in self.bodies:
            (self.folder / key).write_bytes(body)
        self.bodies.setdefault(key, set()).add(digest)


@dataclass
class Sinks:
    """The receivers as the config names them."""

    mail: MailServer
    line: FaultyProxy
    hooks: list[Sink]
    came: Came
    dice: random.Random
    faults: Counter[str] = field(default_factory=Counter)
    over: bool = False

    def turn(self) -> None:
        """Puts away what came, and decides how each sink is for a while."""
        self.drain()
        self.mail.answers = {}
        self.mail.drop_after_data = False
        if self._ill():
            answers = self.dice.choice([*_MAIL_ANSWERS, {}])
            self.mail.answers, self.mail.drop_after_data = dict(answers), not answers
            self.faults["mail: " + (next(iter(answers.values()), "drops the line"))] += 1
        if self._ill() and len(self.line.faults) < 2:
            self.line.faults.append(self.dice.choice(_LINES))
            self.faults[f"line: {self.line.faults[-1].name}"] += 1
        for hook in self.hooks:
            hook.answer = (200, {}, b"ok")
            hook.hold.set()
            if self._ill():
                hook.answer = self.dice.choice(_HOOK_ANSWERS)
                self.faults[f"webhook: {hook.answer[0] if hook.answer else 'hangs up'}"] += 1
            elif not self.over and self.dice.random() < _SLOW:
                hook.hold.clear()  # ten seconds a request
                self.faults["webhook: slow"] += 1

    def drain(self) -> None:
        """Puts away what came: a run's mail would not fit into memory."""
        while self.mail.received:
            content = self.mail.received.pop(0).content
            found = _MESSAGE_ID.search(content)
            self.came.take(found[1].decode() if found else "none", content)
        self.mail.tls_used.clear()
        for hook in self.hooks:
            while hook.requests:
                _, headers, body = hook.requests.pop(0)
                self.came.take(headers["webhook-id"], body)

    def heal(self) -> None:
        """All is well from now on."""
        self.over = True
        self.line.faults.clear()
        self.turn()

    def _ill(self) -> bool:
        return not self.over and self.dice.random() < _ILL


@contextmanager
def sinks(folder: Path, seed: int) -> Iterator[Sinks]:
    """All of them, changing by themselves until the block ends."""
    folder.mkdir()
    done = threading.Event()
    with mail_server() as mail, faulty_proxy(mail.port) as line, http_sink() as one, http_sink() as other:
        made = Sinks(mail, line, [one, other], Came(folder), random.Random(seed))
        thread = threading.Thread(target=_repeat, args=(made.turn, done), daemon=True)
        thread.start()
        try:
            yield made
        finally:
            done.set()
            thread.join()
            for hook in made.hooks:
                hook.hold.set()


def _repeat(turn: Callable[[], None], done: threading.Event) -> None:
    while not done.wait(_TURN):
        turn()
