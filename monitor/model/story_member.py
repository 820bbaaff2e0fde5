"""An article of a story, without its text: a story may have thousands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.model.article import DuplicateReason, EntityMention, Quality


@dataclass(frozen=True, slots=True)
class Member:
    """An article of a story, as lists show it. `names` are there where one story is shown."""

    id: int
    story: str
    title: str
    url: str
    publisher: str
    feed: str
    language: str | None
    first_seen: datetime
    published: datetime | None
    quality: Quality
    duplicate_of: int | None = None
    duplicate_reason: DuplicateReason | None = None
    duplicate_why: str = ""
    wire: str = ""
    note: str | None = None
    series: bool = False  # one of a daily series
    names: tuple[EntityMention, ...] = ()

    @property
    def when(self) -> datetime:
        """When it was published, or first seen where nobody says."""
        return self.published or self.first_seen

    @property
    def is_revision(self) -> bool:
        """Whether it is another wording of an article, and not one of its own."""
        return self.duplicate_reason is DuplicateReason.REVISION

    @property
    def is_copy(self) -> bool:
        """Whether it is an article that copies another."""
        return self.duplicate_of is not None and not self.is_revision
