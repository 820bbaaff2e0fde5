"""The page on feeds works as it is written, from the tutorial's desk on."""

from __future__ import annotations

from pathlib import Path

import pytest
from documents import Written, document
from typed import assert_prints, console, free_port, run, web_server


@pytest.mark.timeout(300)  # a busy machine
def test_the_commands_on_feeds_print_what_the_page_shows(tmp_path: Path):
    port = free_port()
    tutorial, written = document("docs/tutorial/first-alert.md"), document("docs/how-to/manage-feeds.md")
    page = Written(written.path, written.text.replace("8000", str(port)))
    config = next(fence.text for fence in tutorial.fences if fence.language == "toml")
    wire, opml = (fence.text for fence in page.fences if fence.language == "xml")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "wire.xml").write_text(wire, encoding="utf-8")
    (tmp_path / "feeds.opml").write_text(opml, encoding="utf-8")
    run("monitor init desk", tmp_path)
    (tmp_path / "desk" / "config.toml").write_text(config.replace("8000", str(port)), encoding="utf-8")
    with web_server(tmp_path, port):
        for command, output in console(page):
            assert_prints(output, run(command, tmp_path))
