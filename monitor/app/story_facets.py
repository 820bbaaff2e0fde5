"""What the list of stories can be narrowed to: asked seldom, however often the page is."""

from __future__ import annotations

from monitor.app.remembered import Remembered
from monitor.app.since import since
from monitor.model.story_view import StoryFacets
from monitor.ports import Clock, StoryStore

_LOOKED_AT = 3_000  # articles, and matches: some 50 ms
_KEPT = 30.0  # seconds


class FacetsOfTime:
    """The facets of each span of time that pages offer ("24h")."""

    def __init__(self) -> None:
        self._spans: dict[str, Remembered[StoryFacets]] = {}

    def of(self, store: StoryStore, clock: Clock, span: str) -> StoryFacets:
        """Those of the span, up to half a minute old; none while another thread waits for them in vain."""

        def ask() -> StoryFacets:
            return store.facets(since(span, clock.now()).moment, _LOOKED_AT)

        remembered = self._spans.setdefault(span, Remembered(ask, keep=_KEPT, times=20))
        return remembered() or StoryFacets()
