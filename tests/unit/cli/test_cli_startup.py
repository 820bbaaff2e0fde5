"""A quick start: what only helps to type imports nothing that only work needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from doors import CONFIG
from newsroom import RULES

HEAVY = (
    "alembic",
    "apscheduler",
    "css_inline",
    "feedparser",
    "httpcore2",
    "httpx2",
    "jinja2",
    "lxml",
    "numpy",
    "prometheus_client",
    "psycopg",
    "py3langid",
    "pydantic",
    "spacy",
    "sqlalchemy",
    "starlette",
    "structlog",
    "trafilatura",
    "tree_sitter",
    "uvicorn",
)

SCRIPT = f"""
import sys
from monitor.__main__ import main
try:
    main()
except SystemExit:
    pass
print("HEAVY", sorted(set({HEAVY!r}) & set(sys.modules)))
"""


def imported(*arguments: str, folder: Path, **environment: str) -> str:
    """The last line a `monitor` prints that then says which of the heavy modules it imported."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
        env={"PYTHONPATH": ":".join(filter(None, sys.path)), **environment},
    )
    assert not done.stderr, done.stderr
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    "words",
    [
        "--help",
        "--version",
        "run --help",
        "why --help",
        "rules --help",
        "deliveries retry --help",
        "receivers test --help",
        "rules match --help",
        "rules explain --help",
        "matches list --help",
        "stories list --help",
        "stories group --help",
        "service install --help",
        "feeds parse --help",
        "articles extract --help",
        "completion bash",
        "completion zsh",
        "completion fish",
        "healthcheck --url http://127.0.0.1:9",
        "healthcheck --ready --json",
    ],
)
def test_help_version_a_check_of_health_and_the_script_of_a_shell_import_nothing_heavy(
    words: str, tmp_path: Path
) -> None:
    assert imported(*words.split(), folder=tmp_path) == "HEAVY []"


def test_a_check_and_offline_matching_load_no_model_of_languages_that_no_rule_asks_for(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "border.toml").write_text(RULES)
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "lines.jsonl").write_text('{"id": "1", "title": "Torkham closed"}\n')
    for words in (["check"], ["rules", "match", "lines.jsonl"]):
        said = imported(*words, folder=tmp_path)
        assert "numpy" not in said
        assert "py3langid" not in said


@pytest.mark.parametrize(
    "typed", ["monitor fe", "monitor run --", "monitor matches list --since 7d --rule ", "monitor digest preview "]
)
def test_completing_a_word_imports_nothing_heavy(typed: str, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "border.toml").write_text(RULES)
    (tmp_path / "config.toml").write_text(CONFIG)
    words = typed.split(" ")
    said = imported(
        folder=tmp_path, _MONITOR_COMPLETE="bash_complete", COMP_WORDS=typed, COMP_CWORD=str(len(words) - 1)
    )
    assert said == "HEAVY []"
