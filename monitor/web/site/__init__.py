"""The dashboard: what a person sees of a running daemon in a browser."""

from monitor.web.site.application import build_site

__all__ = ["build_site"]
