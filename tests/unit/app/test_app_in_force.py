"""What is in force, in numbers, through starts and reloads."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

from made import MINUTE, NOON, rule

from monitor.app.in_force import InForceOf
from monitor.app.reload import LastReload
from monitor.model.measure import InForce, Part, ReloadOutcome


def ready_of(*tags: tuple[str, ...], rules_of: object = None, feeds: int = 0) -> Any:
    rules = [rule(f"rule-{number}", tags=some) for number, some in enumerate(tags)]
    settings = SimpleNamespace(feeds=[None] * feeds, digests=[None], receivers=[None, None])
    return SimpleNamespace(ruleset=SimpleNamespace(rules=rules), settings=settings, rules_of=rules_of)


class Standing:
    """What a reloader says of itself."""

    def __init__(self, ready: Any, last: LastReload | None = None, **outcomes: int) -> None:
        self.ready, self.last = ready, last
        self.outcomes = Counter({ReloadOutcome(name): count for name, count in outcomes.items()})


def told(standing: Standing) -> InForce:
    return InForceOf(standing, NOON)()  # type: ignore[arg-type]  # all it asks of a reloader


def test_a_start_is_the_first_reading_of_the_files() -> None:
    found = told(Standing(ready_of(("border",), (), feeds=3)))
    assert found.declared == {Part.RULES: 2, Part.FEEDS: 3, Part.DIGESTS: 1, Part.RECEIVERS: 2}
    assert (found.holds, found.read_at, found.reloads) == (True, NOON, {})


def test_a_start_with_the_last_good_rules_does_not_hold() -> None:
    assert not told(Standing(ready_of(rules_of=NOON))).holds


def test_a_refused_reload_does_not_hold_until_one_succeeds() -> None:
    ready, later = ready_of(), NOON + MINUTE
    refused = told(Standing(ready, LastReload(later, 1, "rules.toml:1: no"), refused=1))
    assert (refused.holds, refused.read_at, refused.reloads) == (False, later, {ReloadOutcome.REFUSED: 1})
    mended = told(Standing(ready, LastReload(later, 2), refused=1, applied=1))
    assert mended.holds
    assert mended.reloads == {ReloadOutcome.REFUSED: 1, ReloadOutcome.APPLIED: 1}


def test_the_tags_of_most_rules_come_first_and_are_those_of_the_generation_in_force() -> None:
    standing = Standing(ready_of(("b", "a"), ("c", "b"), ("z",)))
    asked = InForceOf(standing, NOON)  # type: ignore[arg-type]
    assert asked().tags == asked().tags == ("b", "a", "c", "z")
    standing.ready = ready_of(("new",))
    assert asked().tags == ("new",)
