"""Every error of config.toml: its line, its subject and its words."""

from __future__ import annotations

import pytest
from faulty_configs import GOOD, changed, cut, problems

TOKEN = f"\n[[web.tokens]]\nname = 'a'\nsha256 = '{'0' * 64}'"


def test_the_good_file_is_good():
    assert problems(GOOD, warnings=True) == []


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        # keys
        ("[poll]\ntimout = '3s'", '2: poll.timout: unknown key; did you mean "timeout"?'),
        ("[pol]\n", '1: pol: unknown key; did you mean "poll"?'),
        ("[store]\nzzz = 1", "2: store.zzz: unknown key; there are: retention, store_full_text, url"),
        ("poll = 3", "1: poll: must be a table: write [poll]"),
        ("poll = [3]", "1: poll: must be a table: write [poll]"),
        # later versions
        ("[health]\nreceivers = ['dusk']", '2: health.receivers: no receiver is called "dusk"; …'),
        ("[health]\nschedule = 'immediate'", "2: health.schedule: what is urgent is told at once anyway; …"),
        ("[health]\nheartbeat_url = 'https://x.org'", "2: health.heartbeat_url: a secret must be …"),
        (
            "[health]\nheartbeat_url = 'env:HTTP_HOOK'",
            "2: health.heartbeat_url: env:HTTP_HOOK: what it points to is a plain http URL; …",
        ),
        (
            "[web]\nlisten = '[::1]:80'\nallowed_hosts = ['x']",
            "3: web.allowed_hosts: lets in who comes from elsewhere, and needs [[web.tokens]], to tell who asks: "
            "monitor web token NAME makes one",
        ),
        (
            "[web]\nlisten = '[::1]:80'\ntrusted_proxies = ['10.0.0.5']",
            "3: web.trusted_proxies: lets in who comes from elsewhere, and needs [[web.tokens]], …",
        ),
        *(
            (
                f"[web]\nlisten = '[::1]:80'\nallowed_hosts = ['{name}']{TOKEN}",
                f'3: web.allowed_hosts[0]: "{name}" is no host name; …',
            )
            for name in ("https://x.org", "x.org:80", "x.org/a", "*.x.org", "*", "", "a b", "x..org", "-x.org")
        ),
        (
            f"[web]\nlisten = '[::1]:80'\ntrusted_proxies = ['proxy.example']{TOKEN}",
            '3: web.trusted_proxies[0]: "proxy.example" is no IP address or network; write "10.0.0.5" or …',
        ),
        (
            f"[web]\nlisten = '[::1]:80'\ntrusted_proxies = ['10.0.0.5/24']{TOKEN}",
            '3: web.trusted_proxies[0]: "10.0.0.5/24" has bits behind its prefix; write "10.0.0.0/24"',
        ),
        *(
            (
                f"[web]\nlisten = '[::1]:80'\ntrusted_proxies = ['{every}']{TOKEN}",
                f'3: web.trusted_proxies[0]: "{every}" is every address there is: …',
            )
            for every in ("0.0.0.0/0", "::/0")
        ),
        ("[web]\nlisten = '[::1]:80'\ntokens = ['x']", "3: web.tokens[0]: must be a table: write [[web]]"),
        ("[web]\nlisten = '[::1]:80'\npublic_url = 'x'", '3: web.public_url: "x" is no http or https URL'),
        (
            "[web]\nlisten = '[::1]:80'\npublic_url = 'http://x.org'",
            '3: web.public_url: "http://x.org" is plain http, …',
        ),
        (
            "[web]\nlisten = '[::1]:80'\npublic_url = 'https://x.org/a?'",
            '3: web.public_url: "https://x.org/a?" must end with its path',
        ),
        (
            "[web]\nlisten = '[::1]:80'\npublic_url = 'https://bücher.example'",
            '3: web.public_url: "https://bücher.example" must be ASCII: …',
        ),
        (
            f"[web]\nlisten = '[::1]:80'\npublic_url = 'https://x.org/{'a' * 190}'",
            "3: web.public_url: is longer than 200 characters",
        ),
        ("[web]\npublic_url = 'https://x.org'", "1: web.listen: is missing"),
        ("[receivers.a]\nslack = {}", "2: receivers.a.slack: needs a webhook_url, or a token and a channel"),
        ("[receivers.a]\nslack = {to = '#press'}", "2: receivers.a.slack.to: has no token beside it; …"),
        ("[receivers.a]\nslack = {token = 'env:HOOK'}", "2: receivers.a.slack.token: has no channel beside it: …"),
        (
            "[receivers.a]\nslack = {token = 'env:HOOK', to = 'press'}",
            '2: receivers.a.slack.to: "press" is no channel of Slack; …',
        ),
        (
            "[receivers.a]\nslack = {token = 'env:HOOK', to = '#press', api_url = 'http://slack-gov.com/api'}",
            '2: receivers.a.slack.api_url: "http://slack-gov.com/api" is plain http; …',
        ),
        (
            "[receivers.a]\nslack = {token = 'env:HOOK', to = '#press', api_url = 'https://a.example/api?x=1'}",
            '2: receivers.a.slack.api_url: "https://a.example/api?x=1" must end with its path, …',
        ),
        (
            "[receivers.a]\nslack = {webhook_url = 'env:HOOK', api_url = 'https://slack-gov.com/api'}",
            "2: receivers.a.slack.api_url: is for a token; a webhook_url is an address of its own",
        ),
        (
            "[receivers.a]\nslack = {webhook_url = 'env:HOOK', token = 'env:HOOK', to = '#press'}",
            "2: receivers.a.slack: has a webhook_url and a token: one of the two is enough",
        ),
        ("[receivers.a]\napprise = {urls = ['ntfy://x']}", "2: receivers.a.apprise.urls[0]: a secret must be …"),
        (
            "[receivers.a]\napprise = {urls = ['env:PASSWORD']}",
            "2: receivers.a.apprise.urls[0]: env:PASSWORD: is no address of a service, …",
        ),
        # publishers and stories
        ("[publishers.x]\n", "1: publishers.x: needs domains or names"),
        ("[publishers.x]\ndomains = []", "2: publishers.x.domains: must not be empty"),
        ("[publishers.x]\ndomains = ['x']", '2: publishers.x.domains[0]: "x" is no domain such as example.org'),
        (
            "[publishers.x]\ndomains = ['http://m.Dawn.com/a']",
            '2: publishers.x.domains[0]: "http://m.Dawn.com/a" is no domain such as example.org; write "dawn.com"',
        ),
        (
            "[publishers.x]\ndomains = ['127.0.0.1']",
            '2: publishers.x.domains[0]: "127.0.0.1" is no domain such as …',
        ),
        ("[publishers.x]\ndomains = ['a.com', 'A.com']", '2: publishers.x.domains[1]: "A.com" is there twice'),
        (
            "[publishers.x]\ndomains = ['a.com']\n[publishers.y]\ndomains = ['a.com']",
            '4: publishers.y.domains[0]: "a.com" belongs to publishers.x already',
        ),
        (
            "[publishers.x]\nnames = ['Arab News', 'arab-news']",
            '2: publishers.x.names[1]: "arab-news" is there twice',
        ),
        (
            "[publishers.x]\nnames = ['Arab News']\n[publishers.y]\nnames = ['ARAB NEWS']",
            '4: publishers.y.names[0]: "ARAB NEWS" belongs to publishers.x already',
        ),
        ("[publishers.'a b']\ndomains = ['a.com']", '1: publishers."a b": "a b" is no name; …'),
        ("[stories]\nwindow = '8w'", '2: stories.window: "8w" is out of range; 1d to 30d is possible'),
        ("[stories]\nwindows = '7d'", '2: stories.windows: unknown key; did you mean "window"?'),
        (
            "[store]\nretention = '10d'\n[stories]\nwindow = '11d'",
            "4: stories.window: 11d is longer than store.retention (10d) keeps texts",
        ),
        ('[jobs]\nengine = "celery"\n', '2: jobs.engine: must be "in-process" or "procrastinate"'),
        (
            '[jobs]\nengine = "procrastinate"\n',
            '2: jobs.engine: "procrastinate" needs a PostgreSQL database in [store] url',
        ),
        # store
        (
            "[store]\nurl = 'mysql://x'",
            '2: store.url: must be "sqlite:///FILE" or "postgresql://USER@HOST/DATABASE"',
        ),
        ("[store]\nurl = 'sqlite:///:memory:'", '2: store.url: must be "sqlite:///FILE" or …'),
        ("[store]\nurl = 'sqlite:///'", "2: store.url: must be …"),
        ("[store]\nretention = '6d'", '2: store.retention: "6d" is out of range; 7d to 3660d is possible'),
        ("[store]\nretention = 400", '2: store.retention: must be a text in quotes, such as "15m"'),
        ("[store]\nstore_full_text = 'no'", "2: store.store_full_text: must be true or false"),
        ("[store]\nurl = 3", '2: store.url: must be a text in quotes, such as "sqlite:///monitor.db"'),
        (
            "[store]\nurl = 'postgresql://desk:battery-staple@db/monitor'",
            '2: store.url: a password in this file is refused; write url = "env:DATABASE_URL"',
        ),
        (
            "[store]\nurl = 'postgresql+psycopg2://db/monitor'",
            "2: store.url: PostgreSQL is reached by psycopg only: write postgresql://USER@HOST/DATABASE",
        ),
        (
            "[store]\nurl = 'postgresql://db'",
            "2: store.url: must name a host and a database: postgresql://USER@HOST/DATABASE",
        ),
        (
            "[[feeds]]\nurl = 'https://news.example/" + "x" * 2000 + "'",
            "2: feeds[0].url: is longer than 2,000 characters",
        ),
        ("[store]\nurl = 'env:NO'", "2: store.url: env:NO: the environment variable is not set"),
        # web
        ("[web]\n", "1: web.listen: is missing"),
        ("web = true", "1: web: must be a table: write [web]"),
        ("[web]\nlisten = 8080", '2: web.listen: must be a text in quotes, such as "127.0.0.1:8080"'),
        ("[web]\nlisten = '127.0.0.1:65536'", '2: web.listen: "127.0.0.1:65536" has no port from 0 to 65535'),
        (
            "[web]\nlisten = '0.0.0.0:8080'",
            '2: web.listen: "0.0.0.0:8080" can be reached from other machines, and needs [[web.tokens]], to tell '
            "who asks: monitor web token NAME makes one",
        ),
        ("[web]\nlisten = '[::]:8080'", '2: web.listen: "[::]:8080" can be reached from …'),
        ("[web]\nlisten = '192.168.1.5:8080'", '2: web.listen: "192.168.1.5:8080" can be reached from …'),
        ("[web]\nlisten = '[2001:db8::1]:80'", '2: web.listen: "[2001:db8::1]:80" can be reached from …'),
        ("[web]\nlisten = '0.0.0.0:80'\ntokens = []", '2: web.listen: "0.0.0.0:80" can be reached from …'),
        (
            "[web]\nlisten = '[::ffff:127.0.0.1]:80'",
            '2: web.listen: "[::ffff:127.0.0.1]:80" is an IPv4 address: write it as one',
        ),
        ("[web]\nlisten = '8080'", '2: web.listen: "8080" is no IP address and port; …'),
        ("[web]\nlisten = '127.0.0.1'", '2: web.listen: "127.0.0.1" is no IP address and port; …'),
        ("[web]\nlisten = 'example.org:80'", '2: web.listen: "example.org:80" is no IP address and port; …'),
        ("[web]\nlisten = '::1:8080'", '2: web.listen: "::1:8080" is no IP address and port; …'),
        ("[web]\nlisten = '127.1:80'", '2: web.listen: "127.1:80" is no IP address and port; …'),
        ("[web]\nlisten = '127.0.0.01:80'", '2: web.listen: "127.0.0.01:80" is no IP address and port; …'),
        (
            "[web]\nlisten = 'http://127.0.0.1:80'",
            '2: web.listen: "http://127.0.0.1:80" is no IP address and port; …',
        ),
        ("[web]\nlisten = '[::1%lo]:80'", '2: web.listen: "[::1%lo]:80" is no IP address and port; …'),
        # numbers, durations, sizes
        ("[poll]\ninterval = 15", '2: poll.interval: must be a text in quotes, such as "15m"'),
        (
            "[poll]\ninterval = '15 min'",
            '2: poll.interval: "15 min" is no duration; write a whole number and s, m, h or d, as in 15m',
        ),
        ("[poll]\ntimeout = '0'", '2: poll.timeout: "0" is out of range; 1s to 10m is possible'),
        ("[poll]\nmax_entry_age = '99999d'", '2: poll.max_entry_age: "99999d" is longer than ten years'),
        ("[poll]\nconcurrency = 1.5", "2: poll.concurrency: must be a whole number"),
        ("[poll]\nconcurrency = 0", "2: poll.concurrency: must be at least 1"),
        ("[poll]\nconcurrency = -1", "2: poll.concurrency: must be at least 1"),
        ("[poll]\nper_host = 1000", "2: poll.per_host: must be at most 64"),
        ("[poll]\nconcurrency = true", "2: poll.concurrency: must be a whole number"),
        ("[poll]\nmax_bytes = '10'", '2: poll.max_bytes: "10" is no size; write a whole number and KB, …'),
        ("[poll]\nmax_bytes = '0KB'", '2: poll.max_bytes: "0KB" is out of range; …'),
        ("[poll]\nallow_private_addresses = 'no'", "2: poll.allow_private_addresses: must be true or false"),
        ("[poll]\nuser_agent = 'x {y}'", '2: poll.user_agent: "x {y}": {version} is all that may stand in braces'),
        ('[poll]\nuser_agent = "a\\r\\nb: c"', '2: poll.user_agent: "a\\r\\nb: c" must be one line …'),
        # intervals
        ("[poll]\ninterval = '2h'", "2: poll.interval: interval (2h) is longer than max_interval (1h)"),
        ("[poll]\ninterval = '1m'", "2: poll.interval: interval (1m) is shorter than min_interval (5m)"),
        (
            "[poll]\nmin_interval = '2h'",
            "2: poll.min_interval: min_interval (2h) is longer than max_interval (1h)",
        ),
        (
            "[poll]\nmin_interval = '30s'",
            '2: poll.min_interval: "30s" is too often; a minute is the least',
        ),
        # rules, nlp
        ("[rules]\nfiles = []", "2: rules.files: must not be empty"),
        ("[rules]\nfiles = 'rules/*.toml'", "2: rules.files: must be a list"),
        ("[rules]\nfiles = ['~/rules/*.toml']", '2: rules.files[0]: "~/rules/*.toml": "~" is not expanded …'),
        ("[nlp]\nmodel = 3", "2: nlp.model: must be a text"),
        # receivers
        (
            "[receivers.x]\n",
            "1: receivers.x: has no channel; give it one of: apprise, email, file, slack, stdout, webhook",
        ),
        ("[receivers]\nx = 3", "2: receivers.x: must be a table: write [receivers.x]"),
        (
            "[receivers.'a b']\nstdout = {}",
            '1: receivers."a b": "a b" is no name; letters, digits, ".", "-" and "_" make one, 64 at most',
        ),
        (
            "[receivers.x]\nemail = 'a@example.org'",
            '2: receivers.x.email: must be a list: email = ["desk@example.org"]',
        ),
        ("[receivers.x]\nemail = []", "2: receivers.x.email: must not be empty"),
        (
            "[receivers.x]\nemail = ['a@b.org',\n'desk']",
            '3: receivers.x.email[1]: "desk" is no e-mail address',
        ),
        (
            "[receivers.x]\nemail = ['a@b.org', 'A@b.org']",
            '2: receivers.x.email[1]: "A@b.org" is there twice',
        ),
        ("[receivers.x]\nstdout = true", "2: receivers.x.stdout: must be a table in braces"),
        ("[receivers.x]\nfile = {}", "2: receivers.x.file.directory: is missing"),
        (
            "[receivers.x]\nfile = { directory = 'd', format = 'pdf' }",
            '2: receivers.x.file.format: must be "json", "html" or "text"',
        ),
        (
            "[receivers.x]\nslack = { webhook_url = 'env:HOOK', token = 'env:HOOK' }",
            "2: receivers.x.slack: has a webhook_url and a token: …",
        ),
        ("[receivers.x]\nwebhook = true", "2: receivers.x.webhook: must be a table in braces"),
        (
            "[receivers.x]\nwebhook = { url = 'https://siem.example/battery-staple' }",
            "2: receivers.x.webhook.secret: is missing",
        ),
        ("[receivers.x]\nwebhook = { secret = 'env:SIGNING' }", "2: receivers.x.webhook.url: is missing"),
        *(
            (
                f"[receivers.x]\nwebhook = {{ url = '{url}', secret = 'env:SIGNING' }}",
                f"2: receivers.x.webhook.url: {why}",
            )
            for url, why in (
                ("siem.example/battery-staple", "is no https URL"),
                ("", "is no https URL"),
                ("https://[siem.example/", "is no https URL"),
                ("ftp://siem.example/", "is no https URL"),
                ("http://siem.example/battery-staple", "is a plain http URL; only https keeps it secret"),
                ("https://desk:battery-staple@siem.example/", "is a URL with a user name or a password in it, …"),
                ("https://battery-staple@siem.example/", "is a URL with a user name or a password in it, …"),
                ("env:PASSWORD", "env:PASSWORD: what it points to is no https URL"),
                ("env:HTTP_HOOK", "env:HTTP_HOOK: what it points to is a plain http URL; …"),
                ("env:USER_HOOK", "env:USER_HOOK: what it points to is a URL with a user name or …"),
                ("env:EMPTY", "env:EMPTY: is empty"),
                ("env:NO", "env:NO: the environment variable is not set"),
            )
        ),
        ("[receivers.x]\nwebhook = { url = 3, secret = 'env:SIGNING' }", "2: receivers.x.webhook.url: must be …"),
        *(
            (
                f"[receivers.x]\nwebhook = {{ url = 'env:HOOK', secret = '{secret}' }}",
                f"2: receivers.x.webhook.secret: {why}",
            )
            for secret, why in (
                ("whsec_battery-staple", "a secret must be env:NAME, file:PATH or credential:NAME; …"),
                (
                    "env:PASSWORD",
                    'env:PASSWORD: what it points to is no signing secret: it does not begin with "whsec_"',
                ),
                (
                    "env:SHORT_SIGNING",
                    "env:SHORT_SIGNING: what it points to is no signing secret: its key has 6 bytes, …",
                ),
            )
        ),
        ("[receivers.x]\napprise = { urls = [] }", "2: receivers.x.apprise.urls: must not be empty"),
        ("[receivers.x]\nemial = []", '2: receivers.x.emial: unknown key; did you mean "email"?'),
        (
            "[receivers.x.slack]\nwebhook_url = 'https://hooks.slack.com/x'",
            "2: receivers.x.slack.webhook_url: a secret must be env:NAME, file:PATH or credential:NAME; …",
        ),
        (
            "[receivers.x]\nslack = { webhook_url = 'env:HTTP_HOOK' }",
            "2: receivers.x.slack.webhook_url: env:HTTP_HOOK: what it points to is a plain http URL; …",
        ),
        (
            "[receivers.x]\nslack = { webhook_url = 'env:PASSWORD' }",
            "2: receivers.x.slack.webhook_url: env:PASSWORD: what it points to is no https URL",
        ),
        (
            "[receivers.x]\nslack = { webhook_url = 'env:EMPTY' }",
            "2: receivers.x.slack.webhook_url: env:EMPTY: is empty",
        ),
        (
            "[receivers.x]\nslack = { webhook_url = 'env:' }",
            '2: receivers.x.slack.webhook_url: "env:" names nothing',
        ),
        (
            "[receivers.x]\nslack = { webhook_url = 3 }",
            "2: receivers.x.slack.webhook_url: must be a text: env:NAME, …",
        ),
    ],
)
def test_a_fault_is_told_with_its_line_and_in_plain_words(extra: str, expected: str):
    found = problems(f"{extra}\n{GOOD}")
    assert [cut(line, expected) for line in found] == [expected.removesuffix("…")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1\nb = = 2\n", "2: not valid TOML: Invalid value (column 5)"),
        ("a = 1\na = 2\n", "2: not valid TOML: Cannot overwrite a value (column 6)"),
        (
            "[receivers.a]\nstdout = {}\n[receivers.a]\n",
            "3: not valid TOML: Cannot declare ('receivers', 'a') twice (column 13)",
        ),
        ('\n\na = """\n', "3: not valid TOML: Unterminated string at the end of the file"),
        ("a = " + "9" * 5000, " not valid TOML: a number or date is out of range"),
        ("a = " + "[" * 5000, " is nested too deeply"),
    ],
)
def test_broken_toml_is_one_problem_with_its_line(text: str, expected: str):
    assert problems(text) == [expected]


