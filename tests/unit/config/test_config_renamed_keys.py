"""Keys that have another name by now: read with a warning for two releases, then an error with the new name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from faulty_configs import GOOD, SECRETS

from monitor.config import Settings, load_config
from monitor.config.faults import keys_of
from monitor.config.renamed_keys import RENAMED_KEYS, RenamedKey, with_new_names
from monitor.config.shape import TABLES
from monitor.model.errors import ConfigInvalid

KEYS = (
    RenamedKey("poll.max_age", "poll.max_entry_age", "0.3"),
    RenamedKey("digests.*.most", "digests.*.max_stories", "0.3"),
    RenamedKey("receivers.*.hook", "receivers.*.webhook", "0.3"),
    RenamedKey("alerts.receivers", "health.receivers", "0.3"),
)
POLL = GOOD + '[poll]\nmax_age = "3d"\n'
LINE = POLL.count("\n")


def load(text: str, version: str = "0.3.1", **more: Any) -> Settings:
    return load_config(
        text, "c.toml", directory="/desk", secrets=SECRETS.__getitem__, version=version, renamed_keys=KEYS, **more
    )


def said(text: str, version: str = "0.3.1") -> list[str]:
    try:
        return [str(one) for one in load(text, version).warnings]
    except ConfigInvalid as error:
        return [str(one) for one in error.problems]


@pytest.mark.parametrize("version", ["0.3.0", "0.3.9", "0.4.0", "1.0.0"])
def test_the_value_is_read_with_a_warning_for_two_releases(version: str) -> None:
    settings = load(POLL, version)
    assert settings.poll.max_entry_age == timedelta(days=3)
    assert [str(one) for one in settings.warnings] == [
        f"c.toml:{LINE}: warning: poll.max_age: is called poll.max_entry_age since 0.3; write that, the old name "
        "is read for 2 releases"
    ]


@pytest.mark.parametrize("version", ["0.5.0", "0.9.3", "1.1.0", "2.0.0"])
def test_then_it_is_an_error_that_says_the_new_name(version: str) -> None:
    assert said(POLL, version) == [
        f"c.toml:{LINE}: poll.max_age: is called poll.max_entry_age since 0.3; write that"
    ]


def test_both_are_an_error() -> None:
    assert said(POLL + 'max_entry_age = "4d"\n') == [
        f"c.toml:{LINE}: poll.max_age: is called poll.max_entry_age since 0.3, and that is there too: "
        "take the old one away"
    ]


def test_what_is_wrong_with_the_value_is_told_at_its_line_by_its_new_name() -> None:
    first, second = said(POLL.replace('"3d"', '"soon"'))
    assert first.startswith(f"c.toml:{LINE}: warning: poll.max_age: is called ")
    assert second.startswith(f"c.toml:{LINE}: poll.max_entry_age: ")


def test_keys_in_lists_in_named_tables_and_of_another_table_move_too() -> None:
    text = GOOD.replace(
        "[receivers.ops]\n", '[receivers.ops]\nhook = { url = "env:HOOK", secret = "env:SIGNING" }\n'
    )
    text = text.replace('[[digests]]\nname = "one"', '[[digests]]\nname = "one"\nmost = 7')
    text += '[alerts]\nreceivers = ["ops"]\n'
    settings = load(text)
    assert settings.digests[0].max_stories == 7
    assert len(settings.receivers[1].endpoints) == 2
    assert settings.health.receivers == ("ops",)
    assert len(settings.warnings) == 3


@pytest.mark.parametrize(
    "raw",
    [{"poll": 3}, {"poll": []}, {"digests": {"a": {"most": 1}}}, {"receivers": [1, {"hook": 2}]}, {"alerts": 1}],
)
def test_nothing_that_stands_in_a_file_breaks_it(raw: dict[str, Any]) -> None:
    renamed, _ = with_new_names(raw, KEYS, "0.3")
    assert with_new_names(renamed, KEYS, "0.3") == (renamed, ())


def test_the_file_itself_is_not_changed() -> None:
    raw = {"poll": {"max_age": "3d"}}
    assert with_new_names(raw, KEYS, "0.3")[0] == {"poll": {"max_entry_age": "3d"}}
    assert raw == {"poll": {"max_age": "3d"}}


def test_every_key_of_the_table_leads_to_one_that_there_is() -> None:
    for key in RENAMED_KEYS:
        *place, name = key.new.split(".")
        assert name in keys_of(TABLES[tuple(place)])
        assert key.old.count("*") == key.new.count("*")
