"""Certificates for the local server: an authority of the bench's own, and leaves for its addresses, by openssl."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Sequence
from pathlib import Path

AUTHORITY = "authority.pem"
_A_LEAF = 50  # addresses of one certificate: a list of thousands would be a handshake of its own kind


def contexts_of(addresses: Sequence[str], folder: Path) -> dict[str, ssl.SSLContext]:
    """A server's context for each address; the authority's certificate is left in `folder`."""
    _openssl(folder, "req", "-x509", *_key("authority.key"), "-subj", "/CN=bench", "-days", "2", "-out", AUTHORITY)
    found: dict[str, ssl.SSLContext] = {}
    for start in range(0, len(addresses), _A_LEAF):
        some = addresses[start : start + _A_LEAF]
        context = _leaf(some, folder)
        found |= dict.fromkeys(some, context)
    return found


def trusting(folder: Path) -> ssl.SSLContext:
    """A client's context that believes this authority alone."""
    return ssl.create_default_context(cafile=str(folder / AUTHORITY))


def _leaf(addresses: Sequence[str], folder: Path) -> ssl.SSLContext:
    names = ",".join(f"IP:{address}" for address in addresses)
    signed = ("-CA", AUTHORITY, "-CAkey", "authority.key", "-days", "2")
    _openssl(
        folder, "req", "-x509", *_key("leaf.key"), *signed, "-subj", "/CN=feeds", "-out", "leaf.pem",
        "-addext", f"subjectAltName={names}", "-addext", "basicConstraints=critical,CA:FALSE",
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "leaf.pem", folder / "leaf.key")
    return context


def _key(name: str) -> tuple[str, ...]:
    return "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", name


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
