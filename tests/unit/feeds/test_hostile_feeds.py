"""Feeds made to hurt, each whole and torn, so that both engines meet it: it ends, and the next feed is read."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hostile_bodies import HOSTILE, rss, torn

from monitor.adapters.sandbox import ProcessSandbox
from monitor.core.feeds.parse import parse_feed
from monitor.model.entry import ParsedFeed
from monitor.model.errors import NotAFeed, SandboxFailed, SandboxReason

NOW = datetime(2023, 2, 22, 12, tzinfo=UTC)
URL = "https://example.org/feed"


@pytest.fixture(scope="module")
def hasty() -> Iterator[ProcessSandbox]:
    """With a fraction of the CPU time that the daemon gives, so that what must be killed is killed soon."""
    made = ProcessSandbox(workers=1, cpu_seconds=0.5)
    yield made
    made.close()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ProcessSandbox]:
    """With the limits of the daemon: 10 s of CPU, 1 GB."""
    made = ProcessSandbox(workers=1)
    yield made
    made.close()


def assert_reads_on(sandbox: ProcessSandbox) -> None:
    healthy = sandbox.run(parse_feed, rss("<guid>1</guid>").encode(), None, URL, NOW)
    assert [entry.id for entry in healthy.entries] == ["1"]


@pytest.mark.parametrize("name", list(HOSTILE))
def test_a_hostile_feed_is_read_within_the_limits(sandbox: ProcessSandbox, name: str) -> None:
    text, engine, entries = HOSTILE[name]
    feed = sandbox.run(parse_feed, text.encode(), "text/xml", URL, NOW)
    assert (feed.engine, len(feed.entries)) == (engine, entries)
    assert_reads_on(sandbox)


def outcome_of_torn(sandbox: ProcessSandbox, name: str) -> ParsedFeed | NotAFeed | SandboxFailed:
    try:
        return sandbox.run(parse_feed, torn(HOSTILE[name][0]), "text/xml", URL, NOW)
    except (NotAFeed, SandboxFailed) as error:
        return error


@pytest.mark.parametrize("name", ["nested tags", "attributes", "namespaces", "entries", "one long text", "links"])
def test_a_hostile_feed_that_is_torn_too_ends_at_the_limit_at_latest(hasty: ProcessSandbox, name: str) -> None:
    begun = time.monotonic()
    outcome = outcome_of_torn(hasty, name)
    if isinstance(outcome, SandboxFailed):
        assert outcome.reason in (SandboxReason.CPU, SandboxReason.MEMORY)
    elif isinstance(outcome, ParsedFeed):
        assert outcome.engine == "feedparser"
    assert time.monotonic() - begun < 25
    assert_reads_on(hasty)


@pytest.mark.soak
@pytest.mark.parametrize("name", list(HOSTILE))
def test_a_hostile_feed_that_is_torn_too_ends_at_the_daemons_own_limits(
    sandbox: ProcessSandbox, name: str
) -> None:
    begun = time.monotonic()
    outcome_of_torn(sandbox, name)
    assert time.monotonic() - begun < 25
    assert_reads_on(sandbox)


@pytest.mark.parametrize(
    "bomb",
    [
        '<!ENTITY a "ha">' + "".join(f'<!ENTITY a{n} "&a{n - 1 if n else ""};&a;&a;">' for n in range(30)),
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY % a SYSTEM "http://127.0.0.1/x.dtd"> %a;',
    ],
)
def test_a_feed_with_entities_of_its_own_is_refused(sandbox: ProcessSandbox, bomb: str) -> None:
    for text in (f"<!DOCTYPE rss [{bomb}]>{rss('&a9;')}", f"<!DOCTYPE rss [{bomb}]>{torn(rss('&a9;')).decode()}"):
        with pytest.raises(NotAFeed, match="entities"):
            sandbox.run(parse_feed, text.encode(), None, URL, NOW)


@pytest.mark.parametrize("end", ["</rss>", "<torn off=here>"])
@pytest.mark.parametrize(
    ("inside", "title", "link"),
    [
        ("<title>&lt;script&gt;alert(1)&lt;/script&gt;Hi</title>", "Hi", None),
        ("<title>Subject: x&#13;&#10;Bcc: y</title>", "Subject: x Bcc: y", None),
        ("<title>a&#x202e;b&#27;c</title>", "abc", None),
        ("<title>" + "long " * 50_000 + "</title>", ("long " * 200)[:-1].removesuffix("g") + "…", None),
        ("<title>x</title><link>javascript:alert(1)</link>", "x", None),
        ("<title>x</title><link>java&#10;script:alert(1)</link>", "x", None),
        ("<title>x</title><link>file:///etc/passwd</link>", "x", None),
        ("<title>x</title><link>//other.example/1</link>", "x", "https://other.example/1"),
    ],
)
def test_titles_and_links_are_made_safe_by_both_engines(
    inside: str, title: str, link: str | None, end: str
) -> None:
    (entry,) = parse_feed(f"<rss><channel><item>{inside}</item></channel>{end}".encode(), None, URL, NOW).entries
    assert len(entry.title) <= 1_000
    assert (entry.title if len(title) < 100 else title, entry.link) == (title, link)


WATCHED = """
import json, sys
from datetime import UTC, datetime
from monitor.core.feeds.parse import parse_feed

