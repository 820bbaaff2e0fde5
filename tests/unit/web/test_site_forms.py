"""How forms with files are read, and what is no form."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

OWN = {"sec-fetch-site": "same-origin"}
HEAD = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n'


def send(site: TestClient, body: bytes, kind: str = "multipart/form-data; boundary=x") -> int:
    return site.post("/feeds/import", content=body, headers=OWN | {"content-type": kind}).status_code


def test_a_form_with_files_is_read(site: TestClient) -> None:
    field = HEAD % b"text" + b"<opml><body/></opml>\r\n"
    assert send(site, field + b"--x--\r\n") == 200
    assert send(site, field + b"--x--\r\n", 'multipart/form-data; boundary="x"') == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x--",
        b"nothing",
        HEAD % b"text" + b"not closed",
        HEAD % b"text" + b"\xff\r\n--x--",
        HEAD % b"text" + b"a\0b\r\n--x--",
        HEAD % b"\xff" + b"a\r\n--x--",
        b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--",
        (HEAD % b"text" + b"\r\n") * 1_000 + b"--x--",
    ],
)
def test_what_is_no_form_with_files_is_refused(site: TestClient, body: bytes) -> None:
    assert send(site, body) in (400, 422)


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed"])
def test_a_form_with_files_names_what_stands_between_them(site: TestClient, kind: str) -> None:
    assert send(site, HEAD % b"text" + b"a\r\n--x--", kind) in (400, 415)


def test_only_lists_may_be_large(site: TestClient) -> None:
    large = HEAD % b"text" + b"x" * 2_000_000 + b"\r\n--x--\r\n"
    assert send(site, large) == 422  # read, and no list
    answer = site.post(
        "/silences", content=large, headers=OWN | {"content-type": "multipart/form-data; boundary=x"}
    )
    assert answer.status_code == 413
    assert send(site, HEAD % b"text" + b"x" * 8_000_000 + b"\r\n--x--\r\n") == 413
