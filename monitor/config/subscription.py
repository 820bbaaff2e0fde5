"""One subscription from the command line or an OPML file, held to what `[[feeds]]` takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from monitor.config.crosscheck import too_often
from monitor.config.faults import faults_of
from monitor.config.load import feed_settings
from monitor.config.shape import SubscriptionTable
from monitor.model.feed import FeedOrigin, FeedSettings


def read_subscription(values: Mapping[str, Any], *, allow_private_addresses: bool) -> FeedSettings:
    """The settings of a feed that will live in the store; `values` as they would stand in a `[[feeds]]` table.

    Raises ValueError with one line that names the key: "interval: "1s" is too often; a minute is the least".
    """
    try:
        table = SubscriptionTable.model_validate(dict(values))
    except ValidationError as error:
        raise ValueError("; ".join(faults_of(error))) from None
    why = table.interval and too_often(table.interval, allow_private_addresses)
    if why:
        raise ValueError(f"interval: {why}")
    return feed_settings(table, FeedOrigin.STORE)
