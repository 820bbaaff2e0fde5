"""The page on backtests shows what its commands print."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from documents import document
from doors import CONFIG
from newsroom import RULES, Newsroom, file_store, item
from typed import assert_prints, console, run

from monitor.testing import FakeClock

PAGE = document("docs/how-to/try-a-rule-on-last-week.md")
DAY = timedelta(days=1)


def fill(folder: Path) -> None:
    """A desk whose rules have read three articles, on two of the last days."""
    (folder / "rules").mkdir()
    (folder / "rules" / "border.toml").write_text(RULES)
    (folder / "config.toml").write_text(CONFIG)
    store = file_store(folder / "monitor.db")
    today = datetime.now(UTC).replace(hour=9, minute=30, second=0, microsecond=0)
    room = Newsroom(store=store, clock=FakeClock(today - 3 * DAY))
    store.articles.record_ruleset(room.ruleset.version, list(room.ruleset.sources.items()), room.clock.now())
    closed = ("torkham-closed", "Taliban close Torkham", "The Torkham crossing was closed on Sunday.")
    shut = ("trucks-wait", "Thousands of trucks wait", "Torkham has been shut for two days.")
    school = ("school", "Schools reopen in Torkham", "The schools were closed for the winter.")
    for later, texts in ((0 * DAY, [closed]), (2 * DAY, [shut, school])):
        room.clock.advance(later)
        room.bring_in(*(item(*text, published=room.clock.now()) for text in texts))
        room.plan()
        room.deliver()
    store.close()


def test_the_page_prints_what_it_shows(tmp_path: Path) -> None:
    fill(tmp_path)
    assert next(one.text for one in PAGE.fences if one.language == "toml").strip() in RULES
    for command, output in console(PAGE):
        assert_prints(output, run(command, tmp_path))
