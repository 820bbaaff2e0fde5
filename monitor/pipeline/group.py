"""group: article → story, many articles in one transaction; one that breaks it stands alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from monitor.core.stories.idf import Idf
from monitor.model.article import Article, Grouping
from monitor.model.errors import StoreError
from monitor.model.story import STORY_WINDOW
from monitor.pipeline.isolation import named
from monitor.pipeline.regroup import Grouped, Likeness, group_new
from monitor.ports import Clock
from monitor.ports.grouping import GroupingStore

BATCH = 100  # articles in one transaction at most: some .1 s
FIRST = 20  # in the first one of a turn: in a crowd an article takes 15 ms
LONGEST = timedelta(seconds=0.3)  # what a transaction may take, which all other writers wait
LONGEST_BESIDE = timedelta(seconds=3)
"""The same where writers are beside each other (PostgreSQL): only who takes an article out of its story waits. On
a busy machine a transaction of one article takes a third of a second as well, and one of fifty hardly more."""


@dataclass(frozen=True, slots=True)
class GroupReport:
    """The story of one article; `why` for one that could not be compared, and stands alone."""

    article: Article
    grouping: Grouping
    why: str | None = None
    placed: bool = False  # beside a story that is too large to be settled anew
    # Of this and its whole transaction: matches that wait again because their story changed, and addresses, hashes
    # and bands with so many articles that not all of them were compared.
    woken: int = 0
    crowded: int = 0


@dataclass(slots=True)
class Weights:
    """Snapshots of term weights by version: read once, since they never change."""

    by_version: dict[str, Idf] = field(default_factory=dict)


def next_size(done: int, taken: timedelta, most: int, longest: timedelta = LONGEST) -> int:
    """How many articles the next transaction takes, when one with `done` has `taken` so long: as many as should
    fit into `longest`, at most twice as many as before; 1 … `most`."""
    fitting = int(done * (longest / taken)) if taken > timedelta(0) else most
    return max(1, min(most, 2 * done, fitting))


@dataclass(frozen=True, slots=True)
class GroupStage:
    """Groups what was read. `window` is how far apart two reports of one event may be dated, `longest` what a
    transaction may take."""

    store: GroupingStore
    clock: Clock
    window: timedelta = STORY_WINDOW
    batch: int = BATCH
    longest: timedelta = LONGEST
    weights: Weights = field(default_factory=Weights, repr=False, compare=False)

    def run(self, stopping: Callable[[], bool]) -> Iterator[GroupReport]:
        """Groups until nothing is left; one report an article."""
        likeness: Likeness | None = None
        size = min(FIRST, self.batch)
        while ids := self.store.ungrouped(begun := self.clock.now(), size):
            if stopping():
                return
            likeness = likeness or self.likeness()
            try:
                reports = self._together(ids, likeness)
            except StoreError:
                raise
            except Exception:
                # One of them breaks the stage: each alone, so that it stops no other and is named.
                reports = [report for one in ids if not stopping() for report in self._alone(one, likeness)]
            size = next_size(len(ids), self.clock.now() - begun, self.batch, self.longest)
            yield from reports

    def likeness(self) -> Likeness:
        """What stories are told apart by now."""
        kept = self.store.weights()
        versions = [one.version for one in kept]
        for version in versions:
            if version not in self.weights.by_version:
                self.weights.by_version[version] = Idf.from_bytes(self.store.weights_of(version))
        for version in self.weights.by_version.keys() - set(versions):
            del self.weights.by_version[version]
        weights = [self.weights.by_version[version] for version in versions]
        # The shipped ones were in force before the first: for a window more what they found must be found by them.
        if not kept or kept[-1].made_at > self.clock.now() - self.window:
            weights.append(Idf.shipped())
        return Likeness(weights, self.window)

    def _together(self, ids: Sequence[int], likeness: Likeness) -> list[GroupReport]:
        with self.store.session() as session:
            articles = session.claim(ids)
            grouped = group_new(session, articles, likeness) if articles else Grouped({})
        return [
            GroupReport(
                article,
                grouped.groupings[article.id],
                placed=article.id in grouped.placed,
                woken=grouped.woken if article is articles[0] else 0,
                crowded=grouped.crowded if article is articles[0] else 0,
            )
            for article in articles
        ]

    def _alone(self, article_id: int, likeness: Likeness) -> list[GroupReport]:
        try:
            return self._together([article_id], likeness)
        except StoreError:
            raise
        except Exception as error:
            why = named(error)
            story = self.store.stand_alone(article_id, why)
            article = self.store.article(article_id)
            if article is None or story is None:  # forgotten meanwhile, or grouped by another process
                return []
            return [GroupReport(article, Grouping(story), why)]
