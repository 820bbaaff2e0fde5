"""The shapes of all answers, by their names in the document."""

from __future__ import annotations

from monitor.web.api.schema import Schema
from monitor.web.api.shapes_feeds import FEEDS
from monitor.web.api.shapes_house import HOUSE
from monitor.web.api.shapes_news import NEWS
from monitor.web.api.shapes_rules import RULES

SHAPES: dict[str, Schema] = HOUSE | FEEDS | NEWS | RULES
