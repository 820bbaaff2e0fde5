"""One change of a good config.toml, and all that is said of it."""

from __future__ import annotations

import pytest
from faulty_configs import changed, cut, problems


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # feeds
        ('url = "https://example.org/feed"', "", ["1: feeds[0].url: is missing"]),
        ('url = "https://example.org/feed"', "url = 3", ["2: feeds[0].url: must be a text"]),
        (
            "https://example.org/feed",
            "example.org/feed",
            ['2: feeds[0].url: "example.org/feed" is no http or https URL'],
        ),
        ("https://example.org/feed", "https://", ['2: feeds[0].url: "https://" is no URL that can be fetched']),
        (
            "https://example.org/feed",
            "https://desk:battery-staple@example.org/feed",
            ["2: feeds[0].url: a URL with a user name or a password in it is refused"],
        ),
        ('/feed"', '/feed"\ntags = ["a b"]', ['3: feeds[0].tags[0]: "a b" must be one word']),
        ('/feed"', '/feed"\ntags = "a"', ["3: feeds[0].tags: must be a list"]),
        ('/feed"', '/feed"\nname = " "', ["3: feeds[0].name: must not be empty"]),
        ('/feed"', '/feed"\nfull_text = 1', ["3: feeds[0].full_text: must be true or false"]),
        (
            '/feed"',
            '/feed"\ninterval = "59s"',
            ['3: feeds[0].interval: "59s" is too often; a minute is the least'],
        ),
        (
            '/feed"',
            '/feed"\n[[feeds]]\nurl = "https://EXAMPLE.org:443/feed#top"',
            ["4: feeds[1].url: the same feed as feeds[0] in line 2"],
        ),
        ("[[feeds]]", "[feeds]", ["1: feeds: must be a list of tables: write [[feeds]]"]),
        # smtp
        ('host = "mail.example.org"', "", ["4: smtp.host: is missing"]),
        ('from = "Desk <desk@example.org>"', "", ["4: smtp.from: is missing"]),
        ("Desk <desk@example.org>", "desk", ['6: smtp.from: "desk" is no e-mail address']),
        (
            "Desk <desk@example.org>",
            "Desk, night <desk@example.org>",
            ['6: smtp.from: "Desk, night <desk@example.org>" is no sender; …'],
        ),
        ('.org>"', '.org>"\nport = 70000', ["7: smtp.port: must be at most 65535"]),
        ('.org>"', '.org>"\nport = "587"', ["7: smtp.port: must be a whole number"]),
        ('.org>"', '.org>"\nsecurity = "ssl"', ['7: smtp.security: must be "none", "starttls" or "tls"']),
        ('.org>"', '.org>"\nusername = "desk"', ["7: smtp.username: has no password beside it"]),
        ('.org>"', '.org>"\npassword = "env:PASSWORD"', ["7: smtp.password: has no username beside it"]),
        (
            '.org>"',
            '.org>"\nusername = "desk"\npassword = "env:PASSWORD"\nsecurity = "none"',
            ['9: smtp.security: "none" would send the password in clear over the network; use starttls or tls'],
        ),
        (
            '.org>"',
            '.org>"\nusername = "desk"\npassword = "battery-staple"',
            ["8: smtp.password: a secret must be env:NAME, file:PATH or credential:NAME; …"],
        ),
        (
            '.org>"',
            '.org>"\nusername = "desk"\npassword = "env:NO"',
            ["8: smtp.password: env:NO: the environment variable is not set"],
        ),
        (
            '[smtp]\nhost = "mail.example.org"\nfrom = "Desk <desk@example.org>"\n',
            "",
            ["6: receivers.desk.email: e-mail needs an [smtp] table with host and from"],
        ),
        # digests
        ('name = "one"', "", ["13: digests[0].name: is missing"]),
        (
            '"one"',
            '"a/b"',
            ['14: digests[0].name: "a/b" is no name; letters, digits, ".", "-" and "_" make one, 64 at most'],
        ),
        ('rules = ["*"]', "rules = []", ["15: digests[0].rules: must not be empty"]),
        ('rules = ["*"]', 'rules = "*"', ['15: digests[0].rules: must be a list: rules = ["torkham-*"]']),
        ('rules = ["*"]', 'rules = [" "]', ["15: digests[0].rules[0]: must not be empty"]),
        ('to = ["desk"]', "to = []", ["16: digests[0].to: must not be empty"]),
        ('to = ["desk"]', 'to = "desk"', ['16: digests[0].to: must be a list: to = ["desk"]']),
        (
            'to = ["desk"]',
            'to = [\n"desk",\n"desc"]',
            ['18: digests[0].to: no receiver is called "desc"; there are: desk, ops'],
        ),
        ('to = ["desk"]', 'to = ["desk", "desk"]', ['16: digests[0].to[1]: "desk" is there twice']),
        ('schedule = "0 8 * * *"', "", ["13: digests[0].schedule: is missing"]),
        (
            "0 8 * * *",
            "0 25 * * *",
            ['17: digests[0].schedule: "0 25 * * *" is no cron time: its hour is "25", possible is 0-23'],
        ),
        (
            "0 8 * * *",
            "0 8 30 2 *",
            ['17: digests[0].schedule: "0 8 30 2 *" never comes: no month 2 has a day 30'],
        ),
        (
            "0 8 * * *",
            "0 0 8 * * *",
            [
                '17: digests[0].schedule: "0 0 8 * * *" is no cron time: it has 6 fields, and cron has five '
                "(minute, hour, day of the month, month, day of the week)"
            ],
        ),
        (
            "0 8 * * *",
            "imediate",
            [
                '17: digests[0].schedule: "imediate" is no schedule; did you mean "immediate"?; write a cron '
                'time ("0 8 * * *"), "every 30m" or "immediate"'
            ],
        ),
        ("0 8 * * *", "every 10s", ['17: digests[0].schedule: "every 10s" is too often; a minute is the least']),
        (
            "0 8 * * *",
            "every hour",
            ['17: digests[0].schedule: "hour" is no duration; write a whole number and s, m, h or d, as in 15m'],
        ),
        (
            "Asia/Kabul",
            "Asia/Kabool",
            ['18: digests[0].timezone: "Asia/Kabool" is no IANA time zone; did you mean "Asia/Kabul"?'],
        ),
        ('Kabul"', 'Kabul"\nmax_stories = 0', ["19: digests[0].max_stories: must be at least 1"]),
        (
            'Kabul"',
            'Kabul"\ngroup_wait = "30s"',
            ['19: digests[0].group_wait: is for schedule = "immediate" only'],
        ),
        (
            '"0 8 * * *"',
            '"immediate"\nsend_when_empty = true',
            ["18: digests[0].send_when_empty: an immediate digest has no window that could be empty"],
        ),
        (
            'Kabul"',
            'Kabul"\n[[digests]]\nname = "One"\nrules = ["x"]\nto = ["ops"]\nschedule = "immediate"',
            ['20: digests[1].name: "One" is the name of digests[0] in line 14 too'],
        ),
        (
            'Kabul"',
            'Kabul"\nquiet_hours = "22:00"',
            ['19: digests[0].quiet_hours: "22:00" is no span of a day; write "22:00-06:00"'],
        ),
        ('Kabul"', 'Kabul"\nquiet_hours = "22:00-25:00"', ["19: digests[0].quiet_hours: …"]),
        ('Kabul"', 'Kabul"\nquiet_hours = "06:00-06:00"', ["19: digests[0].quiet_hours: …"]),
        ('Kabul"', 'Kabul"\npause = ["2026-02-30"]', ['19: digests[0].pause[0]: "2026-02-30" is no day; …']),
        (
            'Kabul"',
            'Kabul"\npause = ["2027-01-02/2026-12-24"]',
            ['19: digests[0].pause[0]: "2027-01-02/2026-12-24" ends before it begins'],
        ),
        (
            'Kabul"',
            'Kabul"\nalready_sent = "some"',
            ['19: digests[0].already_sent: must be "brief", "full" or "skip"'],
        ),
        (
            'Kabul"',
            'Kabul"\nquiet_override = "highest"',
            ['19: digests[0].quiet_override: must be "low", "normal" or "high"'],
        ),
        (
            'name = "one"',
            'name = "Health"',
            ['14: digests[0].name: "Health" is the name of the monitor\'s own messages'],
        ),
        ('Kabul"', 'Kabul"\nupdates = "some"', ['19: digests[0].updates: must be "material", "all" or "none"']),
        (
            'Kabul"',
            'Kabul"\nmin_publisher = 2',
            ['19: digests[0].min_publisher: unknown key; did you mean "min_publishers"?'],
        ),
        ('Kabul"', 'Kabul"\nmin_publishers = 0', ["19: digests[0].min_publishers: must be at least 1"]),
        (
            'Kabul"',
            'Kabul"\nrepeat_after = "1m"',
            ['19: digests[0].repeat_after: "1m" is out of range; 10m to 366d is possible'],
        ),
        (
            "[[digests]]",
            "[[digests]]\nscedule = 'x'",
            ['14: digests[0].scedule: unknown key; did you mean "schedule"?'],
        ),
    ],
)
def test_a_change_of_the_good_file_is_told(old: str, new: str, expected: list[str]):
    found = problems(changed(old, new))
    assert len(found) == len(expected)
    assert [cut(line, want) for line, want in zip(found, expected, strict=True)] == [
        want.removesuffix("…") for want in expected
    ]
