"""`monitor feeds …` at the door: a real feed server, a real store, what people read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from desk import Desk
from local_feed import LocalFeed
from newsroom import file_store
from scripted import LOGIN_PAGE, failure, redirect

from monitor.adapters.store.sql import SqlStore
from monitor.app.known_feeds import KnownFeeds
from monitor.app.opml_files import sort_out, subscribe_all
from monitor.cli.main import cli
from monitor.core.feeds.opml import Opml, OpmlFeed
from monitor.core.text.columns import display_width
from monitor.demo.server import Answer, LocalSite
from monitor.model.feed import Feed, FeedOrigin, FeedStatus, PollSettings

DAY = timedelta(days=1)


@pytest.fixture
def site() -> Iterator[LocalSite]:
    with LocalSite() as running:
        yield running


@pytest.fixture
def feed(site: LocalSite) -> LocalFeed:
    """Three entries of yesterday; two of them match a rule."""
    made = LocalFeed(site, "Dawn")
    yesterday = datetime.now(UTC) - timedelta(hours=5)
    made.add("Torkham closed", "The crossing was closed.", published=yesterday)
    made.add("Torkham: flood", "A closure after the flood.", published=yesterday)
    made.add("Cricket", "Won.", published=yesterday)
    return made


@pytest.fixture
def desk(tmp_path: Path, site: LocalSite, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A config that declares one feed, in the current directory; nothing has ever run."""
    made = Desk(tmp_path)
    made.write([f"{site.url}/declared.xml"], feed_lines='name = "Declared"')
    monkeypatch.chdir(tmp_path)
    return made


def run(*arguments: str, input: str | bytes | None = None) -> Result:
    done = CliRunner().invoke(cli, arguments, input=input, prog_name="monitor")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def add(*arguments: str) -> Result:
    return run("feeds", "add", *arguments)


def stored(desk: Desk) -> list[Feed]:
    with closing(file_store(desk.store)) as store:
        return list(store.feeds.all())


# ---- add


def test_a_feed_is_asked_at_once_and_what_it_lists_is_stored_as_seen(desk: Desk, feed: LocalFeed) -> None:
    done = add(feed.url)
    assert done.exit_code == 0, done.output
    assert "3 stored, 0 will alert." in " ".join(done.stdout.split())
    assert "--backfill 24h" in done.stdout
    assert "read by lxml" in done.stdout
    assert f"Asking {feed.url} …" in done.stderr
    (one,) = stored(desk)
    assert (one.name, one.settings.origin, one.status) == ("Dawn", FeedOrigin.STORE, FeedStatus.ACTIVE)
    assert one.next_poll_at > one.subscribed_at
    assert {fate for (fate,) in desk.ask("SELECT fate FROM entries")} == {"seen_at_subscribe"}


def test_with_a_backfill_it_says_how_many_will_alert_and_by_which_rules(desk: Desk, feed: LocalFeed) -> None:
    done = add(
        feed.url, "--backfill", "24h", "--tag", "border", "--tag", "pk", "--interval", "5m", "--name", "Mine"
    )
    said = " ".join(done.stdout.split())
    assert "Subscribed to Mine" in said
    assert "3 stored, 2 will alert." in said
    assert "3 entries to be read by monitor run; by rule: torkham-closed 2, floods 1" in said
    (one,) = stored(desk)
    assert (one.settings.tags, one.settings.interval) == (("border", "pk"), timedelta(minutes=5))


def test_what_it_says_will_alert_is_what_alerts(desk: Desk, feed: LocalFeed) -> None:
    desk.write([])
    add(feed.url, "--backfill", "24h")
    assert "3 matches" in desk.command("run", "--once").stderr  # torkham-closed twice, floods once: two entries
    assert desk.number("SELECT count(DISTINCT article_id) FROM matches") == 2


def test_with_full_text_the_pages_may_say_more(desk: Desk, feed: LocalFeed) -> None:
    said = " ".join(add(feed.url, "--backfill", "24h", "--full-text").stdout.split())
    assert "3 stored, at least 2 will alert." in said
    assert "3 entries to be read with the pages behind them" in said


def test_a_rule_that_no_digest_takes_alerts_nothing(desk: Desk, feed: LocalFeed) -> None:
    text = desk.config.read_text(encoding="utf-8").replace('rules = ["*"]', 'rules = ["floods"]')
    desk.config.write_text(text, encoding="utf-8")
    assert "1 will alert" in " ".join(add(feed.url, "--backfill", "24h").stdout.split())


