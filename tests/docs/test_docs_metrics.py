"""The page on Prometheus: its table is the registry, its rules ask for what there is, no reason is missing."""

from __future__ import annotations

import json

import pytest
from documents import code, document, rows, spans_of
from metered import families_of, meter_of
from prometheus_client.metrics_core import Metric

from monitor.app.vitals import Health, Reason, health_json
from monitor.model import measure as m

PAGE = document("docs/how-to/watch-with-prometheus.md")

FAMILIES = families_of(meter_of())


def labels_of(family: Metric) -> dict[str, set[str]]:
    """Its labels with every value they have."""
    found: dict[str, set[str]] = {}
    for sample in family.samples:
        for label, value in sample.labels.items():
            if label != "le":
                found.setdefault(label, set()).add(value)
    return found


def described() -> dict[str, list[str]]:
    return {code(cells[0]): cells for cells in rows(PAGE.sections["What the numbers mean"])}


def test_every_metric_is_described_and_none_is_invented() -> None:
    assert list(described()) == list(FAMILIES)  # in the order of the page that Prometheus reads
    assert all(meaning for _, _, meaning in described().values())


@pytest.mark.parametrize("name", FAMILIES)
def test_every_label_is_described_with_all_its_values(name: str) -> None:
    _, labels, meaning = described()[name]
    written = {}
    for part in filter(None, labels.split(";")):
        label, _, values = part.partition(":")
        (word,) = spans_of(label)
        written[word] = spans_of(values)
    real = labels_of(FAMILIES[name])
    if name == "media_monitor_build_info":
        real = {label: set() for label in real}  # one value, which every release changes
    if name == "media_monitor_rule_tag_matches_total":
        real["tag"] = {m.NO_TAG, m.OTHER_TAGS}  # the others are the user's
    assert written == real
    assert ("histogram" in meaning) == (FAMILIES[name].type == "histogram")


def test_every_reason_is_listed() -> None:
    table = {code(cells[0]): spans_of(cells[2]) for cells in rows(PAGE.sections["Turn it on"])}
    reasons = {reason.value for reason in Reason}
    assert table["/readyz"] <= reasons
    assert table["/healthz"] == {Reason.NO_TICK.value, Reason.STAGE_HANGS.value}
    assert reasons <= spans_of(PAGE.sections["Turn it on"])  # warnings may be named below the table


def test_the_answer_shown_is_the_one_given() -> None:
    [shown] = [fence.text for fence in PAGE.fences if fence.language == "console"]
    assert json.loads(shown.splitlines()[1]) == health_json(Health())
