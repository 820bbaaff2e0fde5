"""What Slack takes in a message, as docs.slack.dev has it, and the limit on all blocks together, which it has not.

Sources: reference/block-kit/blocks (header, section, context, divider), composition-objects/text-object,
messaging/formatting-message-text (three escapes, `<url|label>`), methods/chat.postMessage (text, metadata). The
total: github.com/slackapi/bolt-js/issues/2509 saw `msg_blocks_too_long` from 13,172 characters on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

LONGEST_POST = 40_000
LONGEST_UPDATE = 4_000
MOST_BLOCKS = 50
LONGEST_BLOCKS = 13_000
LONGEST_METADATA = 8_000

_POST = {"channel", "text", "blocks", "unfurl_links", "unfurl_media", "metadata", "thread_ts", "mrkdwn"}
_WEBHOOK = {"text", "blocks", "unfurl_links", "unfurl_media", "mrkdwn"}
_UPDATE = {"channel", "ts", "text", "blocks"}
_ENTITY = re.compile(r"&(?!amp;|lt;|gt;)")
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff]")
# Embeddings and overrides, and isolates that are not closed: they would turn the text around them.
_BIDI = re.compile("[\u202a-\u202e\u2066\u2067]")
_ISOLATES = re.compile("\u2068[^\u2068\u2069\n]*\u2069")
_ANGLES = re.compile(r"<([^<>]*)>")


def fault_in(body: Any, method: str) -> str | None:
    """The word by which Slack refuses the body, and why; None: it takes it. `method`: post, update, webhook."""
    return next(_faults(body, method), None)


def _faults(body: Any, method: str) -> Iterator[str]:
    if not isinstance(body, dict):
        yield "invalid_payload: no object"
        return
    known = {"post": _POST, "update": _UPDATE, "webhook": _WEBHOOK}[method]
    if unknown := body.keys() - known:
        yield f"invalid_arguments: {sorted(unknown)}"
    text, blocks = body.get("text"), body.get("blocks")
    if not text and not blocks:
        yield "no_text"
    if text is not None:
        yield from _text_faults("text", text, LONGEST_UPDATE if method == "update" else LONGEST_POST)
    if "metadata" in body:
        yield from _metadata_faults(body["metadata"])
    if blocks is None:
        return
    if not isinstance(blocks, list) or not 1 <= len(blocks) <= MOST_BLOCKS:
        yield "invalid_blocks: not 1 to 50 of them"
        return
    for place, block in enumerate(blocks):
        for fault in _block_faults(block):
            yield f"invalid_blocks: /blocks/{place}: {fault}"
    if len(json.dumps(blocks, ensure_ascii=False)) > LONGEST_BLOCKS:
        yield "msg_blocks_too_long"


def _text_faults(name: str, text: Any, longest: int) -> Iterator[str]:
    if not isinstance(text, str):
        yield f"invalid_arguments: {name} is no text"
    elif len(text) > longest:
        yield "msg_too_long"
    else:
        for fault in markup_faults(text):
            yield f"invalid_arguments: {name}: {fault}"


def _metadata_faults(metadata: Any) -> Iterator[str]:
    if not isinstance(metadata, dict) or metadata.keys() != {"event_type", "event_payload"}:
        yield "invalid_metadata_format"
    elif not isinstance(metadata["event_type"], str) or not isinstance(metadata["event_payload"], dict):
        yield "invalid_metadata_schema"
    elif len(json.dumps(metadata)) > LONGEST_METADATA:
        yield "metadata_too_large"


def _block_faults(block: Any) -> Iterator[str]:
    if not isinstance(block, dict):
        yield "no object"
        return
    match block.get("type"):
        case "divider":
            yield from _keys(block, {"type"})
        case "header":
            yield from _keys(block, {"type", "text"})
            yield from _text_object(block.get("text"), 150, {"plain_text"})
        case "section":
            yield from _keys(block, {"type", "text"})
            yield from _text_object(block.get("text"), 3_000, {"plain_text", "mrkdwn"})
        case "context":
            yield from _keys(block, {"type", "elements"})
            elements = block.get("elements")
            if not isinstance(elements, list) or not 1 <= len(elements) <= 10:
                yield "not 1 to 10 elements"
                return
            for element in elements:
                yield from _text_object(element, 3_000, {"plain_text", "mrkdwn"})
        case other:
            yield f"unsupported type {other}"


def _keys(block: dict[str, Any], known: set[str]) -> Iterator[str]:
    if block.keys() != known:
        yield f"keys {sorted(block.keys() ^ known)}"


def _text_object(made: Any, longest: int, kinds: set[str]) -> Iterator[str]:
    if not isinstance(made, dict) or made.get("type") not in kinds or not isinstance(made.get("text"), str):
        yield "no text object"
        return
    kind, text = made["type"], made["text"]
    known = {"type", "text", "emoji"} if kind == "plain_text" else {"type", "text", "verbatim"}
    yield from _keys(made, known)
    if not isinstance(made.get("emoji", made.get("verbatim")), bool):
        yield "a flag that is no bool"
    if not 1 <= len(text) <= longest:
        yield f"{len(text)} characters, must be 1 to {longest}"
    if kind == "mrkdwn":
        yield from markup_faults(text)
    elif _CONTROL.search(text) or "\n" in text or _BIDI.search(text):
        yield "control characters in plain text"


def markup_faults(text: str) -> Iterator[str]:
    """What would be read otherwise than it was meant: bare controls, half a link, a mention that nobody wrote."""
    if _CONTROL.search(text):
        yield "control characters"
    if _BIDI.search(text) or re.search("[\u2068\u2069]", _ISOLATES.sub("", text)):
        yield "a bidi override"
    if _ENTITY.search(text):
        yield "an & that is not escaped"
    for inside in _ANGLES.findall(text):
        url, bar, label = inside.partition("|")
        if not bar or not label.strip() or "|" in label or "\n" in inside:
            yield f"<{inside[:40]}> is no link with a label"
        elif urlsplit(url).scheme not in ("http", "https") or len(url) > 3_000 or re.search(r"\s", url):
            yield f"<{url[:40]}> leads nowhere"
    if re.search("[<>]", re.sub(r"^> ", "", _ANGLES.sub("", text), flags=re.MULTILINE)):
        yield "an angle bracket that is not escaped"
