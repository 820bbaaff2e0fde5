"""`monitor feeds discover`: a real site, real feeds, what people read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from desk import Desk
from newsroom import item, rss
from scripted import failure

from monitor.cli.main import cli
from monitor.demo.server import Answer, LocalSite

JSON_FEED = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "As JSON",
        "items": [{"id": "9", "url": "https://news.example/9", "title": "Nine", "content_text": "Nine."}],
    }
).encode()


@pytest.fixture
def site() -> Iterator[LocalSite]:
    with LocalSite(address="127.8.8.1") as running:
        running.route("/robots.txt", Answer(status=404))
        yield running


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk(tmp_path)
    made.write([])
    monkeypatch.chdir(tmp_path)
    return made


def run(*arguments: str) -> Result:
    done = CliRunner().invoke(cli, arguments, prog_name="monitor")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def found(*arguments: str) -> dict[str, object]:
    return dict(json.loads(run("feeds", "discover", *arguments, "--json").stdout))


def feed(*ids: str, title: str = "News of the day") -> Answer:
    return Answer(rss(*map(item, ids), title=title), "application/rss+xml")


def page(site: LocalSite, *links: tuple[str, str], path: str = "/", headers: dict[str, str] | None = None) -> str:
    tags = "".join(f'<link rel="alternate" type="{kind}" href="{href}">' for href, kind in links)
    body = f"<html><head><title>A site</title>{tags}</head></html>".encode()
    return site.route(path, Answer(body, headers=headers or {}))


RSS, ATOM, JSON = "application/rss+xml", "application/atom+xml", "application/feed+json"


def asked(site: LocalSite) -> list[str]:
    return [one.path for one in site.requests]


def test_feeds_of_link_tags_are_asked_read_and_named(desk: Desk, site: LocalSite) -> None:
    site.route("/feed.xml", feed("e1", "e2"))
    site.route("/feed.json", Answer(JSON_FEED, "application/feed+json"))
    url = page(site, ("/feed.xml", RSS), ("/feed.json", JSON), ("/gone", ATOM))
    done = run("feeds", "discover", url)
    assert done.exit_code == 0
    words = " ".join(done.stdout.split())
    assert f'2 feeds at {url} ("A site")' in words
    assert f"News of the day {site.url}/feed.xml 2 entries, the newest" in words
    assert f"As JSON {site.url}/feed.json 1 entry, read by json-feed" in words
    assert f"No feed: {site.url}/gone: 127.8.8.1: answered 404 Not Found" in words
    assert f"Add one: monitor feeds add {site.url}/feed.xml" in words
    assert done.stderr.splitlines()[:2] == [f"Asking {url} …", f"Asking {site.url}/feed.xml …"]
    assert asked(site) == ["/", "/feed.xml", "/feed.json", "/gone"]  # and no usual address
    assert not desk.store.exists()


def test_a_link_header_is_as_good_as_a_tag(desk: Desk, site: LocalSite) -> None:
    site.route("/f", feed("e1"))
    url = page(site, headers={"Link": f'</f>; rel="alternate"; type="{RSS}"'})
    assert [one["via"] for one in found(url)["feeds"]] == ["header"]  # type: ignore[attr-defined]


def test_an_address_that_is_a_feed_is_the_answer(desk: Desk, site: LocalSite) -> None:
    url = site.route("/feed.xml", feed("e1"))
    (one,) = found(url)["feeds"]  # type: ignore[misc]
    assert (one["via"], one["url"], one["entries"]) == ("address", url, 1)
    assert asked(site) == ["/feed.xml"]


def test_the_same_entries_are_one_feed_and_comments_come_last(desk: Desk, site: LocalSite) -> None:
    site.route("/comments/feed", feed("c1", title="Comments on A site"))
    site.route("/rss", feed("e1", "e2"))
    site.route("/atom", feed("e1"))
    url = page(site, ("/comments/feed", RSS), ("/rss", RSS), ("/atom", ATOM))
    first, last = found(url)["feeds"]  # type: ignore[misc]
    assert (first["url"], first["same"]) == (f"{site.url}/rss", [f"{site.url}/atom"])
    assert (last["comments"], last["title"]) == (True, "Comments on A site")


def test_a_page_that_names_none_has_its_usual_addresses_asked_until_one_is_a_feed(
    desk: Desk, site: LocalSite
) -> None:
    site.route("/atom.xml", feed("e1"))
    site.route("/feed.json", Answer(JSON_FEED, JSON))
    url = page(site)
    (one,) = found(url)["feeds"]  # type: ignore[misc]
    assert (one["url"], one["via"]) == (f"{site.url}/atom.xml", "guess")
    assert asked(site) == ["/", "/robots.txt", "/feed", "/rss", "/rss.xml", "/atom.xml"]


def test_a_page_that_lists_feeds_by_ordinary_links_is_read_as_that(desk: Desk, site: LocalSite) -> None:
    site.route("/robots.txt", Answer(b"User-agent: *\nDisallow: /secret\n", "text/plain"))
    for number in range(3):
        site.route(f"/rss/{number}.xml", feed(f"e{number}"))
    links = "".join(
        f'<a href="{href}">x</a>' for href in ("/rss/0.xml", "/rss/1.xml", "/secret.xml", "/rss", "/news")
    )
    said = found(site.route("/feeds.html", Answer(f"<html><body>{links}</body></html>".encode())))
    assert [one["via"] for one in said["feeds"]] == ["anchor", "anchor"]  # type: ignore[attr-defined]
    assert said["broken"] == []
    assert asked(site) == ["/feeds.html", "/robots.txt", "/rss/0.xml", "/rss/1.xml", "/rss"]


def test_a_wish_for_guesses_finds_what_the_page_does_not_name(desk: Desk, site: LocalSite) -> None:
    site.route("/news", feed("e1"))
    site.route("/rss", feed("e1"))
    site.route("/feed.json", Answer(JSON_FEED, JSON))
    url = page(site, ("/news", RSS))
    assert [one["url"] for one in found(url)["feeds"]] == [f"{site.url}/news"]  # type: ignore[attr-defined]
    feeds = found(url, "--guess")["feeds"]
    assert [one["url"] for one in feeds] == [f"{site.url}/news", f"{site.url}/feed.json"]  # type: ignore[attr-defined]


def test_what_robots_txt_forbids_is_not_guessed(desk: Desk, site: LocalSite) -> None:
    site.route("/robots.txt", Answer(b"User-agent: *\nDisallow: /feed\n", "text/plain"))
    site.route("/feed", feed("e1"))
    site.route("/rss", feed("e2"))
    (one,) = found(page(site))["feeds"]  # type: ignore[misc]
    assert one["url"] == f"{site.url}/rss"
    assert "/feed" not in asked(site)


def test_a_site_without_feeds_says_so(desk: Desk, site: LocalSite) -> None:
    done = run("feeds", "discover", page(site))
    assert done.exit_code == 1
    assert "No feed found at" in done.stdout
    assert len(asked(site)) == 10  # the page, robots.txt and eight usual addresses


def test_a_page_that_is_not_there_does_not_end_the_search(desk: Desk, site: LocalSite) -> None:
    site.route("/feed", feed("e1"))
    said = found(f"{site.url}/old")
    assert said["broken"] == [{"url": f"{site.url}/old", "why": "127.8.8.1: answered 404 Not Found"}]
    assert [one["url"] for one in said["feeds"]] == [f"{site.url}/feed"]  # type: ignore[attr-defined]


def test_a_server_that_has_had_enough_is_left_alone(desk: Desk, site: LocalSite) -> None:
    site.route("/rss", failure(429))
    run("feeds", "discover", page(site))
    assert asked(site)[-1] == "/rss"


@pytest.mark.parametrize("url", ["http://127.8.8.9:9/", "https://no-such-host.invalid/", "http://127.8.8.9:9"])
def test_a_dead_host_is_one_clear_line(desk: Desk, url: str) -> None:
    done = run("feeds", "discover", url)
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith(f"monitor: {url}: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "url", ["ftp://news.example/", "file:///etc/passwd", "", "http://", "http:/news.example", "mailto:x@news.org"]
)
def test_what_is_no_address_of_a_page_is_wrong_usage(desk: Desk, url: str) -> None:
    done = run("feeds", "discover", url)
    assert done.exit_code == 2
    assert "Asking" not in done.stderr


@pytest.mark.parametrize("scheme", ["feed:", "FEED:http:"])
def test_an_address_as_feed_readers_write_it_is_asked(desk: Desk, site: LocalSite, scheme: str) -> None:
    written = site.route("/f", feed("e1")).replace("http:", scheme)
    (one,) = found(page(site, (written, RSS)))["feeds"]  # type: ignore[misc]
    assert one["url"] == f"{site.url}/f"
    assert run("feeds", "discover", written).exit_code == 0
    assert run("feeds", "add", written).exit_code == 0


def test_an_address_inside_the_house_is_refused(desk: Desk) -> None:
    desk.write([], outside="")
    done = run("feeds", "discover", "http://127.0.0.1:8080/")
    assert done.exit_code == 1
    assert "127.0.0.1" in done.stderr


def test_a_feed_that_is_subscribed_to_is_named_as_that(desk: Desk, site: LocalSite) -> None:
    url = page(site, ("/f", RSS))
    site.route("/f", feed("e1"))
    run("feeds", "add", f"{site.url}/f")
    assert "subscribed already" in run("feeds", "discover", url).stdout
    assert "Add one" not in run("feeds", "discover", url).stdout


LOGIN = 'auth = { token = "env:WIRE_TOKEN" }'
BORDER = "<html><body><article><h1>Border</h1>" + "<p>The Torkham crossing was closed, they said.</p>" * 20


def logins(site: LocalSite) -> set[tuple[str, str | None]]:
    return {(one.path, one.headers.get("authorization")) for one in site.requests if one.path != "/robots.txt"}


def test_a_site_with_a_login_is_asked_with_the_login_of_its_feed_and_no_other_site_hears_of_it(
    desk: Desk, site: LocalSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIRE_TOKEN", "correct-horse")
    with LocalSite(address="127.8.8.2") as other:
        other.route("/f", feed("o1"))
        site.route("/f", feed("e1"))
        url = page(site, ("/f", RSS), (f"{other.url}/f", RSS))
        desk.write([f"{site.url}/f"], feed_lines=LOGIN)
        done = run("feeds", "discover", url)
    assert done.exit_code == 0
    assert logins(site) == {("/", "Bearer correct-horse"), ("/f", "Bearer correct-horse")}
    assert logins(other) == {("/f", None)}
    assert "correct-horse" not in done.output


def test_the_page_of_a_feed_with_a_login_is_asked_about_with_it(
    desk: Desk, site: LocalSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIRE_TOKEN", "correct-horse")
    url = site.route("/page", Answer(BORDER.encode()))
    run("feeds", "add", "--no-poll", "http://127.8.8.9/")
    desk.write([f"{site.url}/f"], feed_lines=LOGIN)
    done = run("why", url, "--fetch")
    assert "would match   torkham-closed" in done.stdout
    assert logins(site) == {("/page", "Bearer correct-horse")}


def test_a_login_that_is_not_at_hand_is_said_and_nothing_is_asked_without_it(desk: Desk, site: LocalSite) -> None:
    url = site.route("/f", feed("e1"))
    run("feeds", "add", "--no-poll", "http://127.8.8.9/")
    desk.write([url], feed_lines=LOGIN)
    why, found = run("why", url, "--fetch"), run("feeds", "discover", url)
    assert (why.exit_code, found.exit_code) == (1, 1)
    for done in (why, found):
        assert "auth.token: env:WIRE_TOKEN: the environment variable is not set" in " ".join(done.stdout.split())
    assert not site.requests


def test_adding_a_page_names_the_feed_that_it_offers(desk: Desk, site: LocalSite) -> None:
    done = run("feeds", "add", page(site, ("/comments/feed", RSS), ("/f", RSS)))
    assert done.exit_code == 1
    words = " ".join(done.stderr.split())
    assert "the server sent an HTML page, not a feed" in words
    assert f"add this one: monitor feeds add {site.url}/f; all 2: monitor feeds discover {site.url}/" in words
    none = page(site, path="/none")
    assert f"It names no feed; to look for one: monitor feeds discover {none}" in run("feeds", "add", none).stderr
