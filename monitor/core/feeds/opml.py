"""OPML 1.0 and 2.0 (opml.org/spec2.opml): lists of feeds as other readers write and read them. Pure.

What an outline cannot say in OPML's own words is written in attributes of our namespace, so that a list that was
exported comes back as it was. Reading is called through the Sandbox port: the file may come from anybody.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from html.entities import html5
from itertools import islice
from xml.sax.saxutils import escape

from lxml import etree

from monitor.core.text.characters import without_controls
from monitor.core.text.charset import decode_body
from monitor.core.text.html import MAX_TITLE, clean, one_line
from monitor.core.text.urls import without_feed_scheme
from monitor.model.errors import NotOpml

MAX_OPML = 20_000_000  # bytes: 50,000 feeds of usual length
MAX_FEEDS = 50_000
NAMESPACE = "urn:media-monitor:opml:1"
_PREFIX = f"{{{NAMESPACE}}}"
OWN = ("tags", "named", "interval", "full_text", "backfill")
"""What has an attribute of our namespace: settings that OPML has no words for."""
_LONGEST_TAG = 100
_MOST_TAGS = 50
_LONGEST_VALUE = 3_000  # of a URL or an attribute of ours; the config takes less, and says so
_ROOT_WITHIN = 100_000  # code points searched for the root
_MARK = re.compile(r"<!--|<!ENTITY|<(?![?!/])([\w:.-]{1,40})", re.I)
# A reference, or an "&" that a careless program did not escape, mostly in a URL.
_REFERENCE = re.compile(r"&(?:(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)?")
_KNOWN_TO_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})
_ONE_OUTLINE = re.compile(r"[ \t]*<outline\b.*/>[ \t]*", re.I)
_PLACE = re.compile(r",? line \d+(?:, column \d+)?")


@dataclass(frozen=True, slots=True)
class OpmlFeed:
    """One feed of a list. `own` are the attributes of our namespace; `line` says where it stands, from 1."""

    url: str
    name: str = ""
    tags: tuple[str, ...] = ()
    own: Mapping[str, str] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True, slots=True)
class Opml:
    """What stands in a list: feeds in order, and the lines that should have been feeds, with the reason."""

    feeds: tuple[OpmlFeed, ...]
    problems: tuple[tuple[int, str], ...] = ()


def read_opml(body: bytes) -> Opml:
    """The feeds of an OPML file. The folders a feed stands in, and its categories, become tags.

    Takes the best reading of a wrong charset, and an "&" that is not escaped. A line that holds nothing but an
    outline, and is broken in itself, is a problem like an outline that is no feed. Raises NotOpml, and nothing
    else, for a file that is no OPML or otherwise not well-formed: half a list read is worse than none.
    """
    text = without_controls(decode_body(body)).replace("\r\n", "\n").replace("\r", "\n")
    start = _root(text)
    # Blank lines for what stands before: problems name the lines of the file.
    source = "\n" * text.count("\n", 0, start) + _REFERENCE.sub(_mended, text[start:])
    problems: list[tuple[int, str]] = []
    try:
        root = _tree(source)
    except NotOpml:
        whole, problems = _without_broken_lines(source)
        if not problems:
            raise
        root = _tree(whole)
    feeds: list[OpmlFeed] = []
    for outline, folders in _leaves(root):
        found = _feed(outline, folders, _line(outline.sourceline, source))
        if isinstance(found, OpmlFeed):
            feeds.append(found)
        else:
            problems.append(found)
        if len(feeds) > MAX_FEEDS:
            raise NotOpml(f"it lists more than {MAX_FEEDS:,} feeds")
    return Opml(tuple(feeds), tuple(problems))


def _tree(source: str) -> etree._Element:
    try:
        return etree.fromstring(source.lstrip("\n").encode("utf-8", "replace"), _parser())
    except etree.XMLSyntaxError as error:
        raise NotOpml(_broken(error.msg), _line(error.lineno, source)) from None


def _parser(*, recover: bool = False) -> etree.XMLParser:
    # With no DOCTYPE left there is nothing to expand or to load; the switches are for the day this is changed.
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=recover,
    )


def _without_broken_lines(source: str) -> tuple[str, list[tuple[int, str]]]:
    """The text with each line that is one broken outline left blank, and those lines with the reason."""
    lines, problems = source.split("\n"), []
    for number, line in enumerate(lines, 1):
        if _ONE_OUTLINE.fullmatch(line) and (why := _fault(line)) is not None:
            problems.append((number, why))
            lines[number - 1] = ""
    return "\n".join(lines), problems


def _fault(line: str) -> str | None:
    """Why a line is not well-formed; what its namespaces are stands elsewhere."""
    parser = _parser(recover=True)
    try:
        etree.fromstring(f"<o>{line}</o>".encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:  # too deep even for that
        return _broken(error.msg)
    faults = [one.message for one in parser.error_log if one.domain_name != "NAMESPACE"]
    return _broken(faults[0]) if faults else None


def _broken(said: str | None) -> str:
    return f"broken XML: {one_line(_PLACE.sub('', said or 'no reason given'), 200)}"


def write_opml(feeds: Iterable[OpmlFeed], title: str, now: datetime) -> bytes:
    """An OPML 2.0 file: a folder for each first tag, feeds without a tag below; UTF-8, one feed a line."""
    root = etree.Element("opml", {"version": "2.0"}, nsmap={"monitor": NAMESPACE})
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = title
    etree.SubElement(head, "dateCreated").text = format_datetime(now)
    body = etree.SubElement(root, "body")
    by_folder: dict[str, list[OpmlFeed]] = {}
    for feed in feeds:
        by_folder.setdefault(feed.tags[0] if feed.tags else "", []).append(feed)
    for folder in sorted(by_folder, key=lambda tag: (not tag, tag)):
        place = etree.SubElement(body, "outline", {"text": _plain(folder)}) if folder else body
        for feed in by_folder[folder]:
            etree.SubElement(place, "outline", _attributes(feed))
    return bytes(etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True))


def tag_of(text: str) -> str:
    """The name of a folder as a tag, which is one word: spaces become hyphens; "" for a name without letters."""
    return "-".join(one_line(text, _LONGEST_TAG).split())


def _attributes(feed: OpmlFeed) -> dict[str, str]:
    found = {"type": "rss", "text": feed.name or feed.url, "title": feed.name or feed.url, "xmlUrl": feed.url}
    if feed.tags:
        # Commas part categories and slashes their steps: a tag that has one is told apart by our attribute only.
        found["category"] = ",".join(f"/{tag}" for tag in feed.tags)
    found |= {_PREFIX + name: value for name, value in feed.own.items()}
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: str) -> str:
    return without_controls(value)  # XML has no place for them


def _root(text: str) -> int:
    """Where the root element begins; junk, comments, the declaration and the DOCTYPE before it are passed over."""
    position = 0
    while mark := _MARK.search(text, position, _ROOT_WITHIN):
        if mark[0] == "<!--":
            position = text.find("-->", mark.end()) + 3
            if position < 3:
                break
        elif mark[0].upper() == "<!ENTITY":
            # Expanding them is how XML bombs work, opening them how files leak.
            raise NotOpml("the file declares entities of its own, which is refused", _line_at(text, mark.start()))
        elif mark[1].lower() == "opml":
            return mark.start()
        else:
            raise NotOpml(f"no OPML: its first element is <{one_line(mark[1], 40)}>", _line_at(text, mark.start()))
    raise NotOpml("no OPML" if text.strip() else "the file is empty")


def _line_at(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _line(counted: int | None, source: str) -> int:
    """A line of the file from one that was counted from the root element on."""
    return (counted or 1) + len(source) - len(source.lstrip("\n"))


def _mended(found: re.Match[str]) -> str:
    """A bare "&" escaped, a reference that only HTML knows (&eacute;) resolved, one to a control dropped."""
    name = found[1] or ""
    if name in _KNOWN_TO_XML:
        return found[0]
    resolved = html.unescape(found[0]) if name.startswith("#") else html5.get(f"{name};", found[0])
    return escape(without_controls(resolved), {'"': "&quot;", "'": "&apos;"})


def _leaves(root: etree._Element) -> Iterator[tuple[etree._Element, list[str]]]:
    """Every outline that is a feed or has nothing inside, with the names of the folders it stands in."""
    folders: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if not isinstance(element.tag, str) or etree.QName(element).localname.lower() != "outline":
            continue
        is_folder = len(element) > 0 and not _attribute(element, "xmlurl")
        if event == "start" and is_folder:
            folders.append(_attribute(element, "text") or _attribute(element, "title"))
        elif event == "start":
            yield element, list(folders)
        elif is_folder:
            folders.pop()


def _attribute(outline: etree._Element, name: str) -> str:
    """An attribute by its name in lower case: programs write xmlUrl in several ways."""
    return next((value for key, value in outline.attrib.items() if key.lower() == name), "")


def _feed(outline: etree._Element, folders: Sequence[str], line: int) -> OpmlFeed | tuple[int, str]:
    url = without_feed_scheme(_attribute(outline, "xmlurl").strip())
    name = _name(_attribute(outline, "text")) or _name(_attribute(outline, "title"))
    if not url:
        called = f'"{one_line(name, 60)}" ' if name else ""
        return line, f"{called}has no xmlUrl: no feed"
    own = {
        key.removeprefix(_PREFIX): value[:_LONGEST_VALUE]
        for key, value in outline.attrib.items()
        if key.removeprefix(_PREFIX) in OWN and key.startswith(_PREFIX)
    }
    steps = (step for path in _attribute(outline, "category").split(",") for step in path.split("/"))
    tags = own["tags"].split() if "tags" in own else map(tag_of, (*folders, *steps))
    kept = islice(dict.fromkeys(tag for tag in tags if tag), _MOST_TAGS)
    return OpmlFeed(url[:_LONGEST_VALUE], name, tuple(kept), own, line)


def _name(text: str) -> str:
    """A name as it was written, where that is one line."""
    cleaned = clean(text)
    return (
        cleaned
        if cleaned.strip() and len(cleaned) <= MAX_TITLE and len(cleaned.splitlines()) == 1
        else one_line(text)
    )
