"""`monitor ingest`: documents as JSON lines → entries of the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO

from monitor.app.counting import counted
from monitor.app.documents import document_lines
from monitor.model.article import Document
from monitor.model.entry import Verdict
from monitor.pipeline.ingest import IngestStage
from monitor.ports import Clock, FeedStore

_BATCH = 500  # documents in memory, and in one transaction at most


@dataclass(slots=True)
class Ingested:
    """What became of a file: how many documents by verdict, and which lines are none, in order."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    problems: int = 0

    @property
    def documents(self) -> int:
        """All that were taken, known ones too."""
        return self.verdicts.total()


def ingest(
    feeds: FeedStore,
    clock: Clock,
    stream: BinaryIO,
    *,
    complain: Callable[[str], None],
    progress: Callable[[int], None] = lambda documents: None,
) -> Ingested:
    """Takes in every line of the stream that is a document.

    `complain` hears of each that is none ("12: no JSON: …"), `progress` how many documents are in so far. Safe to
    run again after it broke off: what is in is known. Raises StoreError.
    """
    stage = IngestStage(feeds, clock)
    done = Ingested()
    lines = document_lines(stream)
    while batch := list(islice(lines, _BATCH)):
        documents = []
        for number, found in batch:
            why = found if isinstance(found, str) else _why_not(found)
            if why is None and isinstance(found, Document):
                documents.append(found)
            else:
                done.problems += 1
                complain(f"{number}: {why}")
        done.verdicts.update(stage.take(documents))
        progress(done.documents)
    return done


def ingested_json(done: Ingested) -> dict[str, int]:
    """What became of a file, as one object."""
    return {
        "documents": done.documents,
        **{verdict.value: done.verdicts[verdict] for verdict in Verdict},
        "problems": done.problems,
    }


def ingested_lines(done: Ingested, holder: int | None) -> Iterator[str]:
    """What became of a file, for people. `holder` is the pid of the daemon at work on the store, if one is."""
    count = done.verdicts
    bad = f"; {counted(done.problems, 'line is', 'lines are')} no document" if done.problems else ""
    yield (
        f"{counted(done.documents, 'document')}: {count[Verdict.NEW]:,} new, {count[Verdict.KNOWN]:,} known,"
        f" {count[Verdict.REVISED]:,} revised{bad}"
    )
    if count[Verdict.NEW] or count[Verdict.REVISED]:
        running = f"The daemon (pid {holder}) reads and matches them now"
        yield (
            running if holder else "monitor run reads and matches them"
        ) + "; monitor why URL tells what came of one."


def _why_not(document: Document) -> str | None:
    """Why a document cannot be taken in; None when it can."""
    if not any(text.strip() for text in (document.title, document.summary, document.body)):
        return '"title", "summary" and "body" are empty: there is nothing to match'
    return None
