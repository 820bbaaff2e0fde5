"""The JSON API below /api/v1: what the pages show and do, for programs."""

from monitor.web.api.application import PREFIX, build_api

__all__ = ["PREFIX", "build_api"]
