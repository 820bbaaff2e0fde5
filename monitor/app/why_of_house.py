"""`monitor why URL` with all that a config and its store know."""

from __future__ import annotations

from dataclasses import replace

from monitor.app.questions import House
from monitor.app.standing import standing_of
from monitor.app.waiting import waiting_of
from monitor.app.why import Why, why
from monitor.app.why_fetched import page_now
from monitor.config import Ways


def why_in(house: House, url: str, rule: str | None, ways: Ways | None = None) -> Why:
    """The answer; with `ways` the page of a URL that was never seen is asked for. Raises NoSuchRule."""
    now, settings, store = house.clock.now(), house.settings, house.store
    answer = why(
        store,
        url,
        house.ruleset,
        rule=rule,
        digests=[digest.name for digest in settings.digests],
        known=house.memory,
        waiting=waiting_of(settings, now),
        standing=standing_of(settings, store.receivers, now, running=store.holder() is not None),
    )
    if ways is None or answer.fates:
        return answer
    return replace(answer, page=page_now(url, settings.poll, ways, house.ruleset, house.clock, rule))
