"""`headers`, `auth`, `proxy` and `verify_tls` of `[[feeds]]`: what they become, and what is said of wrong ones."""

from __future__ import annotations

import traceback

import pytest

from monitor.config import Settings, Ways, load_config, read_subscription
from monitor.config.shape import NOT_LOOKED_UP
from monitor.model.access import PLAIN_ACCESS, FeedAccess
from monitor.model.errors import ConfigInvalid, SecretUnavailable
from monitor.model.problem import Gravity

URL = "https://wire.example/feed"
SECRETS = {
    "env:PASSWORD": "battery:staple",
    "env:TOKEN": "abc.DEF-123",
    "env:KEY": "battery-staple",
    "env:PROXY": "http://desk:battery-staple@proxy.example:3128",
    "env:TWO_LINES": "battery\nstaple",
    "env:NO_ASCII": "battery stäple",
    "env:SPACED": "battery staple",
    "env:LONG": f"socks5://desk:{'battery-staple' * 20}@proxy.example",
    "env:FTP": "ftp://desk:battery-staple@proxy.example",
}


def resolve(reference: str) -> str:
    if reference not in SECRETS:
        raise SecretUnavailable(reference, "the environment variable is not set")
    return SECRETS[reference]


def load(lines: str, url: str = URL) -> Settings:
    return load_config(f'[[feeds]]\nurl = "{url}"\n{lines}', "c", directory="/srv", secrets=resolve)


def access(lines: str) -> FeedAccess:
    return load(lines).access[URL]


def problems(lines: str, url: str = URL) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        load(lines, url)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert "staple" not in told
    found = caught.value.problems
    return [str(one).removeprefix("c:") for one in found if one.gravity is Gravity.ERROR]


def warnings(lines: str, url: str = URL) -> list[str]:
    return [str(one).removeprefix("c:") for one in load(lines, url).warnings if "[[digests]]" not in str(one)]


def test_a_feed_without_them_is_reached_as_all_others():
    assert load("verify_tls = true\nheaders = {}").access == {}


@pytest.mark.parametrize(
    ("lines", "authorization"),
    [
        ('auth = { username = "desk", password = "env:PASSWORD" }', "Basic ZGVzazpiYXR0ZXJ5OnN0YXBsZQ=="),
        ('auth = { token = "env:TOKEN" }', "Bearer abc.DEF-123"),
    ],
)
def test_a_login_and_a_token_become_the_header_of_their_scheme(lines: str, authorization: str):
    assert access(lines) == FeedAccess(home=URL, authorization=authorization)


def test_headers_are_sent_as_they_are_and_a_secret_one_is_a_reference():
    found = access('headers = { X-Api-Key = "env:KEY", Accept-Language = "ur, en;q=0.5" }')
    assert found.headers == (("X-Api-Key", "battery-staple"), ("Accept-Language", "ur, en;q=0.5"))


@pytest.mark.parametrize("proxy", ["http://proxy.example:3128", "https://proxy.example/", "socks5://[::1]:9050"])
def test_a_proxy_without_a_login_may_stand_in_the_file(proxy: str):
    assert access(f'proxy = "{proxy}"').proxy == proxy


def test_a_proxy_with_a_login_is_a_reference():
    assert access('proxy = "env:PROXY"').proxy == SECRETS["env:PROXY"]