def test_rules_that_do_not_hold_are_no_reason_not_to_subscribe(desk: Desk, feed: LocalFeed) -> None:
    (desk.folder / "rules" / "rules.toml").write_text("[[rules]]\nid = 'x'\nquery = '('\n")
    done = add(feed.url, "--backfill", "24h")
    assert done.exit_code == 0
    assert "monitor check" in done.stdout
    assert len(stored(desk)) == 1


@pytest.mark.parametrize("answer", [LOGIN_PAGE, failure(404), failure(410), failure(500), Answer(b"")])
def test_a_url_that_answers_without_a_feed_adds_nothing(desk: Desk, site: LocalSite, answer: Answer) -> None:
    done = add(site.route("/wrong", answer))
    assert done.exit_code == 1
    assert "nothing was added" in done.stderr
    assert "--no-poll" in done.stderr
    assert not stored(desk)
    assert desk.number("SELECT count(*) FROM poll_counts") == 0


def test_no_poll_adds_whatever_it_would_answer(desk: Desk, site: LocalSite) -> None:
    done = add(site.route("/wrong", LOGIN_PAGE), "--no-poll")
    assert done.exit_code == 0
    assert "not asked yet" in " ".join(done.stdout.split())
    assert [one.last_polled_at for one in stored(desk)] == [None]


@pytest.mark.parametrize("spelling", ["{url}", "{upper}", "{url}#top"])
def test_a_feed_that_is_there_already_is_named_however_it_is_spelt(
    desk: Desk, feed: LocalFeed, spelling: str
) -> None:
    add(feed.url)
    done = add(spelling.format(url=feed.url, upper=feed.url.replace("http:", "HTTP:")))
    assert done.exit_code == 1
    assert 'subscribed to already, as "Dawn"' in done.stderr
    assert len(stored(desk)) == 1


def test_a_feed_of_the_config_is_named_with_its_line(desk: Desk, site: LocalSite) -> None:
    done = add(f"{site.url}/declared.xml")
    assert done.exit_code == 1
    line = desk.config.read_text(encoding="utf-8").splitlines().index(f'url = "{site.url}/declared.xml"') + 1
    assert f"declared in config.toml:{line} already" in done.stderr


def test_a_redirect_for_good_to_a_known_feed_adds_no_second_one(
    desk: Desk, feed: LocalFeed, site: LocalSite
) -> None:
    add(feed.url)
    done = add(site.route("/old", redirect("/feed.xml", 301)))
    assert done.exit_code == 1
    assert "has moved for good to" in done.stderr
    assert len(stored(desk)) == 1


