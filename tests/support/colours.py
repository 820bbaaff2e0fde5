"""What the text of a digest's HTML contrasts with, in light and in dark, computed from its styles."""

from __future__ import annotations

import re
from collections.abc import Iterator

import lxml.html

_HEX = re.compile(r"#([0-9a-f]{6})\b")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")


def contrasts(html: str, *, dark: bool) -> Iterator[tuple[str, float]]:
    """Each piece of text that is shown, with its contrast (WCAG 2.2, 1.4.3: 4.5 or more for such sizes)."""
    page = lxml.html.fromstring(html)
    rules = _dark_rules(html) if dark else {}
    yield from _walk(page.body, rules, "#000000", "#ffffff")


def _walk(
    element: lxml.html.HtmlElement, rules: dict[str, dict[str, str]], ink: str, paper: str
) -> Iterator[tuple[str, float]]:
    if not isinstance(element.tag, str) or "display:none" in element.get("style", ""):
        return
    style = _declarations(element.get("style", ""))
    for name in (element.tag, *(f".{one}" for one in element.get("class", "").split())):
        style |= rules.get(name, {})
    found = style.get("color", "inherit")
    ink = ink if found == "inherit" else found
    paper = style.get("background", paper)
    if (element.text or "").strip():
        yield element.text.strip(), contrast(ink, paper)
    for child in element:
        yield from _walk(child, rules, ink, paper)
        if (child.tail or "").strip():
            yield child.tail.strip(), contrast(ink, paper)


def _dark_rules(html: str) -> dict[str, dict[str, str]]:
    sheet = html[html.index("prefers-color-scheme:dark){") + len("prefers-color-scheme:dark){") :]
    sheet = sheet[: sheet.index("</style>")]
    rules: dict[str, dict[str, str]] = {}
    for names, body in _RULE.findall(sheet):
        for name in names.split(","):
            rules.setdefault(name.strip(), {}).update(_declarations(body.replace("!important", "")))
    return rules


def _declarations(style: str) -> dict[str, str]:
    pairs = (one.split(":", 1) for one in style.split(";") if ":" in one)
    return {name.strip(): value.strip() for name, value in pairs}


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    found = _HEX.fullmatch(colour)
    assert found, f"a colour of six digits, not {colour!r}"
    parts = [int(found[1][i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