def test_nothing_of_it_shows_in_settings():
    settings = load('headers = { X-Key = "env:KEY" }\nauth = { token = "env:TOKEN" }\nproxy = "env:PROXY"')
    shown = f"{settings!r} {settings.feeds!r} {settings.access!r}"
    assert not any(secret in shown for secret in ("staple", "abc.DEF", "proxy.example"))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("headers = 1", ["3: feeds[0].headers: must be a table in braces"]),
        ("auth = 1", ["3: feeds[0].auth: must be a table in braces"]),
        ("proxy = 1", ["3: feeds[0].proxy: must be a text: env:NAME, file:PATH or credential:NAME"]),
        ("verify_tls = 1", ["3: feeds[0].verify_tls: must be true or false"]),
        # literal secrets
        (
            'auth = { username = "desk", password = "battery-staple" }',
            ["3: feeds[0].auth.password: a secret must be env:NAME, file:PATH or credential:NAME; …"],
        ),
        (
            'auth = { token = "battery-staple" }',
            ["3: feeds[0].auth.token: a secret must be env:NAME, file:PATH or credential:NAME; …"],
        ),
        *(
            (
                f'headers = {{ {name} = "battery-staple" }}',
                [f'3: feeds[0].headers.{name}: "{name}" may be a secret: write env:NAME, file:PATH or …'],
            )
            for name in ("X-Api-Key", "cookie", "Authorization", "X-AUTH", "Session", "X-Access-Token")
        ),
        (
            'proxy = "http://desk:battery-staple@p.example"',
            ["3: feeds[0].proxy: a login in this file is refused; …"],
        ),
        ('proxy = "http://battery-staple@p.example"', ["3: feeds[0].proxy: a login in this file is refused; …"]),
        # what they point to
        (
            'auth = { token = "env:NONE" }',
            ["3: feeds[0].auth.token: env:NONE: the environment variable is not set"],
        ),
        (
            'auth = { token = "env:SPACED" }',
            ["3: feeds[0].auth.token: env:SPACED: what it points to is no token: …"],
        ),
        (
            'headers = { X-Key = "env:TWO_LINES" }',
            ["3: feeds[0].headers.X-Key: env:TWO_LINES: what it points to must be visible ASCII on one line, …"],
        ),
        (
            'headers = { X-Key = "env:NO_ASCII" }',
            ["3: feeds[0].headers.X-Key: env:NO_ASCII: what it points to must be visible ASCII on one line, …"],
        ),
        (
            'proxy = "env:FTP"',
            ["3: feeds[0].proxy: env:FTP: what it points to is no address of a proxy, such as …"],
        ),
        (
            'proxy = "env:LONG"',
            ["3: feeds[0].proxy: env:LONG: what it points to has a login too long for SOCKS5: …"],
        ),
        # both, or half
        (
            'auth = { token = "env:TOKEN", username = "desk", password = "env:PASSWORD" }',
            ["3: feeds[0].auth: has a token and a login: one of the two is enough"],
        ),
        ('auth = { username = "desk" }', ["3: feeds[0].auth.username: has no password beside it"]),
        ('auth = { password = "env:PASSWORD" }', ["3: feeds[0].auth.password: has no username beside it"]),
        ("auth = {}", ["3: feeds[0].auth: needs a token, or a username and a password"]),
        (
            'auth = { username = "de:sk", password = "env:PASSWORD" }',
            ['3: feeds[0].auth.username: "de:sk": a user name has no colon'],
        ),
        (
            'auth = { user = "desk", password = "env:PASSWORD" }',
            [
                '3: feeds[0].auth.user: unknown key; did you mean "username"?',
                "3: feeds[0].auth.password: has no username beside it",
            ],
        ),
        (
            'auth = { token = "env:TOKEN" }\nheaders = { authorization = "env:KEY" }',
            ["3: feeds[0].auth: there is a header Authorization too: one of the two is enough"],
        ),
        # headers that are the monitor's own
        *(
            (f'headers = {{ {name} = "x" }}', [f"3: feeds[0].headers.{name}: is the monitor's own to send"])
            for name in ("Host", "transfer-encoding", "Range", "If-None-Match", "Accept-Encoding", "Connection")
        ),
        (
            'headers = { User-Agent = "curl" }',
            ["3: feeds[0].headers.User-Agent: every server is told the same: set poll.user_agent"],
        ),
        (
            'headers = { "X Y" = "x" }',
            ['3: feeds[0].headers."X Y": "X Y" is no name of a header'],
        ),
        (
            'headers = { X-Lang = "a", x-lang = "b" }',
            ["3: feeds[0].headers.x-lang: is there twice"],
        ),
        (
            'headers = { X-Lang = "a\\r\\nX-Evil: 1" }',
            ["3: feeds[0].headers.X-Lang: must be visible ASCII on one line, without spaces around it: …"],
        ),
        (
            "headers = { " + ", ".join(f'X-{n} = "a"' for n in range(21)) + " }",
            ["3: feeds[0].headers: more than 20 are not sent"],
        ),
        # proxies
        *(
            (f'proxy = "{proxy}"', ["3: feeds[0].proxy: is no address of a proxy…"])
            for proxy in (
                "proxy.example:3128",
                "socks4://p",
                "http://",
                "http://p:0",
                "http://p:x",
                "http://p/x?y",
            )
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_without_the_secret(lines: str, expected: list[str]):
    found = problems(lines)
    assert len(found) == len(expected), found
    for said, want in zip(found, expected, strict=True):
        assert said == want or (want.endswith("…") and said.startswith(want[:-1])), said


def test_certificates_that_are_not_checked_are_warned_of():
    assert warnings("verify_tls = false") == [
        "3: warning: feeds[0].verify_tls: certificates are not checked: whoever is on the way can read and change "
        "what this feed says"
    ]


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ('auth = { token = "env:TOKEN" }', "auth"),
        ('headers = { X-Api-Key = "env:KEY" }', "headers"),
    ],
)
def test_a_secret_over_plain_http_is_warned_of(lines: str, key: str):
    assert warnings(lines, "http://wire.example/feed") == [
        f"3: warning: feeds[0].{key}: is sent in clear over the network, since the url is plain http; write https"
    ]
    assert warnings(lines) == warnings(lines, "http://127.0.0.1/feed") == []


