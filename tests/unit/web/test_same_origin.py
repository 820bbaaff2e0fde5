"""Who may have something changed: a page of ours, or a program with a token, and nobody else's page."""

from __future__ import annotations

import pytest

from monitor.web.site.same_origin import REFUSED, Verdict, judge

HOST = {"host": "127.0.0.1:8080"}
TABLE = [
    ("GET", {"sec-fetch-site": "cross-site"}, Verdict.SAFE_METHOD),
    ("HEAD", {}, Verdict.SAFE_METHOD),
    ("POST", {"sec-fetch-site": "same-origin"}, Verdict.OWN_PAGE),
    ("POST", {"sec-fetch-site": "same-origin", "origin": "null"}, Verdict.OWN_PAGE),
    ("POST", {"sec-fetch-site": "same-site"}, Verdict.FOREIGN_PAGE),
    ("POST", {"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8080"}, Verdict.FOREIGN_PAGE),
    ("POST", {"sec-fetch-site": "none"}, Verdict.FOREIGN_PAGE),
    ("POST", {"origin": "http://127.0.0.1:8080"}, Verdict.OWN_PAGE),
    ("POST", {"origin": "http://127.0.0.1:8081"}, Verdict.FOREIGN_PAGE),
    ("POST", {"origin": "https://127.0.0.1:8080"}, Verdict.FOREIGN_PAGE),
    ("POST", {"origin": "https://evil.example"}, Verdict.FOREIGN_PAGE),
    ("POST", {"origin": "null"}, Verdict.FOREIGN_PAGE),
    ("POST", {"origin": ""}, Verdict.FOREIGN_PAGE),
    ("POST", {}, Verdict.UNKNOWN_PAGE),
    ("DELETE", {}, Verdict.UNKNOWN_PAGE),
    ("BREW", {}, Verdict.UNKNOWN_PAGE),
    ("POST", {"authorization": "Bearer x", "sec-fetch-site": "cross-site"}, Verdict.NO_BROWSER),
    ("POST", {"authorization": "Basic eDp5", "sec-fetch-site": "cross-site"}, Verdict.FOREIGN_PAGE),
]


@pytest.mark.parametrize(("method", "headers", "verdict"), TABLE)
def test_what_a_browser_says_of_a_request_decides(method: str, headers: dict[str, str], verdict: Verdict) -> None:
    assert judge(method, "http", HOST | headers) is verdict


def test_only_pages_of_others_and_of_nobody_are_refused() -> None:
    assert {Verdict.FOREIGN_PAGE, Verdict.UNKNOWN_PAGE} == REFUSED
