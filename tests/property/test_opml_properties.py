"""Export and import are inverse; no file breaks the reader."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from made import NOON

from monitor.app.known_feeds import KnownFeeds
from monitor.app.opml_files import export_list, sort_out, spread
from monitor.config.values import read_line, read_tag
from monitor.core.feeds.opml import read_opml
from monitor.core.text.html import clean
from monitor.core.text.urls import feed_key
from monitor.model.errors import NotOpml
from monitor.model.feed import Feed, FeedOrigin, FeedSettings, FeedStatus, PollSettings

# XML has no place for controls, surrogates and non-characters; what turns the reading order is taken out of names.
LETTERS = st.characters(exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp"))


def holds(read: object, text: str) -> bool:
    """Whether the config takes the text, and cleaning leaves it as it is."""
    try:
        read(text)  # type: ignore[operator]
    except ValueError:
        return False
    return clean(text) == text


NAMES = st.text(LETTERS, min_size=1, max_size=60).filter(lambda name: holds(read_line, name))
TAGS = st.text(LETTERS, min_size=1, max_size=20).filter(lambda tag: holds(read_tag, tag))
MINUTES = st.integers(1, 10_000).map(lambda minutes: timedelta(minutes=minutes))
SETTINGS = st.builds(
    FeedSettings,
    url=st.from_regex(r"https?://[a-z]{1,9}\.example/[a-z0-9?&=;%'\"<>+-]{0,30}", fullmatch=True),
    name=st.none() | NAMES,
    tags=st.lists(TAGS, max_size=4, unique=True).map(tuple),
    interval=st.none() | MINUTES,
    full_text=st.booleans(),
    backfill=st.just(timedelta(0)) | MINUTES,
    origin=st.sampled_from([FeedOrigin.CONFIG, FeedOrigin.STORE]),
)
NOBODY = KnownFeeds((), {})


def feeds_of(settings: list[FeedSettings], title: str) -> list[Feed]:
    return [
        Feed(number, one, one.url, one.name or title, NOON, NOON, status=FeedStatus.ACTIVE)
        for number, one in enumerate(settings)
    ]


@given(st.lists(SETTINGS, max_size=8, unique_by=lambda one: feed_key(one.url)), NAMES)
def test_what_was_exported_comes_back_as_it_was(settings: list[FeedSettings], title: str) -> None:
    exported = export_list(feeds_of(settings, title), NOON)
    report = sort_out(read_opml(exported), NOBODY, PollSettings())
    assert not report.problems
    assert not report.twice
    back = {one.url: (one.name, one.tags, one.interval, one.full_text, one.backfill) for one in report.wanted}
    assert back == {one.url: (one.name, one.tags, one.interval, one.full_text, one.backfill) for one in settings}
    assert {one.origin for one in report.wanted} <= {FeedOrigin.STORE}


@given(st.lists(SETTINGS, max_size=8, unique_by=lambda one: feed_key(one.url)), TAGS)
def test_with_a_tag_only_its_feeds_are_exported(settings: list[FeedSettings], tag: str) -> None:
    found = read_opml(export_list(feeds_of(settings, "t"), NOON, tag)).feeds
    assert {one.url for one in found} == {one.url for one in settings if tag in one.tags}


_PIECES = "<opml> </opml> <outline xmlUrl='http://x.example/' /> > & <!-- --> <!DOCTYPE <!ENTITY <body> ' <?xml?>"
PIECES = _PIECES.split()
BODIES = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")),
    st.lists(st.sampled_from([*PIECES, "\x00", "\n"]), max_size=15).map(lambda parts: " ".join(parts).encode()),
)


@given(BODIES)
def test_any_bytes_are_a_list_or_are_refused_in_one_line(body: bytes) -> None:
    refused: NotOpml | None = None
    try:
        found = read_opml(body)
    except NotOpml as error:
        refused = error
    if refused is not None:
        assert "\n" not in str(refused)
        assert 0 <= refused.line <= body.count(b"\n") + body.count(b"\r") + 1
        return
    report = sort_out(found, NOBODY, PollSettings())
    assert report.listed == len(found.feeds) + len(found.problems)


@given(MINUTES, st.integers(1, 20_000))
def test_first_polls_are_spread_evenly_over_the_interval(interval: timedelta, count: int) -> None:
    times = [spread(interval, index, count) for index in (0, count // 2, count - 1)]
    assert times[0] == timedelta(0)
    assert times == sorted(times)
    assert times[-1] < interval