def test_a_header_that_is_no_secret_may_go_in_clear():
    assert warnings('headers = { Accept-Language = "ur" }', "http://wire.example/feed") == []


def test_secrets_that_are_not_looked_up_have_every_form_that_is_asked_for():
    lines = 'headers = { X-Key = "env:A" }\nauth = { token = "env:B" }\nproxy = "env:C"\n'
    text = f'[[feeds]]\nurl = "{URL}"\n{lines}'
    assert load_config(text, "c", directory="/srv", secrets=lambda _: NOT_LOOKED_UP).access


# ---- who only asks

SEVERAL = """
[store]
url = "env:STORE"
[[feeds]]
url = "https://wire.example/feed"
auth = { token = "env:WIRE" }
[[feeds]]
url = "https://agency.example/one"
auth = { token = "env:ONE" }
[[feeds]]
url = "https://agency.example/two"
auth = { token = "env:TWO" }
[[feeds]]
url = "https://mixed.example/secret"
headers = { X-Key = "env:MIXED" }
[[feeds]]
url = "https://mixed.example/open"
[[feeds]]
url = "https://intranet.example/a"
proxy = "http://proxy.example:3128"
[[feeds]]
url = "https://intranet.example/b"
proxy = "http://proxy.example:3128"
"""


def ways(asked: list[str] | None = None, missing: str = "") -> Ways:
    def secrets(reference: str) -> str:
        (asked if asked is not None else []).append(reference)
        if reference == missing:
            raise SecretUnavailable(reference, "the environment variable is not set")
        return "sqlite:///x.db" if reference == "env:STORE" else f"secret-of-{reference.removeprefix('env:')}"

    return Ways(SEVERAL, "c.toml", directory="/srv", secrets=secrets)


@pytest.mark.parametrize(
    ("url", "authorization"),
    [
        ("https://wire.example/feed", "Bearer secret-of-WIRE"),
        ("HTTPS://Wire.Example:443/feed#top", "Bearer secret-of-WIRE"),
        ("https://wire.example/page/7", "Bearer secret-of-WIRE"),  # a page of the feed's own host
        ("https://agency.example/two", "Bearer secret-of-TWO"),
    ],
)
def test_an_address_is_reached_as_its_feed_is_or_as_the_feeds_of_its_origin_are(url: str, authorization: str):
    assert ways().to(url).authorization == authorization


@pytest.mark.parametrize(
    "url",
    [
        "http://wire.example/feed",
        "https://wire.example:8443/feed",
        "https://www.wire.example/feed",
        "https://wire.example.evil.test/feed",
        "https://evil.test/feed?https://wire.example/feed",
        "https://agency.example/three",  # two ways: which one is nobody's to guess
        "https://mixed.example/page",
        "https://mixed.example/open",
        "not a url",
        "",
        "https://[half/",
    ],
)
def test_everything_else_is_reached_as_all_others_and_no_secret_is_looked_up(url: str):
    asked: list[str] = []
    assert ways(asked).to(url) == PLAIN_ACCESS
    assert not asked


def test_a_way_that_needs_no_secret_is_taken_too():
    assert ways().to("https://intranet.example/page").proxy == "http://proxy.example:3128"


def test_of_all_secrets_only_those_of_the_feed_and_the_store_are_looked_up():
    asked: list[str] = []
    ways(asked).to("https://wire.example/feed")
    assert set(asked) == {"env:STORE", "env:WIRE"}


def test_a_secret_that_is_not_there_is_said_with_its_place_and_never_made_up():
    with pytest.raises(ConfigInvalid, match=r"c.toml:6: feeds.0..auth.token: env:WIRE: .* is not set"):
        ways(missing="env:WIRE").to("https://wire.example/feed")
    assert ways(missing="env:WIRE").to("https://agency.example/one").authorization == "Bearer secret-of-ONE"


@pytest.mark.parametrize("key", ["headers", "auth", "proxy", "verify_tls"])
def test_a_feed_of_the_store_has_none_of_them(key: str):
    with pytest.raises(ValueError, match=f"{key}: is not possible here"):
        read_subscription({"url": URL, key: False}, allow_private_addresses=False)
