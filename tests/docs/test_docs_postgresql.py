"""A store moves to PostgreSQL as the page says."""

from __future__ import annotations

from pathlib import Path

import pytest
from documents import document
from typed import assert_prints, console, run


@pytest.mark.needs("postgresql")
def test_a_store_moves_to_postgresql_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from postgres_server import postgres_server

    page = document("docs/how-to/use-postgresql.md")
    config = next(fence.text for fence in page.fences if fence.language == "toml")
    monkeypatch.setenv("DATABASE_URL", postgres_server().fresh_database().replace("+psycopg", ""))
    file = tmp_path / "config.toml"
    file.write_text(config.replace('"env:DATABASE_URL"', '"sqlite:///monitor.db"'), encoding="utf-8")
    run("monitor db upgrade", tmp_path)
    for one in ("first", "second"):
        run(f"monitor feeds add https://news.example/{one} --no-poll", tmp_path)
    commands = list(console(page))
    assert len(commands) == 2
    for command, output in commands:
        assert_prints(output, run(command, tmp_path))
    file.write_text(config, encoding="utf-8")
    assert "All is well" in run("monitor db check -c config.toml", tmp_path)
