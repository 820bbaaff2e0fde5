"""How long each page of the dashboard takes beside a full store, and a search and a trial to their first words.

    .venv/bin/python bench/web.py --keep FOLDER            10,000 feeds and 1,000,000 articles; filled once
    .venv/bin/python bench/web.py --articles 20000 --feeds 1000
    .venv/bin/python bench/web.py --postgresql             the same on a PostgreSQL server of its own

The real pages behind the real door, asked over loopback. Cold: the first request to a store that was just opened,
its file dropped from the system's memory. Absolute times depend on the machine. Never a gate: no test runs this in
full.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlencode

from rows.meter import machine
from search import Texts
from web_store import END, RULES, Size, fill, rule_words, rules_toml

from monitor.adapters.store.sql import SqlStore
from monitor.app.check import Ready, open_settings
from monitor.app.collector import settle
from monitor.app.entrance import Entrance
from monitor.app.open_house import OpenHouse
from monitor.app.vitals import Health
from monitor.model.web import ListenAddress
from monitor.testing import FakeClock
from monitor.web import Views, build_pages
from monitor.web.door import WebDoor, listen
from monitor.web.site.warming import warm

LIMIT = 150  # ms: what any page may take
FIRST = 500  # ms: to the first results of a search or a trial
_PATIENCE = 120  # seconds for one page
_OWN = {
    "content-type": "application/x-www-form-urlencoded",
    "sec-fetch-site": "same-origin",
    "hx-request": "true",
}
_CONFIG = """
[store]
url = "{url}"
[rules]
files = ["rules.toml"]
[receivers.desk]
stdout = {{}}
[[digests]]
name = "alerts"
rules = ["*"]
to = ["desk"]
schedule = "immediate"
[[digests]]
name = "morning"
rules = ["*"]
to = ["desk"]
schedule = "0 8 * * *"
"""


@dataclass(frozen=True, slots=True)
class Row:
    """What one page took, in ms: cold, and of its warm requests; `first` is to their first byte, the median, `cpu`
    what this process took for one, the client's part included.
    """

    name: str
    status: int
    size: int
    cold: float
    p50: float
    p95: float
    longest: float
    first: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A page; with a `form` it is sent."""

    name: str
    path: str
    form: str | None = None


def pages_of(size: Size, texts: Texts, large: str) -> Iterator[Asked]:
    """Every page, and the filters of those that have some."""
    rare, busy = f"rule-{RULES - 1}", "rule-0"
    known = f"https://paper{0}.example/news/{size.articles // 2}.html"
    yield Asked("now", "/")
    yield Asked("entries of an hour", "/entries")
    yield Asked("entries of a day", "/entries?since=24h")
    yield Asked("entries to be read", "/entries?waiting=read")
    yield Asked("matches of an hour", "/matches")
    yield Asked("matches of a rare rule", f"/matches?since=7d&rule={rare}")
    yield Asked("matches of a digest", "/matches?since=7d&digest=morning")
    yield Asked("matches that wait", "/matches?digest=morning&waiting=1")
    yield Asked("polls", "/polls?since=24h")
    yield Asked("rates", "/rates")
    yield Asked("stories of a day", "/stories")
    yield Asked("stories of 30 days", "/stories?since=30d")
    yield Asked("stories of a busy rule", f"/stories?since=30d&rule={busy}")
    yield Asked("stories of a rare rule", f"/stories?since=30d&rule={rare}")
    yield Asked("stories of a tag", "/stories?since=30d&tag=tag-3")
    yield Asked("stories of no tag", "/stories?since=30d&tag=nothing")
    yield Asked("stories of a publisher", "/stories?since=30d&publisher=Paper+77")
    yield Asked("stories of nobody", "/stories?since=30d&publisher=nobody")
    yield Asked("stories in a language", "/stories?since=30d&language=ps")
    yield Asked("stories of several", "/stories?since=30d&least=2")
    yield Asked("one story", f"/stories/a_{size.articles // 2}")
    yield Asked("the largest story", f"/stories/{large}")
    yield Asked("feeds", "/feeds")
    yield Asked("feeds that fail", "/feeds?state=failing")
    yield Asked("feeds found", "/feeds?find=paper77")
    yield Asked("one feed", "/feeds/78")
    yield Asked("search, empty", "/search")
    yield Asked("rules", "/rules")
    yield Asked("rules, busy first", "/rules?sort=busy")
    yield Asked("a new rule", "/rules/new")
    yield Asked("a rule", f"/rules/{rare}")
    yield Asked("why, an article", f"/why?{urlencode({'url': known})}")
    yield Asked("why, never seen", f"/why?{urlencode({'url': 'https://paper77.example/never'})}")
    yield Asked("why, no address", "/why?url=nothing")
    yield Asked("digests", "/digests")
    yield Asked("a digest", "/digests/morning?form=text")
    yield Asked("what it says, as text", "/digests/morning?form=text&whole=1")
    yield Asked("what it says, as mail", "/digests/morning/frame")
    yield Asked("deliveries", "/deliveries")
    yield Asked("deliveries, dead", "/deliveries?state=dead")
    yield Asked("deliveries of a digest", "/deliveries?digest=morning")
    yield Asked("deliveries to somebody", "/deliveries?receiver=desk")
    yield Asked("a delivery", "/deliveries/1")
    yield Asked("silences", "/silences")
    yield Asked("silences, all", "/silences?all=1")
    yield Asked("login", "/login")


