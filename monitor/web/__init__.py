"""The door for browsers and probes: pages over loopback HTTP, in a thread of the daemon."""

from monitor.web.door import WebDoor, listen
from monitor.web.pages import Views, build_pages

__all__ = ["Views", "WebDoor", "build_pages", "listen"]