bodies = [bytes.fromhex(line) for line in sys.stdin]

def read_all():
    read = 0
    for body in bodies:
        try:
            read += len(parse_feed(body, None, "https://e.org/", datetime(2023, 2, 22, tzinfo=UTC)).entries)
        except Exception as error:
            assert type(error).__name__ == "NotAFeed", error
    return read

read_all()  # what is imported late is imported now
seen = set()
DOORS = ("open", "socket", "subprocess", "os.", "exec", "compile", "urllib", "ctypes", "shutil", "import", "glob")

def hook(event, args):
    # Whenever feedparser makes a parser, the standard library looks for a faster one that nobody has any more.
    if event.startswith(DOORS) and args[:1] != ("drv_libxml2",):
        seen.add(f"{event} {args!r:.100}")

sys.addaudithook(hook)
print(json.dumps([read_all(), sorted(seen)]))
"""


def test_reading_feeds_opens_nothing_and_runs_nothing() -> None:
    from wire_feeds import WIRE_FEEDS

    whole = [feed.body for feed in WIRE_FEEDS]
    bodies = [
        *whole,
        *(
            body.replace(b"</channel>", b"<torn off=here>").replace(b"</feed>", b"<torn off=here>")
            for body in whole
        ),
        b"/etc/passwd",
        b"file:///etc/passwd",
        b"http://127.0.0.1/",
        b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "file:///etc/passwd"}]}',
        b"<urlset/>",
        rss("__import__('os').system('true')").encode(),
    ]
    lines = "".join(body.hex() + "\n" for body in bodies)
    done = subprocess.run([sys.executable, "-c", WATCHED], input=lines, capture_output=True, text=True, check=True)
    read, seen = json.loads(done.stdout)
    assert read > 2 * len(WIRE_FEEDS)
    assert seen == []


@pytest.mark.needs("linux")
def test_a_file_that_a_feed_names_is_not_opened(tmp_path: Path) -> None:
    # The libraries beneath open files without Python's knowing: the kernel is asked.
    secret = tmp_path / "secret.xml"
    secret.write_text(rss("<guid>secret</guid>"))
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_NONBLOCK)
    assert libc.inotify_add_watch(watch, os.fsencode(secret), 0xFFF) > 0
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{secret}"/>'
    bodies = [
        f'<!DOCTYPE rss SYSTEM "{secret}">' + rss(""),
        f'<!DOCTYPE rss PUBLIC "x" "file://{secret}">' + rss("&nbsp;"),
        f'<?xml-stylesheet type="text/xsl" href="{secret}"?>' + rss(""),
        rss(include),
        rss(f'<description><![CDATA[<object data="file://{secret}">x</object><p>y]]></description>'),
        rss(f'<content src="file://{secret}"/>'),
        f"<!DOCTYPE rss [<!ENTITY a SYSTEM 'file://{secret}'>]>" + rss("&a;"),
        rss(f"<!DOCTYPE rss [<!ENTITY a SYSTEM 'file://{secret}'>]>&a;"),
        str(secret),
        f"file://{secret}",
    ]
    try:
        for body in bodies:
            for one in (body.encode(), torn(body)):
                try:
                    feed = parse_feed(one, None, URL, NOW)
                except NotAFeed:
                    continue
                assert "secret" not in [entry.id for entry in feed.entries]
        with pytest.raises(BlockingIOError):
            os.read(watch, 4096)
        secret.read_text()
        assert os.read(watch, 4096)  # it would have been seen
    finally:
        os.close(watch)
