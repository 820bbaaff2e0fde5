"""`monitor db …` at the door: what people and scripts see."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from postgres_server import postgres_server, with_programs

from monitor.adapters.store.sql import SqlStore
from monitor.adapters.store.tables import SCHEMA
from monitor.cli.main import cli

OLD = Path(__file__).parents[2] / "data" / "stores" / "0001-d.sql"
CONFIG = """
[store]
url = "{url}"
[receivers.desk]
stdout = {{}}
[[digests]]
name = "alerts"
rules = ["*"]
to = ["desk"]
schedule = "immediate"
"""


def run(*arguments: str, input: str | None = None) -> Result:
    return CliRunner().invoke(cli, arguments, input=input, prog_name="monitor")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config in the current directory; its store was never made."""
    (tmp_path / "config.toml").write_text(CONFIG.format(url="sqlite:///monitor.db"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def old(desk: Path) -> Path:
    """The same with a store that an earlier version left."""
    with closing(sqlite3.connect(desk / "monitor.db")) as connection:
        connection.executescript(OLD.read_text(encoding="utf-8"))
    return desk


@pytest.fixture
def stored(desk: Path) -> Path:
    """The same with a store of this version."""
    SqlStore(f"sqlite:///{desk / 'monitor.db'}").close()
    return desk


def test_an_upgrade_says_from_where_to_where_and_keeps_a_copy(old: Path) -> None:
    done = run("db", "upgrade")
    assert done.exit_code == 0
    assert f"schema 0001 → {SCHEMA}" in done.output
    assert "monitor.db.schema-0001" in done.output
    with closing(sqlite3.connect(old / "monitor.db.schema-0001")) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
    assert run("db", "upgrade").output.strip().endswith(f"is up to date (schema {SCHEMA})")


def test_an_upgrade_without_a_copy_makes_none(old: Path) -> None:
    assert run("db", "upgrade", "--no-copy").exit_code == 0
    assert not list(old.glob("*schema*"))


def test_a_question_to_an_old_store_names_the_command(old: Path) -> None:
    done = run("status")
    assert done.exit_code == 1
    assert "monitor db upgrade" in done.output


def test_an_upgrade_makes_a_store_where_there_is_none(desk: Path) -> None:
    done = run("db", "upgrade", "--json")
    assert json.loads(done.output) == {
        "store": f"sqlite:///{desk / 'monitor.db'}",
        "found": None,
        "schema": SCHEMA,
        "copy": None,
        "queue": None,
    }
    assert (desk / "monitor.db").exists()


@pytest.mark.parametrize("words", [("backup", "copy.db"), ("check",)])
def test_a_store_that_was_never_made_is_named_and_not_made(desk: Path, words: tuple[str, ...]) -> None:
    done = run("db", *words)
    assert done.exit_code == 1
    assert "no store yet" in done.output
    assert not list(desk.glob("*.db"))


def test_a_backup_says_how_to_put_it_back_and_a_restore_where_the_old_store_lies(stored: Path) -> None:
    said = run("db", "backup", "copy.db").output
    assert "monitor db restore copy.db" in said
    done = run("db", "restore", "copy.db", input="y\n")
    assert done.exit_code == 0
    (aside,) = stored.glob("monitor.db.replaced-*")
    assert str(aside) in done.output
    assert run("status").exit_code == 0


def test_a_restore_asks_first_and_no_is_the_default(stored: Path) -> None:
    run("db", "backup", "copy.db")
    done = run("db", "restore", "copy.db", input="\n")
    assert done.exit_code == 1
    assert not list(stored.glob("monitor.db.replaced-*"))


def test_a_backup_of_an_earlier_version_is_restored_and_upgraded(old: Path) -> None:
    run("db", "backup", "copy.db")
    run("db", "upgrade")
    assert f"schema 0001 → {SCHEMA}" in run("db", "restore", "copy.db", "--yes").output
    assert run("status").exit_code == 0


def test_a_sound_store_is_said_to_be_well(stored: Path) -> None:
    done = run("db", "check")
    assert done.exit_code == 0
    assert "All is well" in done.output
    assert run("db", "check", "--json").output == ""


def test_a_store_that_is_not_sound_is_told_with_table_and_ids_and_what_to_do(old: Path) -> None:
    run("db", "upgrade")
    with closing(sqlite3.connect(old / "monitor.db")) as connection:
        connection.execute("UPDATE deliveries SET sent_at = NULL WHERE state = 'sent'")
        connection.commit()
    done = run("db", "check")
    assert done.exit_code == 1
    assert "4 rows of deliveries: sent deliveries without a time (ids " in done.output
    assert "monitor db restore" in done.output
    row = json.loads(run("db", "check", "--json").output)
    assert (row["table"], row["rows"], len(row["first"])) == ("deliveries", 4, 4)


@pytest.mark.needs("postgresql")
def test_every_db_command_works_on_postgresql_with_the_url_in_a_secret(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres_server().fresh_database()
    (desk / "config.toml").write_text(CONFIG.format(url="env:DATABASE_URL"))
    monkeypatch.setenv("PATH", with_programs()["PATH"])
    monkeypatch.setenv("DATABASE_URL", url.replace("monitor@", "monitor:battery-staple@"))
    steps = [
        ("db", "check"),
        ("db", "upgrade"),
        ("db", "backup", "copy.dump"),
        ("db", "restore", "copy.dump", "--yes"),
        ("db", "check"),
        ("status",),
    ]
    done = [run(*words) for words in steps]
    assert [one.exit_code for one in done] == [1, 0, 0, 0, 0, 0], [one.output for one in done]
    assert "battery-staple" not in "".join(one.output for one in done)
    assert "no store yet" in done[0].output


def test_a_server_that_is_away_is_one_sentence(desk: Path) -> None:
    (desk / "config.toml").write_text(CONFIG.format(url="postgresql://desk@127.0.0.1:9/monitor"))
    done = run("status")
    assert done.exit_code == 1
    assert done.output.count("\n") == 1
    assert "nobody answers" in done.output


# ---- copies into another database


def test_a_copy_says_what_came_of_it_and_what_is_next(stored: Path) -> None:
    done = run("db", "copy", "--to", "sqlite:///moved.db")
    assert done.exit_code == 0, done.output
    assert "counts and hashes are equal" in done.stdout
    assert 'in config.toml: url = "sqlite:///moved.db" in [store]' in done.stdout
    assert "monitor db check -c config.toml" in done.stdout
    assert done.stderr == ""
    row = json.loads(run("db", "copy", "--to", "sqlite:///moved.db", "--verify-only", "--json").stdout)
    assert (row["equal"], row["source"], row["target"]) == (
        True,
        f"sqlite:///{stored / 'monitor.db'}",
        f"sqlite:///{stored / 'moved.db'}",
    )
    assert {"table": "feeds", "rows": 0, "target_rows": 0, "equal": True} in row["tables"]


def test_a_comparison_names_the_tables_that_differ(stored: Path) -> None:
    assert run("db", "copy", "--to", "sqlite:///moved.db").exit_code == 0
    with closing(sqlite3.connect(stored / "moved.db")) as connection:
        connection.execute("INSERT INTO host_pauses VALUES ('news.example', '2026-11-26 12:00:00.000000')")
        connection.commit()
    done = run("db", "copy", "--to", "sqlite:///moved.db", "--verify-only")
    assert done.exit_code == 1
    assert done.stdout == "host_pauses: 0 rows in the store, 1 in the copy\n"


def test_a_copy_that_has_rows_tells_how_far_it_is(stored: Path) -> None:
    with closing(sqlite3.connect(stored / "monitor.db")) as connection:
        connection.execute("INSERT INTO host_pauses VALUES ('news.example', '2026-11-26 12:00:00.000000')")
        connection.commit()
    done = run("db", "copy", "--to", "sqlite:///moved.db", "--json")
    assert done.stderr == "1 of 1 rows copied\n2 of 2 rows compared\n"
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("postgresql://desk:battery-staple@127.0.0.1/monitor", "others on this machine see a password"),
        ("postgresql://desk@127.0.0.1/monitor?password=battery-staple", "others on this machine see a password"),
        ("postgresql://127.0.0.1", "must name a host and a database"),
        ("mysql://battery-staple@127.0.0.1/monitor", 'must be "postgresql://USER@HOST/DATABASE"'),
        ("moved.db", 'must be "postgresql://USER@HOST/DATABASE"'),
        ("sqlite:///:memory:", 'must be "postgresql://USER@HOST/DATABASE"'),
        ("env:NOWHERE", "env:NOWHERE: "),
    ],
)
def test_what_is_no_database_to_copy_to_is_a_usage_error(stored: Path, to: str, said: str) -> None:
    done = run("db", "copy", "--to", to)
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.split())
    assert "battery-staple" not in done.output


def test_a_server_that_is_not_there_is_named_without_its_password(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://desk:battery-staple@127.0.0.1:1/monitor")
    done = run("db", "copy", "--to", "env:DATABASE_URL")
    assert done.exit_code == 1
    assert "nobody answers at this address; is the server running?" in done.stderr
    assert "battery-staple" not in done.output


def test_a_driver_that_is_not_installed_is_named(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    done = run("db", "copy", "--to", "postgresql://desk@127.0.0.1:1/monitor")
    assert done.exit_code == 1
    assert "pip install 'media-monitor[postgresql]'" in done.stderr


def test_a_half_copy_is_refused_by_every_command_with_what_to_do(stored: Path) -> None:
    assert run("db", "copy", "--to", "sqlite:///moved.db").exit_code == 0
    with closing(sqlite3.connect(stored / "moved.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'unfinished copy'")
        connection.commit()
    (stored / "config.toml").write_text(CONFIG.format(url="sqlite:///moved.db"))
    for command in (("run", "--once"), ("status",), ("db", "check"), ("db", "upgrade")):
        done = run(*command)
        assert done.exit_code == 1, command
        assert 'not finished; "monitor db copy" goes on where it stopped' in done.stderr
