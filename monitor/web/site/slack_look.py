"""How Slack shows a message: its blocks as lines of words with their marks, for a template that escapes them.

After Slack's pages on Block Kit and on formatting text. What it knows and we do not send is shown as plain words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

# A mark opens before a non-blank and closes behind one, both at the edge of a word; none spans lines.
_MARKED = re.compile(
    r"<(?P<url>[^<>|\s]+)(?:\|(?P<label>[^<>]*))?>|"
    r"(?<![^\W_])(?P<mark>[*_~`])(?=\S)(?P<inside>(?:(?!(?P=mark)).)+?)(?<=\S)(?P=mark)(?![^\W_])"
)
_QUOTE = re.compile(r"(?:>|&gt;) ?")
_MOST_BLOCKS = 50  # Slack takes no more


@dataclass(frozen=True, slots=True)
class Words:
    """Some words, and how they are shown."""

    text: str
    bold: bool = False
    italic: bool = False
    struck: bool = False
    code: bool = False
    link: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a block."""

    words: tuple[Words, ...]
    is_quote: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A block by its type; `buttons` are (label, address or "")."""

    type: str
    lines: tuple[Line, ...] = ()
    buttons: tuple[tuple[str, str], ...] = ()


def slack_look(payload: Mapping[str, Any]) -> tuple[Block, ...]:
    """The blocks of a payload, or its text where it has none. Never raises: a stored one may be of any form."""
    blocks = payload.get("blocks")
    if not isinstance(blocks, list) or not blocks:
        return (Block("section", tuple(_lines(_string(payload, "text")))),)
    return tuple(_block(one) for one in blocks[:_MOST_BLOCKS] if isinstance(one, dict))


def _block(one: Mapping[str, Any]) -> Block:
    elements = [part for part in _list(one, "elements") if isinstance(part, dict)]
    match kind := _string(one, "type"):
        case "divider":
            return Block(kind)
        case "header":
            return Block(kind, (Line((Words(_string(_dict(one, "text"), "text")),)),))
        case "section":
            said = [_dict(one, "text"), *(part for part in _list(one, "fields") if isinstance(part, dict))]
            lines = tuple(line for part in said for line in _said(part))
            return Block(kind, lines, tuple(_buttons([_dict(one, "accessory")])))
        case "context":
            return Block(kind, tuple(line for part in elements for line in _said(part)))
        case "actions":
            return Block(kind, buttons=tuple(_buttons(elements)))
        case _:
            return Block("other", (Line((Words(f"(a block of the type {kind or 'unknown'})"),)),))


def _said(part: Mapping[str, Any]) -> Iterator[Line]:
    """A text object, or the words of an image."""
    text = _string(part, "text") or _string(part, "alt_text")
    if _string(part, "type") == "mrkdwn":
        yield from _lines(text)
    elif text:
        yield Line((Words(text),))


def _lines(text: str) -> Iterator[Line]:
    for line in text.splitlines():
        quote = _QUOTE.match(line)
        yield Line(tuple(_words(line[quote.end() :] if quote else line, Words(""))), is_quote=quote is not None)


def _words(text: str, style: Words) -> Iterator[Words]:
    at = 0
    for found in _MARKED.finditer(text):
        if found.start() > at:
            yield _plain(text[at : found.start()], style)
        at = found.end()
        if found["url"] is not None:
            yield replace(_plain(found["label"] or found["url"], style), link=_unescaped(found["url"]))
            continue
        marked = _marked(style, found["mark"])
        # Nothing inside code is a mark.
        yield from [_plain(found["inside"], marked)] if marked.code else _words(found["inside"], marked)
    if at < len(text):
        yield _plain(text[at:], style)


def _marked(style: Words, mark: str) -> Words:
    return replace(
        style,
        bold=style.bold or mark == "*",
        italic=style.italic or mark == "_",
        struck=style.struck or mark == "~",
        code=style.code or mark == "`",
    )


def _plain(text: str, style: Words) -> Words:
    return replace(style, text=_unescaped(text))


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _buttons(elements: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for one in elements:
        label = _string(_dict(one, "text"), "text")
        if label:
            yield label, _string(one, "url")


def _string(one: Mapping[str, Any], key: str) -> str:
    value = one.get(key)
    return value if isinstance(value, str) else ""


def _dict(one: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = one.get(key)
    return value if isinstance(value, dict) else {}


def _list(one: Mapping[str, Any], key: str) -> list[Any]:
    value = one.get(key)
    return value if isinstance(value, list) else []
