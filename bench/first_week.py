"""What grouping takes while a store learns what its articles have in common: words that nothing is known of.

    python bench/first_week.py 2000

Invented articles in an invented language: a few words stand in nearly all of them, as in every language. Times are
of the processor. `--capitals` writes names with capitals, which scripts as those of Hindi or Chinese have not.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from itertools import accumulate
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "tests" / "support"))

from stories import fingerprinted
from story_archive import entry_row, reports, seen_at

from monitor.adapters.store import tables as t
from monitor.adapters.store.rows import article_columns
from monitor.adapters.store.sql import SqlStore
from monitor.model.entry import Fate
from monitor.model.feed import FeedSettings
from monitor.pipeline.group import GroupStage
from monitor.pipeline.weigh import WeighStage
from monitor.testing import FakeClock

BATCH = 100
WORDS = 577  # of an article, as in the other benches
VOCABULARY = 40_000


def written(count: int, capitals: bool) -> list[tuple[str, str]]:
    """Headlines and texts; reports of one event share names and words."""
    dice = random.Random(7)
    words = [
        "".join(dice.choice("bdgklmnprstvyz") + dice.choice("aeiou") for _ in range(dice.randint(1, 4))) + "q"
        for _ in range(VOCABULARY)
    ]
    weights = list(accumulate(1 / (rank + 2.7) for rank in range(VOCABULARY)))
    made = []
    for report in reports():
        if len(made) == count:
            return made
        event, own = random.Random(-report.event - 1), random.Random(report.number)
        topic, names = event.sample(words[500:], 25), event.sample(words[2_000:], 8)
        names = [name.capitalize() for name in names] if capitals else names
        text = own.choices(words, cum_weights=weights, k=WORDS - 120) + own.choices(topic, k=80)
        text += own.choices(names, k=40)
        own.shuffle(text)
        lines = [" ".join(text[start : start + 20]) + "." for start in range(0, len(text), 20)]
        title = " ".join(
            own.sample(names, 2) + own.sample(topic, 3) + own.choices(words, cum_weights=weights, k=4)
        )
        made.append((title, "\n\n".join(lines)))
    return made


def main() -> None:
    """Prints a line for each five hundred articles."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("articles", type=int, nargs="?", default=2_000)
    asked.add_argument("--capitals", action="store_true")
    asked.add_argument("--never", action="store_true", help="nothing is ever learned")
    given = asked.parse_args()
    pages = written(given.articles, given.capitals)
    truth = [one.event for one, _ in zip(reports(), pages, strict=False)]
    with tempfile.TemporaryDirectory(prefix="monitor-bench-") as folder:
        store = SqlStore(f"sqlite:///{Path(folder) / 'monitor.db'}")
        store.feeds.sync([FeedSettings(url="https://news.example/feed", name="News")], seen_at(0))
        clock = FakeClock(seen_at(0) + timedelta(hours=1))
        stage, weigh = GroupStage(store.grouping, clock, batch=BATCH), WeighStage(store.grouping, clock)
        spent, learning = [], 0.0
        for start in range(0, len(pages), BATCH):
            some = [fingerprinted(start + place, *page) for place, page in enumerate(pages[start : start + BATCH])]
            with store._db.write() as connection:
                connection.execute(t.entries.insert(), [entry_row(one.entry_row - 1, Fate.READ) for one in some])
                rows = [{"id": one.entry_row, **article_columns(one), "language": "xx"} for one in some]
                connection.execute(t.articles.insert(), rows)
            clock.advance(timedelta(minutes=14))
            begun = time.process_time()
            if not given.never:
                weigh.run(lambda: False)
            learning += time.process_time() - begun
            begun = time.process_time()
            for _ in stage.run(lambda: False):
                pass
            spent.append((time.process_time() - begun) / len(some) * 1000)
            done = start + len(some)
            if done % 500 == 0:
                with store._db.read() as connection:
                    story = dict(connection.exec_driver_sql("SELECT id, story_id FROM articles").fetchall())
                events, stories = {}, {}
                for row, its in story.items():
                    events.setdefault(truth[row - 1], set()).add(its)
                    stories.setdefault(its, set()).add(truth[row - 1])
                mixed = sum(1 for one in stories.values() if len(one) > 1)
                parted = sum(1 for one in events.values() if len(one) > 1)
                print(
                    f"{done:6} articles: {statistics.mean(spent[-5:]):5.1f} ms each, at most {max(spent[-5:]):.1f}"
                    f"; learning {learning:5.1f} s in all; {len(stories)} stories of {len(events)} events, "
                    f"{mixed} mixed, {parted} parted",
                    flush=True,
                )
        store.close()


if __name__ == "__main__":
    main()
