"""`feeds parse` and `articles extract`: files through the daemon's own readers, in real children."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from newsroom import item, rss

from monitor.adapters.sandbox import ProcessSandbox
from monitor.app import bodies
from monitor.app.bodies import LONGEST_BODY, extract_files, parse_files

NOTHING = io.BytesIO()
PARAGRAPHS = [
    f"Paragraph {n}: the Torkham crossing was closed by the Taliban on Sunday, officials told reporters there."
    for n in range(6)
]
PAGE = (
    '<!DOCTYPE html><html lang="en"><head><title>Border shut</title><link rel="canonical" href="/news/1">'
    '<meta name="author" content="Jane Doe"><meta property="og:site_name" content="Dawn">'
    '<meta property="article:published_time" content="2023-02-22T10:00:00Z"></head><body><article>'
    + "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    + "</article></body></html>"
).encode()


def parsed(*files: Path | str, standard_input: bytes = b"", url: str = "") -> list[dict[str, Any]]:
    found = parse_files([str(file) for file in files], io.BytesIO(standard_input), url)
    return [line for one in found for line in one.lines]


def extracted(*files: Path | str, url: str = "") -> list[dict[str, Any]]:
    return [line for one in extract_files([str(file) for file in files], NOTHING, url) for line in one.lines]


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    more = "<language>en-GB</language><ttl>30</ttl>"
    (tmp_path / "feed.xml").write_bytes(rss(item("e1"), item("e2", "سرحد بند", link=None), more=more))
    return tmp_path / "feed.xml"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "page.html").write_bytes(PAGE)
    return tmp_path / "page.html"


# ---- parse lines


def test_each_entry_is_a_line_with_its_feed_and_the_keys_of_the_contract(feed: Path) -> None:
    first, second = parsed(feed)
    assert first == {
        "file": str(feed),
        "feed": {
            "title": "News of the day",
            "link": "https://news.example/",
            "language": "en-GB",
            "engine": "lxml",
            "ttl": 1800,
            "period": None,
            "skip_hours": [],
            "skip_days": [],
            "hub": None,
            "topic": None,
            "older": None,
        },
        "entry": {
            "id": "e1",
            "title": "Torkham closed",
            "link": "https://news.example/e1",
            "published": "2023-02-22T12:00:00+00:00",
            "updated": None,
            "summary": "The Torkham crossing was closed on Sunday.",
            "authors": [],
            "language": "en-GB",
        },
    }
    assert (second["entry"]["title"], second["entry"]["link"]) == ("سرحد بند", None)


def test_the_feed_of_a_line_has_its_rhythm_its_hub_and_where_older_entries_are(tmp_path: Path) -> None:
    more = (
        "<skipHours><hour>24</hour><hour>1</hour></skipHours><skipDays><day>Sunday</day></skipDays>"
        '<sy:updatePeriod xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">daily</sy:updatePeriod>'
        '<a:link xmlns:a="http://www.w3.org/2005/Atom" rel="hub" href="https://hub.example/"/>'
        '<a:link xmlns:a="http://www.w3.org/2005/Atom" rel="self" href="https://news.example/feed"/>'
        '<a:link xmlns:a="http://www.w3.org/2005/Atom" rel="next" href="https://news.example/feed?page=2"/>'
    )
    (tmp_path / "feed.xml").write_bytes(rss(item(), more=more))
    found = parsed(tmp_path / "feed.xml")[0]["feed"]
    assert (found["period"], found["skip_hours"], found["skip_days"]) == (86_400, [0, 1], [6])
    assert (found["hub"], found["topic"]) == ("https://hub.example/", "https://news.example/feed")
    assert found["older"] == "https://news.example/feed?page=2"


def test_relative_links_are_resolved_against_the_url_given(tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_bytes(rss(item(link="/news/1")))
    assert parsed(tmp_path / "feed.xml", url="https://other.example/feeds/home")[0]["entry"]["link"] == (
        "https://other.example/news/1"
    )


def test_a_json_feed_is_read_too(tmp_path: Path) -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "J",
        "items": [{"id": "1", "title": "x", "authors": [{"name": "Jane"}]}],
    }
    (tmp_path / "feed.json").write_text(json.dumps(feed))
    (line,) = parsed(tmp_path / "feed.json")
    assert (line["feed"]["engine"], line["entry"]["authors"]) == ("json-feed", ["Jane"])


def test_standard_input_is_a_file_called_dash(feed: Path) -> None:
    lines = parsed("-", standard_input=feed.read_bytes())
    assert [line["file"] for line in lines] == ["-", "-"]


def test_a_file_that_is_no_feed_is_one_line_and_the_others_go_on(tmp_path: Path, feed: Path) -> None:
    (tmp_path / "login.html").write_text("<html><body>Please log in</body></html>")
    (tmp_path / "empty").write_bytes(b"")
    wrong = [tmp_path / "login.html", tmp_path / "empty", tmp_path, tmp_path / "nowhere.xml"]
    lines = parsed(*wrong, feed)
    errors = [line for line in lines if "error" in line]
    assert [set(line) for line in errors] == [{"file", "error"}] * 4
    assert [line["file"] for line in errors] == [str(file) for file in wrong]
    assert "HTML" in errors[0]["error"] or "web page" in errors[0]["error"]
    assert [line["error"] for line in errors[1:]] == ["is empty", "is a folder, not a file", "no such file"]
    assert [line["entry"]["id"] for line in lines if "entry" in line] == ["e1", "e2"]


def test_a_feed_without_entries_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_bytes(rss())
    (one,) = parse_files([str(tmp_path / "feed.xml")], NOTHING, "")
    assert (one.lines, one.error) == ((), None)


def test_more_than_the_daemon_would_take_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "huge.xml").open("wb") as file:
        file.truncate(LONGEST_BODY + 1)
    (line,) = parsed(tmp_path / "huge.xml")
    assert line["error"] == "is larger than 10 MB"
    (line,) = parsed("-", standard_input=b" " * (LONGEST_BODY + 1))
    assert line["error"] == "is larger than 10 MB"


def test_a_file_without_end_is_read_up_to_the_limit_and_no_further() -> None:
    (line,) = parsed("/dev/zero")
    assert line["error"] == "is larger than 10 MB"


def test_a_pipe_is_read_like_a_file(tmp_path: Path, feed: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(feed.read_bytes(),))
    writer.start()
    assert len(parsed(pipe)) == 2
    writer.join()


def test_a_body_that_holds_its_child_too_long_is_killed_and_the_next_file_gets_a_new_child(
    feed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "parsing_sandbox", lambda: ProcessSandbox(workers=1, seconds=0.0))
    lines = parsed(feed, feed)
    assert [line["error"] for line in lines] == ["parse_feed: timeout (no answer within 0 s)"] * 2


def test_nothing_foreign_is_parsed_in_the_process_that_was_started(feed: Path, page: Path) -> None:
    script = (
        "import io, sys\n"
        "from monitor.app.bodies import extract_files, parse_files\n"
        "feed, page = sys.argv[1:]\n"
        "read = [*parse_files([feed], io.BytesIO(), ''), *extract_files([page], io.BytesIO(), '')]\n"
        "print([one.error for one in read], sorted({'feedparser', 'trafilatura'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(feed), str(page)], capture_output=True, text=True, timeout=100
    )
    assert done.stdout == "[None, None] []\n", done.stderr


# ---- extract lines


def test_a_page_is_a_line_with_the_keys_of_the_contract(page: Path) -> None:
    (line,) = extracted(page, url="https://www.dawn.com/news/1?utm_source=rss")
    assert line == {
        "file": str(page),
        "title": "Border shut",
        "text": "\n\n".join(PARAGRAPHS),
        "published": "2023-02-22T10:00:00+00:00",
        "publisher": "Dawn",
        "language": "en",
        "quality": "full",
        "dropped": [],
        "authors": ["Jane Doe"],
        "section": None,
        "canonical_url": "https://www.dawn.com/news/1",
        "engine": "trafilatura",
        "wall": None,
        "date_flag": None,
    }


def test_without_its_url_a_page_has_no_canonical_one(page: Path) -> None:
    assert extracted(page)[0]["canonical_url"] is None


def test_a_page_without_main_text_is_one_line_and_the_others_go_on(tmp_path: Path, page: Path) -> None:
    (tmp_path / "login.html").write_text("<html><body><p>Watch the clip</p></body></html>")
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.7 ...")
    first, second, third = extracted(tmp_path / "login.html", tmp_path / "paper.pdf", page)
    assert (set(first), set(second)) == ({"file", "error"}, {"file", "error"})
    assert first["error"].startswith("no main text")
    assert "PDF" in second["error"]
    assert third["title"] == "Border shut"
