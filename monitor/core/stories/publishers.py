"""Who carries a story: publishers by the domain they registered, and independent ones by the origin of the text.

"12 publishers (9 carrying AP)" are 12 owners of pages; independent among them are AP and the three that carry no
agency: a report that twelve sites took from one agency has one source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from monitor.core.text.domains import registrable_domain
from monitor.core.text.urls import canonical_url, host_of
from monitor.core.text.words import fold_words
from monitor.model.telling import StoryMember


@dataclass(frozen=True, slots=True)
class Publishers:
    """Owners of addresses. `joined` are the `[publishers.NAME]` of the config: the name, by domain or `named`."""

    joined: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    @lru_cache(maxsize=8_192)  # a large story asks for thousands at every look
    def named(publisher: str) -> str:
        """What an article's publisher is known by where its address says nothing; never taken for a domain."""
        return f"name:{' '.join(fold_words(publisher))}"

    def owner_of(self, url: str, publisher: str) -> str:
        """Who owns a page: the config's name for its host or publisher, its registrable domain, or the publisher's
        name.

        The most particular domain of the config counts: `blogs.example.org` before `example.org`.
        """
        host = own = _host_behind(url)
        while own:
            if own in self.joined:
                return f"group:{self.joined[own]}"
            own = own.partition(".")[2]
        domain = registrable_domain(host)
        if domain and not self.joined:
            return domain
        name = self.named(publisher)
        return f"group:{self.joined[name]}" if name in self.joined else domain or name

    def origin_of(self, url: str, publisher: str, wire: str) -> str:
        """Where a report comes from: the agency it carries, else its owner."""
        return f"wire:{wire}" if wire else self.owner_of(url, publisher)

    def independent(self, members: Iterable[StoryMember]) -> frozenset[str]:
        """The origins of a story's articles: their number is that of its independent publishers."""
        return frozenset(self.origin_of(one.url, one.publisher, one.wire) for one in members)


@lru_cache(maxsize=16_384)  # a digest that waits for publishers asks every second of all that it holds; some 3 MB
def _host_behind(url: str) -> str:
    return host_of(canonical_url(url))