def test_all_errors_of_a_file_come_in_one_run_in_its_order():
    text = """\
[poll]
timout = "3s"
concurrency = "many"
[[feeds]]
url = "https://example.org/feed"
intervall = "5m"
[[feeds]]
url = "https://example.org/feed"
[smtp]
host = "mail.example.org"
security = "ssl"
[receivers.desk]
email = ["desk"]
[[digests]]
name = "one"
rules = []
to = ["desc"]
schedule = "0 25 * * *"
timezone = "Asia/Kabool"
quiet_hours = "22:00-6"
"""
    lines = [line.split(":")[0] for line in problems(text)]
    assert lines == ["2", "3", "6", "8", "9", "11", "13", "16", "17", "18", "19", "20"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD.split("[smtp]")[1].join(["[smtp]", ""]), [" warning: no [[feeds]]: nothing will be polled"]),
        (
            changed('Kabul"', 'Kabul"\nquiet_hours = "22:00-09:00"'),
            [
                '17: warning: digests[0].schedule: "0 8 * * *" is always within the quiet hours, '
                "so the digest comes at 09:00"
            ],
        ),
        (changed('Kabul"', 'Kabul"\nquiet_hours = "22:00-08:00"'), []),
        (GOOD.split("[[digests]]")[0], [" warning: no [[digests]]: nothing will be sent"]),
        (
            GOOD.replace('/feed"', '/feed"\nbackfill = "30d"'),
            [
                "3: warning: feeds[0].backfill: 30d reaches further back than poll.max_entry_age (7d), and "
                "older entries are stored without an alert"
            ],
        ),
        (
            GOOD.replace('timezone = "Asia/Kabul"', ""),
            [
                "17: warning: digests[0].schedule: no timezone is set, so this is UTC; "
                'write timezone = "UTC" if it is meant'
            ],
        ),
    ],
)
def test_what_is_only_odd_is_a_warning(text: str, expected: list[str]):
    assert problems(text, warnings=True) == expected


def test_a_long_value_is_cut_and_control_characters_are_escaped():
    (line,) = problems(changed("Asia/Kabul", "\\u001b[2J" + "x" * 500))
    assert len(line) < 150
    assert "\x1b" not in line


def test_a_secret_that_is_missing_hides_no_other_that_is_wrong():
    text = GOOD + "[receivers.x]\napprise = { urls = ['env:MISSING', 'env:PASSWORD'] }\n"
    assert problems(text) == [
        "20: receivers.x.apprise.urls[0]: env:MISSING: the environment variable is not set",
        "20: receivers.x.apprise.urls[1]: env:PASSWORD: is no address of a service, such as "
        '"ntfys://server/topic"',
    ]


def test_a_heartbeat_may_be_plain_http_to_this_machine():
    text = GOOD + "[health]\nheartbeat_url = 'env:LOCAL'\n"
    assert problems(text) == []


def test_intervals_under_a_minute_are_for_private_addresses_only():
    text = "[poll]\nallow_private_addresses = true\ninterval = '1s'\nmin_interval = '1s'\n" + GOOD
    assert problems(text) == []
