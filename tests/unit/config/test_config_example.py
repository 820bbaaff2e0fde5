"""config.example.toml: it loads as it stands, and so does every setting it shows in a comment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from monitor.config import Settings, load_config
from monitor.config.faults import keys_of
from monitor.config.shape import TABLES
from monitor.model.delivery import StdoutEndpoint

EXAMPLE = (Path(__file__).parents[3] / "config.example.toml").read_text(encoding="utf-8")
WHOLE = re.sub(r"^# (?=\[|\w+ = )", "", EXAMPLE, flags=re.MULTILINE)


def load(text: str) -> Settings:
    def secret(reference: str) -> str:
        forms = {
            "env:SLACK_WEBHOOK": "https://hooks.slack.com/services/x",
            "env:HOOK_SECRET": "whsec_" + "A" * 32,
            "env:NTFY_URL": "ntfys://ntfy.example.org/x",
            "env:HEARTBEAT_URL": "https://beat.example.org/x",
        }
        return forms.get(reference, "x")

    return load_config(text, "config.example.toml", directory="/srv", secrets=secret)


def test_the_example_loads_without_a_warning_and_without_secrets():
    def none(reference: str) -> str:
        raise AssertionError(reference)

    settings = load_config(EXAMPLE, "config.example.toml", directory="/srv", secrets=none)
    assert settings.warnings == ()
    assert len(settings.feeds) == 10
    assert {feed.backfill for feed in settings.feeds} == {timedelta(hours=24)}
    assert [receiver.endpoints for receiver in settings.receivers] == [(StdoutEndpoint(),)]
    assert {name for digest in settings.digests for name in digest.to} == {"console"}


def test_every_commented_setting_of_the_example_loads_too():
    settings = load(WHOLE)
    assert settings.warnings == ()
    assert settings.smtp is not None
    assert {receiver.name for receiver in settings.receivers} == {
        "console",
        "archive",
        "desk",
        "ops",
        "press",
        "agency",
        "phone",
        "siem",
    }


def test_the_comments_show_the_real_defaults():
    commented = [line.partition(" #")[0] for line in WHOLE.splitlines()]
    store = load("\n".join(commented[commented.index("[store]") : commented.index("[poll]")]))
    assert (store.retention, store.store_full_text) == (load("").retention, load("").store_full_text)
    poll = load("\n".join(commented[commented.index("[poll]") : commented.index("[[feeds]]")])).poll
    assert poll == load("").poll


def test_the_example_shows_every_key_of_this_version():
    shown = set(re.findall(r"\b(\w+) +=|^# (\w+)  ", WHOLE, flags=re.MULTILINE))
    words = {word for pair in shown for word in pair} | {
        word for name in re.findall(r"\[\[?([\w.]+)\]", WHOLE) for word in name.split(".")
    }
    assert set(_all_keys()) <= words


def _all_keys() -> Iterator[str]:
    for table in TABLES.values():
        yield from keys_of(table)