def searches_of(texts: Texts) -> Iterator[Asked]:
    """Searches and trials of 30 days."""
    rare, common = " AND ".join(rule_words(texts, RULES - 1)), texts.words[300]
    for name, query in (("rare words", rare), ("a common word", common), ("nothing", "nowhere AND never")):
        form = urlencode({"query": query, "since": "30d"})
        yield Asked(f"search of {name}", f"/search?{form}")
        # As the workbench's script asks: what it says by itself, its first matches, then all that time allows.
        yield Asked(f"trial of {name}, itself", "/rules/new/words/try", form)
        yield Asked(f"trial of {name}, first", "/rules/new/archive/try", f"{form}&first=1")
        yield Asked(f"trial of {name}, the rest", "/rules/new/archive/try", form)


class Pages:
    """The pages of a store behind a door of their own."""

    def __init__(self, url: str, folder: Path, ready: Ready) -> None:
        self._store, clock = SqlStore(url), FakeClock(END)
        self.house = house = OpenHouse(folder / "config.toml", lambda: ready, self._store, clock)
        entrance = Entrance(tuple, b"k" * 32, clock)
        views = Views(Health, Health, lambda: (b"", "text/plain"), open_house=house, entrance=entrance)
        listener = listen(ListenAddress("127.0.0.1", 0))
        port = listener.getsockname()[1]
        self._door = WebDoor(build_pages(views, ListenAddress("127.0.0.1", port)), listener)
        self._door.start()
        self._port = port

    def ask(self, asked: Asked) -> tuple[int, int, float, float]:
        """Status and bytes of the answer, ms to its first byte and to its last one; status 0: there was none,
        since the door ends a connection after a while."""
        begun = time.perf_counter()
        try:
            status, size, first = self._talk(asked)
        except (OSError, http.client.HTTPException):
            status, size, first = 0, 0, time.perf_counter()
        return status, size, (first - begun) * 1000, (time.perf_counter() - begun) * 1000

    def _talk(self, asked: Asked) -> tuple[int, int, float]:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE)) as talk:
            if asked.form is None:
                talk.request("GET", asked.path)
            else:
                talk.request("POST", asked.path, asked.form, _OWN)
            answer = talk.getresponse()
            beginning = answer.read(1)
            first = time.perf_counter()
            return answer.status, len(beginning + answer.read()), first

    def close(self) -> None:
        """Ends the door and the store."""
        self._door.stop(5)
        self._store.close()


