"""Text as Slack shows it unchanged, and the blocks that hold it (docs.slack.dev: formatting text, block kit).

Slack has no way to write its own markup as text: a star at the edge of a word is swallowed, whatever stands before
it. What comes from the network is therefore written with look-alike letters where Slack would read markup.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from monitor.core.digests.passages import one_line
from monitor.core.digests.render.words import cut, web_url

LONGEST_SECTION = 3_000
MOST_ELEMENTS = 10
# Badges, rule title, update and publishers take 1,050 of a section's 3,000 letters, escapes included.
_LONGEST_LINK = 1_950  # the address counts in bytes: a message of 15 kB must hold it whatever its script
SHORT_LINK = 400

Block = dict[str, Any]

_LOOK_ALIKE = str.maketrans({"*": "∗", "~": "∼", "`": "ˋ"})
_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_EMOJI = re.compile(r":(?=(?:[a-z0-9_+'-]*[a-z+][a-z0-9_+'-]*|100|1234):)")
_QUOTE_MARK = re.compile(r"^(\s*)>")


def escape(text: str) -> str:
    """Slack's three escapes, and no others."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unmarked(text: str) -> str:
    """The text, of the same length, without anything that Slack would read as its markup; not escaped yet."""
    text = _EDGE_UNDERSCORE.sub("ˍ", text.translate(_LOOK_ALIKE))
    return _QUOTE_MARK.sub(r"\1›", _EMOJI.sub("∶", text))


def fit(text: str, longest: int) -> str:
    """The text on one line, unmarked, escaped, and cut so that so written it keeps to `longest`; never empty."""
    text = unmarked(one_line(text)) or "–"
    room = longest
    while len(escape(cut(text, room))) > longest:
        room = room * 2 // 3
    return escape(cut(text, room))


def bold(text: str) -> str:
    """Bold where Slack makes it so: from a non-blank to a non-blank; else the text as it is."""
    shown = escape(unmarked(text))
    return f"*{shown}*" if text and text.strip() == text else shown


def isolated(text: str) -> str:
    """Right-to-left text set apart, so that it does not turn what stands beside it (UAX #9: FSI … PDI)."""
    turned = any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in text)
    return f"\u2068{text}\u2069" if turned else text


def link(url: str, label: str) -> str:
    """`<url|label>`; the bare label where the address cannot be a link."""
    # Slack ends the address at the first "|" and the link at the first ">": both are written as RFC 3986 bids.
    target = escape(web_url(url).replace("|", "%7C").replace("<", "%3C").replace(">", "%3E"))
    label = label.replace("|", "¦")
    size = len(target.encode("utf-8", "replace"))
    room = max(60, _LONGEST_LINK - size - len("<|>")) - len(isolated("ا")) + 1
    made = f"<{target}|{isolated(fit(label, min(500, room)))}>"
    return made if target and len(made) + size - len(target) <= _LONGEST_LINK else fit(label, 500)


def short_link(url: str, label: str) -> str:
    """A link of at most 400 characters, since another one of any length stands in the section; else the label."""
    made = link(url, label)
    return made if len(made) <= SHORT_LINK else fit(label, SHORT_LINK)


def section(text: str) -> Block:
    """A block of text, at most 3,000 characters."""
    return {"type": "section", "text": mrkdwn(text)}


def header(text: str) -> Block:
    """A large plain line of at most 150 characters."""
    return {"type": "header", "text": {"type": "plain_text", "text": cut(text, 150), "emoji": False}}


def context(elements: Sequence[str]) -> Block:
    """Small print: its texts beside each other, at most ten."""
    return {"type": "context", "elements": [mrkdwn(one) for one in elements[:MOST_ELEMENTS]]}


def mrkdwn(text: str) -> Block:
    """A text object in Slack's markup."""
    # verbatim: names, channels and addresses inside the news are not turned into links or mentions.
    return {"type": "mrkdwn", "text": text, "verbatim": True}
