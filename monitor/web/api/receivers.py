"""Who is reached how, and whether a message gets there."""

from __future__ import annotations

from secrets import token_hex

from monitor.app.receiver_tests import TooSoon, told_json
from monitor.app.receivers import reached, receivers_json
from monitor.web.api.asking import Answer, Asked
from monitor.web.api.problems import Reason, Refused


def list_receivers(asked: Asked) -> Answer:
    """As `monitor receivers list --json`, in the order of the config."""
    house = asked.house
    return {"items": receivers_json(reached(house.settings, house.store.suppressions.all())), "next": None}


def send_test(asked: Asked) -> Answer:
    """As `monitor receivers test --json`, past the outbox: real people get the message. It waits fifteen seconds
    for the answers; what came of a message that was not answered by then (`ok` is null) the log says. A receiver
    gets one test a minute, all of them ten an hour."""
    name = asked.path["receiver"]
    try:
        told = asked.open_house.receiver_tests.run(asked.house, name, token_hex(8))
    except TooSoon as error:
        wait = max(1, round(error.wait.total_seconds()))
        raise Refused(Reason.TOO_SOON, str(error), retry_after=wait) from None
    return {"items": [told_json(name, one) for one in told], "next": None}
