"""The pages behind entries: well, ill for a while, or never to be had, each in its own way."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from html import escape

from hostile_bodies import MB, gzip_of_zeros
from http_server import reply

from monitor.pipeline.read import RETRY_AFTER

ILL = ("500", "503", "hangs", "torn", "silent", "no answer")  # each is asked again
NEVER = ("404", "410", "login", "bomb", "pdf", "nested", "noise", "elsewhere", "circle", "too large")
_MARGIN = timedelta(seconds=30)
_ILL, _NEVER = 0.15, 0.1  # shares of the pages


@dataclass(frozen=True, slots=True)
class Page:
    """How a page behaves: `fails` times as `kind` says, then well. `never`: the feed's words have to do."""

    kind: str
    fails: int
    never: bool


def page_for(dice: random.Random, closed: bool, left: timedelta) -> Page:
    """One page. It is ill no longer than its retries have come to their end when the run has."""
    chance, often = dice.random(), dice.choice((1, 1, 2, 3, 4))
    if closed:
        return Page("well", 0, never=True)
    if chance < _NEVER:
        return Page(dice.choice(NEVER), 1_000_000, never=True)
    if chance < _NEVER + _ILL:
        while often and sum(RETRY_AFTER[:often], _MARGIN) > left:
            often -= 1
        gives_up = often > len(RETRY_AFTER)
        return Page(dice.choice(ILL), often, never=gives_up)
    return Page("well", 0, never=False)


def html_of(title: str, text: Sequence[str], host: str) -> bytes:
    """A page as papers write it, furniture and all."""
    links = "".join(f"<li><a href='/section/{one}'>Section {one}</a></li>" for one in range(12))
    body = "".join(f"<p>{escape(one)}</p>\n" for one in text)
    return (
        f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>{escape(title)} | {host}</title></head><body>"
        f"<header><nav><ul>{links}</ul></nav></header><main><article><h1>{escape(title)}</h1>\n{body}</article></main>"
        "<footer><p>All rights reserved. Subscribe to our newsletter.</p></footer></body></html>"
    ).encode()


_LOGIN = "<html><body><form action='/login'>Please log in to read on<input type=password></form></body></html>"
_HTML = {"Content_Type": "text/html; charset=utf-8"}
REFUSALS: dict[str, Callable[[], bytes]] = {
    "404": lambda: reply(b"<h1>Not found</h1>", 404, **_HTML),
    "410": lambda: reply(b"<h1>Gone</h1>", 410, **_HTML),
    "500": lambda: reply(b"<h1>Oops</h1>", 500, **_HTML),
    "503": lambda: reply(b"<h1>Busy</h1>", 503, Retry_After="3", **_HTML),
    "login": lambda: reply(_LOGIN.encode(), 200, **_HTML),
    "bomb": lambda: reply(gzip_of_zeros(50 * MB), 200, Content_Encoding="gzip", **_HTML),
    "pdf": lambda: reply(b"%PDF-1.7\n" + bytes(20_000), 200, Content_Type="application/pdf"),
    "nested": lambda: reply(b"<html><body>" + b"<div>" * 60_000 + b"x", 200, **_HTML),
    "noise": lambda: reply(random.Random(1).randbytes(50_000), 200, **_HTML),
    "elsewhere": lambda: reply(b"", 302, Location="http://nowhere.invalid/page"),
    "circle": lambda: reply(b"", 302, Location="/circle"),
    "too large": lambda: reply(b"<html><body><p>" + b"x " * (6 * MB), 200, **_HTML),
    "torn": lambda: reply(gzip.compress(b"<html><p>" + b"y" * 9_000)[:-20], Content_Encoding="gzip", **_HTML),
}
