"""What pages load: a few files of ours and of others, each under an address that changes with its bytes.

`manifest.json` names the version, licence and SHA-256 of those that are not ours (a test holds them to it).
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

PREFIX = "/static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FOR_EVER = "private, max-age=31536000, immutable"  # another file has another address


@cache
def _file(name: str) -> tuple[bytes, str] | None:
    """A file's bytes and the mark of its address; None where there is none of that name."""
    place = files("monitor.web.site") / "static" / name
    if PurePosixPath(name).name != name or PurePosixPath(name).suffix not in _TYPES or not place.is_file():
        return None
    content = place.read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:16]


def address_of(name: str) -> str:
    """Where a page finds that file."""
    found = _file(name)
    assert found is not None, f"{name} is shipped"
    return f"{PREFIX}/{found[1]}/{name}"


def static_file(request: Request) -> Response:
    """A file, to be kept for ever by who has its address."""
    name = request.path_params["name"]
    found = _file(name)
    if found is None or found[1] != request.path_params["mark"]:
        return PlainTextResponse("Not Found", 404)
    return Response(
        found[0], headers={"content-type": _TYPES[PurePosixPath(name).suffix], "cache-control": _FOR_EVER}
    )
