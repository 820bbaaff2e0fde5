"""A feed on loopback whose entries a test adds while it is polled."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

from monitor.demo.server import Answer, LocalSite, strong_etag


@dataclass
class LocalFeed:
    """RSS 2.0 at `/feed.xml` of its own site."""

    site: LocalSite
    name: str = "Local"
    items: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    hub: str | None = None  # named from the next change on

    def __post_init__(self) -> None:
        self.url = ""
        self._serve()

    def add(
        self,
        title: str,
        summary: str = "",
        *,
        id: str | None = None,
        link: str | None = None,
        published: datetime | None = None,
    ) -> str:
        """A new entry, published now unless said otherwise; its link."""
        with self.lock:
            number = len(self.items) + 1
            link = link or f"{self.site.url}/story/{number}"
            date = format_datetime(published or datetime.now(UTC))
            self.items.insert(
                0,
                f"<item><title>{escape(title)}</title><link>{escape(link)}</link>"
                f"<guid isPermaLink='false'>{escape(id or link)}</guid><pubDate>{date}</pubDate>"
                f"<description>{escape(summary)}</description></item>",
            )
            self._serve()
            return link

    def drop(self, link: str) -> None:
        """Lists the entry with this link no longer, until it is added again."""
        with self.lock:
            self.items = [item for item in self.items if f"<link>{escape(link)}</link>" not in item]

    def clear(self) -> None:
        """Lists nothing any more."""
        with self.lock:
            self.items.clear()
            self._serve()

    def _serve(self) -> None:
        body = (
            f"<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>{escape(self.name)}</title>"
            f"<link>{self.site.url}/</link><description>d</description>{self._links()}{''.join(self.items)}"
            "</channel></rss>"
        ).encode()
        self.url = self.site.route("/feed.xml", Answer(body, "application/rss+xml", etag=strong_etag(body)))

    def _links(self) -> str:
        if self.hub is None:
            return ""
        named = (("hub", self.hub), ("self", f"{self.site.url}/feed.xml"))
        atom = "xmlns:a='http://www.w3.org/2005/Atom'"
        return "".join(f"<a:link {atom} rel='{rel}' href='{escape(url)}'/>" for rel, url in named)

    def offer(self, hub: str | None) -> None:
        """Names this hub from now on, or none."""
        with self.lock:
            self.hub = hub
            self._serve()