def test_a_redirect_for_good_is_followed_and_said(desk: Desk, feed: LocalFeed, site: LocalSite) -> None:
    done = add(site.route("/old", redirect("/feed.xml", 301)))
    assert f"at {feed.url}" in done.stdout
    assert stored(desk)[0].url == feed.url


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ftp://x.example/feed",), "no http or https URL"),
        (("https://desk:secret@x.example/feed",), "user name or a password"),
        (("https://x.example/feed", "--interval", "5"), "no duration"),
        (("https://x.example/feed", "--interval", "8d"), "out of range"),
        (("https://x.example/feed", "--backfill", "soon"), "no duration"),
        (("https://x.example/feed", "--tag", "two words"), "one word"),
        (("https://x.example/feed", "--name", " "), "must not be empty"),
    ],
)
def test_values_are_held_to_what_the_config_takes(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    done = add(*arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "secret" not in done.stderr
    assert "Asking" not in done.stderr


def test_servers_of_others_are_asked_once_a_minute_at_most(desk: Desk) -> None:
    desk.write([], outside="")
    done = add("https://x.example/feed", "--interval", "30s", "--no-poll")
    assert (done.exit_code, "a minute is the least" in done.stderr) == (2, True)


def test_without_leave_a_private_address_is_not_asked(desk: Desk, feed: LocalFeed) -> None:
    desk.write([], outside="")
    assert add(feed.url).exit_code == 1
    assert not stored(desk)


def test_a_store_of_an_older_version_is_left_alone(desk: Desk, feed: LocalFeed) -> None:
    add(feed.url)
    desk.write_store("UPDATE alembic_version SET version_num = '0001'")
    done = add(f"{feed.url}?another")
    assert done.exit_code == 1
    assert "older version" in done.stderr
    assert desk.ask("SELECT version_num FROM alembic_version") == [("0001",)]


@pytest.mark.parametrize(
    "words",
    [
        ("feeds", "list"),
        ("feeds", "health"),
        ("feeds", "export"),
        ("feeds", "remove", "x"),
        ("feeds", "add", "https://x.example/"),
        ("feeds", "import", "-"),
        ("ingest", "-"),
    ],
    ids=" ".join,
)
def test_without_a_config_nothing_is_made(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*words)
    assert done.exit_code == 2
    assert "config.toml: no such file" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", [("list",), ("health",), ("export",), ("remove", "x")], ids=" ".join)
def test_before_the_first_run_there_is_nothing_to_look_at(words: tuple[str, ...], desk: Desk) -> None:
    done = run("feeds", *words)
    assert done.exit_code == 1
    assert "no store yet" in done.stderr
    assert not desk.store.exists()


def test_health_as_json_is_lines_that_parse_alone(desk: Desk, site: LocalSite) -> None:
    desk.command("run", "--once")
    (row,) = [json.loads(one) for one in run("feeds", "health", "--json").stdout.splitlines()]
    assert row["declared"].startswith("config.toml:")
    assert row["reasons"][0]["reason"] == "never_worked"


# ---- remove, and back again


def test_a_removed_feed_goes_on_where_it_was(desk: Desk, feed: LocalFeed) -> None:
    add(feed.url, "--tag", "border", "--name", "Mine")
    removed = run("feeds", "remove", "mine")
    assert removed.exit_code == 0
    assert f"Undo: monitor feeds add {feed.url}" in removed.stdout
    assert stored(desk)[0].status is FeedStatus.REMOVED
    feed.add("Torkham closed again", "A closure.")
    back = add(feed.url, "--interval", "10m")
    said = " ".join(back.stdout.split())
    assert "Subscribed again to Mine" in said
    assert "1 stored, 1 will alert." in said
    (one,) = stored(desk)
    assert (one.settings.tags, one.settings.interval) == (("border",), timedelta(minutes=10))
    assert desk.number("SELECT count(*) FROM entries") == 4


def test_a_removed_feed_that_changed_nothing_comes_back_too(desk: Desk, feed: LocalFeed) -> None:
    add(feed.url)
    run("feeds", "remove", feed.url)
    assert "0 stored, 0 will alert" in " ".join(add(feed.url).stdout.split())
    assert stored(desk)[0].status is FeedStatus.ACTIVE


@pytest.mark.parametrize("named", ["URL", "Declared"])
def test_a_declared_feed_is_removed_in_its_file_at_its_line(desk: Desk, feed: LocalFeed, named: str) -> None:
    add(feed.url)
    url = f"{feed.site.url}/declared.xml"
    done = run("feeds", "remove", url if named == "URL" else named)
    line = desk.config.read_text(encoding="utf-8").splitlines().index(f'url = "{url}"') + 1
    assert done.exit_code == 1
    assert f"declared in config.toml:{line}: delete it there" in done.stderr


def test_an_unknown_feed_gets_the_nearest_name(desk: Desk, feed: LocalFeed) -> None:
    add(feed.url)
    done = run("feeds", "remove", "Dwan")
    assert done.exit_code == 1
    assert 'did you mean "Dawn"?' in done.stderr
    assert "monitor feeds list" in run("feeds", "remove", "something else altogether").stderr
    run("feeds", "remove", "Dawn")
    assert "removed before" in run("feeds", "remove", "Dawn").stderr


def test_a_name_that_two_feeds_have_asks_for_the_url(desk: Desk, feed: LocalFeed) -> None:
    add(feed.url)
    add(f"{feed.url}?second", "--name", "Dawn", "--no-poll")
    done = run("feeds", "remove", "Dawn")
    assert done.exit_code == 1
    assert f"{feed.url}?second" in done.stderr
    assert run("feeds", "remove", f"{feed.url}?second").exit_code == 0


# ---- list


def test_the_list_has_a_line_a_feed_and_fits_the_screen(desk: Desk, feed: LocalFeed, site: LocalSite) -> None:
    add(feed.url, "--name", "ڈان " * 30, "--tag", "pk")
    add(site.route("/wrong", LOGIN_PAGE), "--no-poll", "--name", "Wrong\u202e")
    desk.command("run", "--once")
    text = run("feeds", "list").stdout
    assert max(map(display_width, text.splitlines())) <= 80
    assert "Wrong\\u202e" in text
    assert re.search(r"\d s ago, not a feed", text)
    assert text.splitlines()[-1] == "3 feeds, 2 failing: monitor feeds health"
    assert run("feeds", "list", "--tag", "pk").stdout.splitlines()[-1] == "1 feed of 3"
    assert run("feeds", "list", "--failing").stdout.splitlines()[-1].startswith("2 feeds of 3, 2 failing")


def test_the_list_as_json_tells_all_settings(desk: Desk, feed: LocalFeed) -> None:
    add(feed.url, "--tag", "pk", "--interval", "5m", "--full-text")
    (row,) = [json.loads(line) for line in run("feeds", "list", "--json").stdout.splitlines()]
    assert (row["name"], row["origin"], row["tags"], row["interval"]) == ("Dawn", "store", ["pk"], "5m")
    assert (row["full_text"], row["entries"], row["declared"], row["status"]) == (True, 3, None, "active")


def test_an_empty_list_says_how_to_fill_it(desk: Desk, feed: LocalFeed) -> None:
    add(feed.url)
    run("feeds", "remove", "Dawn")
    assert "monitor feeds add" in run("feeds", "list").stdout


# ---- import and export


def opml(*outlines: str) -> str:
    body = "\n".join(outlines)
    return f"<opml version='2.0'><body>\n{body}\n</body></opml>\n"


def test_a_list_is_imported_with_its_faults_named_by_line(desk: Desk, site: LocalSite) -> None:
    Path("feeds.opml").write_text(
        opml(
            '<outline text="South Asia">',
            '<outline text="A" xmlUrl="https://a.example/feed"/>',
            '<outline text="no address"/>',
            '<outline text="B" xmlUrl="file:///etc/passwd"/>',
            '<outline text="C" xmlUrl="https://desk:secret@c.example/"/>',
            "</outline>",
            '<outline text="Again"><outline text="A" xmlUrl="https://A.example:443/feed"/></outline>',
            f'<outline text="D" xmlUrl="{site.url}/declared.xml"/>',
        )
    )
    done = run("feeds", "import", "feeds.opml", "--tag", "imported")
    assert done.exit_code == 1
    lines = done.stderr.splitlines()
    assert [line.split(": ")[0] for line in lines] == [f"feeds.opml:{number}" for number in (4, 5, 6, 8, 9)]
    assert "secret" not in done.stderr
    assert "the same feed as in line 3" in lines[3]
    assert "subscribed already: config.toml:" in lines[4]
    assert done.stdout.startswith(
        "6 feeds in feeds.opml: 1 added, 1 subscribed already, 1 listed twice, 3 refused"
    )
    (one,) = stored(desk)
    assert one.settings.tags == ("South-Asia", "imported", "Again")
    assert one.settings.origin is FeedOrigin.STORE


def test_a_feed_that_is_there_already_gets_no_tags_of_a_list(desk: Desk, site: LocalSite) -> None:
    declared = f'<outline text="D" xmlUrl="{site.url}/declared.xml"/>'
    Path("feeds.opml").write_text(opml(declared, declared))
    done = run("feeds", "import", "feeds.opml")
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == ["subscribed already"] * 2
    assert "2 subscribed already" in done.stdout


def test_how_far_an_import_is_is_told_a_transaction_at_a_time(desk: Desk) -> None:
    opml_file = Opml(tuple(OpmlFeed(f"https://{n}.example/feed") for n in range(1_200)))
    report = sort_out(opml_file, KnownFeeds((), {}), PollSettings())
    told: list[tuple[int, int]] = []
    with closing(SqlStore("sqlite://")) as store:
        subscribe_all(report, store.feeds, PollSettings(), datetime.now(UTC), lambda *far: told.append(far))
    assert told == [(500, 1_200), (1_000, 1_200), (1_200, 1_200)]
    assert report.added == 1_200


def test_first_polls_of_an_import_are_spread_over_the_interval(desk: Desk) -> None:
    desk.write([], outside='interval = "15m"')
    outlines = [f'<outline text="{n}" xmlUrl="https://{n}.example/feed"/>' for n in range(900)]
    assert run("feeds", "import", "-", input=opml(*outlines)).exit_code == 0
    feeds = stored(desk)
    gaps = {later.next_poll_at - one.next_poll_at for one, later in pairwise(feeds)}
    assert gaps == {timedelta(seconds=1)}
    assert feeds[0].next_poll_at == feeds[0].subscribed_at


def test_a_rehearsal_does_nothing_and_makes_nothing(desk: Desk) -> None:
    outline = opml('<outline text="A" xmlUrl="https://a.example/feed"/>')
    done = run("feeds", "import", "-", "--dry-run", input=outline)
    assert "1 would be added" in done.stdout
    assert not desk.store.exists()
    run("feeds", "import", "-", input=outline)
    assert "1 subscribed already" in run("feeds", "import", "-", "--dry-run", input=outline).stdout


def test_a_removed_feed_of_a_list_comes_back(desk: Desk, feed: LocalFeed) -> None:
    add(feed.url)
    run("feeds", "remove", "Dawn")
    done = run("feeds", "import", "-", input=opml(f'<outline text="Mine" xmlUrl="{feed.url}#x"/>'))
    assert "1 added" in done.stdout
    (one,) = stored(desk)
    assert (one.status, one.name) == (FeedStatus.ACTIVE, "Mine")
    assert one.first_success_at is not None


def test_an_export_is_read_back_by_another_desk(desk: Desk, feed: LocalFeed, tmp_path: Path) -> None:
    add(feed.url, "--tag", "pk", "--tag", "border", "--interval", "5m", "--backfill", "24h")
    desk.command("run", "--once")
    exported = run("feeds", "export").stdout
    assert f"{feed.site.url}/declared.xml" in exported
    before = {one.settings.url: one for one in stored(desk)}
    desk.write([])
    desk.store.unlink()
    assert run("feeds", "import", "-", input=exported).exit_code == 0
    for one in stored(desk):
        was = before[one.settings.url].settings
        assert (one.settings.name, one.settings.tags, one.settings.interval, one.settings.backfill) == (
            was.name,
            was.tags,
            was.interval,
            was.backfill,
        )
    assert f"{feed.site.url}/declared.xml" not in run("feeds", "export", "--tag", "pk").stdout


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "the file is empty"),
        (b"\n<html>", "standard input:2: no OPML: its first element is <html>"),
        (b"<!DOCTYPE opml [<!ENTITY a 'x'>]><opml/>", "entities of its own"),
        (b"<opml><body></opml>", "standard input:1: broken XML"),
    ],
)
def test_a_file_that_is_no_list_is_refused_in_one_sentence(desk: Desk, body: bytes, said: str) -> None:
    done = run("feeds", "import", "-", input=body)
    assert done.exit_code == 1
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "nothing was imported" in done.stderr