def measure(
    open_pages: Callable[[], Pages], forget: Callable[[], None], asked: Asked, requests: int, *, ready: bool
) -> Row:
    """One page: once cold, or as the daemon has made it `ready` some seconds after its start; then warm."""
    forget()
    pages = open_pages()
    try:
        if ready:
            warm(pages.house, threading.Event(), first=0, rest=0)
        status, size, _, cold = pages.ask(asked)
        begun = time.process_time()
        times = [pages.ask(asked) for _ in range(requests)]
        cpu = (time.process_time() - begun) * 1000 / requests
    finally:
        pages.close()
    whole = sorted(one[3] for one in times)
    first = sorted(one[2] for one in times)
    return Row(
        asked.name,
        status,
        size,
        cold,
        whole[len(whole) // 2],
        whole[min(len(whole) - 1, int(len(whole) * 0.95))],
        whole[-1],
        first[len(first) // 2],
        cpu,
    )


def table(rows: Sequence[Row], limit: int, *, with_first: bool) -> Iterator[str]:
    """A heading and a line a page; what is over the limit, warm, is marked."""
    first = f"{'first':>8}" if with_first else ""
    yield f"{'page':<30}{'kB':>6}{'cold':>9}{first}{'CPU':>8}{'p50':>8}{'p95':>8}{'max':>8}   ms"
    for one in rows:
        said = f"{one.first:8.0f}" if with_first else ""
        over = not one.name.endswith("the rest") and (one.first if with_first else one.p95) > limit
        mark = f"  > {limit}" if over else ""
        odd = "" if one.status == 200 else f"  HTTP {one.status or 'without an answer'}"
        yield (
            f"{one.name:<30}{one.size / 1000:6.0f}{one.cold:9.0f}{said}{one.cpu:8.0f}"
            f"{one.p50:8.0f}{one.p95:8.0f}{one.longest:8.0f}{mark}{odd}"
        )


def forget(path: Path | None) -> None:
    """Drops the store's file from the memory of the system, as far as it lets go."""
    for name in (path, Path(f"{path}-wal")) if path is not None else ():
        with contextlib.suppress(FileNotFoundError):
            file = os.open(name, os.O_RDONLY)
            os.fsync(file)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(file)


def filled(url: str, folder: Path, size: Size, texts: Texts) -> Ready:
    """The store of that size in the folder; one that is there already is taken."""
    (folder / "rules.toml").write_text(rules_toml(texts), encoding="utf-8")
    (folder / "config.toml").write_text(_CONFIG.format(url=url), encoding="utf-8")
    ready = open_settings(folder / "config.toml", {})
    note = folder / "size.json"
    if note.exists():
        assert json.loads(note.read_text()) == asdict(size), f"{folder} holds a store of another size"
        return ready
    store = SqlStore(url)
    begun = time.perf_counter()
    fill(store, size, texts, ready.ruleset, [folder / "rules.toml"])
    took, weight = time.perf_counter() - begun, store.size() or 0
    store.close()
    note.write_text(json.dumps(asdict(size)))
    print(f"filled in {took:.0f} s, {weight / 1e9:.2f} GB", file=sys.stderr, flush=True)
    return ready


def largest_story(url: str) -> str:
    """The story with the most articles."""
    store = SqlStore(url)
    with store._db.read() as connection:
        query = "SELECT story_id FROM articles GROUP BY story_id ORDER BY count(*) DESC LIMIT 1"
        found = connection.exec_driver_sql(query).scalar_one()
    store.close()
    return str(found)


def main() -> None:
    """Prints a table of the pages and one of the searches."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=10_000)
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=40, help="over which the articles are spread")
    parser.add_argument("--words", type=int, default=300, help="of an article")
    parser.add_argument("--requests", type=int, default=20, help="warm ones of each page")
    parser.add_argument("--only", default="", help="pages whose name fits this regular expression")
    parser.add_argument("--keep", type=Path, help="a folder in which the store stays, and is found the next time")
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--ready", action="store_true", help="cold: after the daemon made its pages ready")
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args()
    size = Size(options.feeds, options.articles, options.days, options.words)
    texts = Texts()
    with contextlib.ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="monitor-bench-")))
        folder.mkdir(parents=True, exist_ok=True)
        path = None if options.postgresql else folder / "monitor.db"
        url = _postgresql() if options.postgresql else f"sqlite:///{path}"
        ready = filled(url, folder, size, texts)
        wanted = re.compile(options.only)
        chosen = [one for one in pages_of(size, texts, largest_story(url)) if wanted.search(one.name)]
        searches = [one for one in searches_of(texts) if wanted.search(one.name)]
        settle()  # as a daemon does: else Python looks for garbage among all rules again and again
        rows: list[list[Row]] = []
        for some, requests in ((chosen, options.requests), (searches, max(1, options.requests // 5))):
            rows.append(
                [
                    measure(
                        lambda: Pages(url, folder, ready), lambda: forget(path), one, requests, ready=options.ready
                    )
                    for one in some
                ]
            )
    _say(size, rows, as_json=options.as_json)


def _postgresql() -> str:
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))
    from postgres_server import postgres_server

    return postgres_server().fresh_database()


def _say(size: Size, rows: Sequence[Sequence[Row]], *, as_json: bool) -> None:
    pages, searches = rows
    load = f"load {os.getloadavg()[0]:.1f}"
    if as_json:
        made = {"pages": [asdict(one) for one in pages], "searches": [asdict(one) for one in searches]}
        print(json.dumps({**asdict(size), "machine": machine(), "load": os.getloadavg()[0], **made}))
        return
    print(f"{size.articles:,} articles of {size.words} words in {size.days} days, {size.feeds:,} feeds")
    for line in table(pages, LIMIT, with_first=False):
        print(line)
    if searches:
        print()
        for line in table(searches, FIRST, with_first=True):
            print(line)
    print(f"\n{machine()}, {load}")


if __name__ == "__main__":
    main()
