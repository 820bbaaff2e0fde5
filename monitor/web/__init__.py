"""The door for browsers, programs and probes: pages and an API over HTTP, in a thread of the daemon."""

from monitor.web.door import WebDoor, listen
from monitor.web.pages import Reach, Views, build_pages, warming_of

__all__ = ["Reach", "Views", "WebDoor", "build_pages", "listen", "warming_of"]