def test_a_list_of_any_length_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.app.opml_files.MAX_OPML", 1_000_000)
    done = run("feeds", "import", "-", input=b"<opml>" + b" " * 1_000_000)
    assert "longer than 1 MB" in done.stderr


# ---- ingest


def line(**more: str) -> str:
    return json.dumps({"id": "m1", "title": "Torkham closed", "body": "A closure.", **more}) + "\n"


def test_documents_are_taken_in_and_wrong_lines_named(desk: Desk) -> None:
    done = run("ingest", "-", input=line() + "nonsense\n\n" + line(id="m2", title="", body=" ") + line(id="m3"))
    assert done.exit_code == 1
    assert "standard input:2: no JSON" in done.stderr
    assert "standard input:4: " in done.stderr
    assert done.stdout.splitlines()[0] == "2 documents: 2 new, 0 known, 0 revised; 2 lines are no document"
    assert "monitor run reads and matches them" in done.stdout
    again = run("ingest", "-", input=line() + line(id="m3", body="Torkham was closed for good."))
    assert again.stdout.splitlines()[0] == "2 documents: 0 new, 1 known, 1 revised"
    assert again.exit_code == 0


def test_a_document_of_a_file_alerts_in_the_next_pass_and_shows_in_no_count_of_feeds(desk: Desk) -> None:
    desk.write([])
    Path("mails.jsonl").write_bytes(
        b"\xef\xbb\xbf" + line(url="https://mail.example/1", publisher="Mails").encode()
    )
    assert run("ingest", "mails.jsonl").exit_code == 0
    assert desk.command("run", "--once").returncode == 0
    assert desk.sent() == 1
    assert "Feeds       0 " in run("status").stdout
    assert "No feeds." in run("feeds", "list").stdout
    assert "No feeds." in run("feeds", "health").stdout
    assert "ingested, from Mails" in run("why", "https://mail.example/1").stdout


def test_a_line_of_any_length_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.app.documents.LONGEST_LINE", 1_000_000)
    done = run("ingest", "-", input=line(body="x" * 1_000_000) + line(id="m2"))
    assert "standard input:1: longer than 1 MB" in done.stderr
    assert "1 document: 1 new" in done.stdout


@pytest.mark.parametrize(
    "wrong",
    ['{"id": 1.5, "title": "x"}', '{"title": "x"}', "[" * 100_000, '"x"', "9" * 10_000, '{"id": "\\ud83d"'],
)
def test_any_wrong_line_is_one_sentence(desk: Desk, wrong: str) -> None:
    done = run("ingest", "-", input=wrong + "\n")
    assert done.exit_code == 1
    assert len(done.stderr.splitlines()) == 1
