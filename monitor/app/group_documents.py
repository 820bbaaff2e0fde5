"""`monitor stories group`: documents as JSON lines, told which copy which and which are one story.

The daemon's own stage groups them, over a store of their own that is thrown away. They come into it by date, so
that the order of the lines changes nothing, and only what they are compared by: their texts stay in the file.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from monitor.adapters.store.sql import SqlStore
from monitor.app.counting import counted
from monitor.app.documents import document_lines
from monitor.core.articles.compose import feed_text
from monitor.core.feeds.document import entry_of_document, publisher_of
from monitor.core.text.urls import canonical_url, host_of
from monitor.model.article import Document, NewArticle
from monitor.model.entry import Entry, Fate, NewEntry, ParsedEntry
from monitor.model.story import STORY_WINDOW
from monitor.model.story_member import Member
from monitor.model.story_view import Likeness
from monitor.pipeline.group import GroupStage
from monitor.pipeline.study import study_article
from monitor.ports import Store

_BATCH = 500
_IN_MEMORY = 20_000  # documents, some 150 MB beside what the stage takes; more are grouped in a file
_SPOOLED = 50_000_000  # bytes of standard input in memory; more goes into a file
_UNDATED = datetime(2000, 1, 1, tzinfo=UTC)  # when all of them were seen, where no document has a date
_FAR = datetime(9999, 12, 1, tzinfo=UTC)

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """One document of the input: where it stands, and what sorts it among the others, whatever their order."""

    undated: bool  # seen last: it begins no story that has a document with a date
    when: datetime
    id: str
    digest: bytes
    start: int = field(compare=False)
    number: int = field(compare=False)


@dataclass(slots=True)
class GroupTally:
    """What became of a file."""

    documents: int = 0
    stories: int = 0
    duplicates: int = 0
    problems: int = 0


@dataclass(frozen=True, slots=True)
class _Frozen:
    """The time at which everything is grouped: after all that was seen."""

    at: datetime

    def now(self) -> datetime:
        return self.at


@contextmanager
def seekable(stream: BinaryIO) -> Iterator[BinaryIO]:
    """The stream, or a copy of it where it is a pipe: its lines are read twice."""
    if stream.seekable():
        yield stream
        return
    with tempfile.SpooledTemporaryFile(max_size=_SPOOLED) as kept:
        shutil.copyfileobj(stream, kept)
        kept.seek(0)
        yield kept  # type: ignore[misc]  # typeshed has no BinaryIO for it


def group_lines(
    stream: BinaryIO,
    tally: GroupTally,
    *,
    window: timedelta | None = None,
    explain: bool = False,
    complain: Callable[[str], None],
    tell_read: Tell = lambda done, of: None,
    tell_grouped: Tell = lambda done, of: None,
) -> Iterator[dict[str, Any]]:
    """The lines with `duplicate_of` and `story`, in their order; with `explain` also `why`.

    `stream` must be seekable. `complain` hears of each line that is no document ("12: no JSON: …"), which is left
    out, and of ids that stand twice. A story has the id of its oldest document.
    """
    lines = list(_lines(stream, tally, complain))
    in_order = sorted(lines)
    newest = max((line.when for line in lines), default=_UNDATED)
    with _store(len(lines)) as store:
        _fill(store, stream, in_order, newest, tell_read)
        _group(store, window, len(lines), tell_grouped)
        yield from _answers(store, stream, lines, in_order, tally, explain)


def tally_text(tally: GroupTally) -> str:
    """ "60 documents, 15 stories, 9 duplicates"."""
    bad = f"; {counted(tally.problems, 'line is', 'lines are')} no document" if tally.problems else ""
    return (
        f"{counted(tally.documents, 'document')}, {counted(tally.stories, 'story', 'stories')}, "
        f"{counted(tally.duplicates, 'duplicate')}{bad}"
    )


def _lines(stream: BinaryIO, tally: GroupTally, complain: Callable[[str], None]) -> Iterator[Line]:
    first: dict[str, int] = {}
    start = stream.tell()
    for number, found in document_lines(stream):
        here, start = start, stream.tell()
        if isinstance(found, str):
            tally.problems += 1
            complain(f"{number}: {found}")
            continue
        before = first.setdefault(found.id, number)
        if before != number:
            complain(f'{number}: the id "{found.id}" stands in line {before} too; both are grouped')
        digest = blake2b(repr(found).encode("utf-8", "surrogatepass"), digest_size=8).digest()
        yield Line(found.published is None, found.published or _UNDATED, found.id, digest, here, number)


@contextmanager
def _store(documents: int) -> Iterator[SqlStore]:
    with tempfile.TemporaryDirectory(prefix="monitor-group-") as folder:
        url = "sqlite://" if documents <= _IN_MEMORY else f"sqlite:///{Path(folder) / 'group.db'}"
        store = SqlStore(url)
        try:
            yield store
        finally:
            store.close()


def _fill(store: Store, stream: BinaryIO, in_order: Sequence[Line], newest: datetime, tell: Tell) -> None:
    """Each document as an article that was read: the first of `in_order` gets the lowest row."""
    feed = store.feeds.passive_feed("documents", _UNDATED)
    done = 0
    waiting = iter(in_order)
    while some := list(islice(waiting, _BATCH)):
        documents = [_document_at(stream, line) for line in some]
        parsed = [entry_of_document(one, _FAR) for one in documents]
        entries = [
            NewEntry(ParsedEntry(id=str(done + place), title=""), "", "", Fate.WAITING)
            for place in range(len(some))
        ]
        store.feeds.record_documents(feed.id, entries, _UNDATED)
        rows = store.articles.waiting(_FAR, len(some))
        for line, row, document, entry in zip(some, rows, documents, parsed, strict=True):
            store.articles.record_read(_article(row, newest if line.undated else line.when, document, entry))
            done += 1
            tell(done, len(in_order))


def _document_at(stream: BinaryIO, line: Line) -> Document:
    _, found = next(document_lines(_at(stream, line.start)))
    assert isinstance(found, Document), "it was one when the file was read first"
    return found


def _at(stream: BinaryIO, start: int) -> BinaryIO:
    stream.seek(start)
    return stream


def _article(row: Entry, seen: datetime, document: Document, entry: ParsedEntry) -> NewArticle:
    """As the read stage makes it of an entry, without its text; it was seen when it was published."""
    text, quality = feed_text(entry)
    url = entry.link or ""
    studied = study_article(
        entry.title, entry.summary, text, entry.language, (), entry.authors, text, host_of(url)
    )
    return NewArticle(
        entry_row=row.row,
        feed_id=row.feed_id,
        feed_name=publisher_of(document),
        feed_tags=(),
        url=url,
        url_key=canonical_url(url) if url else "",
        title=entry.title,
        text="",
        summary="",
        publisher=publisher_of(document),
        quality=quality,
        content_hash=studied.content_hash,
        first_seen=seen,
        published=entry.published,
        language=studied.language.language,
        language_confidence=studied.language.confidence,
        authors=entry.authors,
        wire=studied.wire,
        fingerprint=studied.fingerprint,
    )


def _group(store: Store, window: timedelta | None, documents: int, tell: Tell) -> None:
    stage = GroupStage(store.grouping, _Frozen(_FAR), window or STORY_WINDOW)
    for done, _ in enumerate(stage.run(lambda: False), 1):
        tell(done, documents)


def _answers(
    store: Store,
    stream: BinaryIO,
    lines: Sequence[Line],
    in_order: Sequence[Line],
    tally: GroupTally,
    explain: bool,
) -> Iterator[dict[str, Any]]:
    """Rows count from 1 in the order in which the documents came in."""
    row_of = {line.number: row for row, line in enumerate(in_order, 1)}
    stories: Counter[str] = Counter()
    for start in range(0, len(lines), _BATCH):
        some = lines[start : start + _BATCH]
        rows = [row_of[line.number] for line in some]
        members = {one.id: one for one in store.stories.members(rows)}
        alike = store.stories.strongest(rows) if explain else {}
        for line in some:
            member = members[row_of[line.number]]
            stories[member.story] += 1
            tally.documents += 1
            tally.stories = len(stories)
            tally.duplicates += member.duplicate_of is not None
            answer = _answer(stream, line, member, in_order)
            yield answer | {"why": _why(member, alike.get(member.id), in_order)} if explain else answer


def _answer(stream: BinaryIO, line: Line, member: Member, in_order: Sequence[Line]) -> dict[str, Any]:
    document = _raw(stream, line)
    document["id"] = line.id
    copied = member.duplicate_of
    document["duplicate_of"] = None if copied is None else in_order[copied - 1].id
    document["story"] = in_order[int(member.story.removeprefix("s_"), 16) - 1].id
    return document


def _why(member: Member, edge: Likeness | None, in_order: Sequence[Line]) -> str | None:
    """Why it is a copy, or else which other document of its story it is most like; None for one alone."""
    if member.duplicate_reason is not None:
        return f"{member.duplicate_reason.value}: {member.duplicate_why}".rstrip(": ")
    if edge is None:
        return None
    other = edge.other if edge.one == member.id else edge.one
    return f"alike: {in_order[other - 1].id} ({edge.weight:.2f})"


def _raw(stream: BinaryIO, line: Line) -> dict[str, Any]:
    text = ""
    stream.seek(line.start)
    while not text.strip():
        text = stream.readline().removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    found = json.loads(text)
    return dict(found)
