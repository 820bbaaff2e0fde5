"""What config.toml becomes: values, defaults, paths, secrets."""

from __future__ import annotations

import pickle
import traceback
from datetime import timedelta

import pytest

from monitor.config import Outline, RuleGlob, Settings, load_config, outline
from monitor.model.delivery import (
    EmailEndpoint,
    FileEndpoint,
    Receiver,
    SlackEndpoint,
    SlackTokenEndpoint,
    SmtpSecurity,
    StdoutEndpoint,
    WebhookEndpoint,
)
from monitor.model.digest import Cron, DigestSettings, Every, Immediate, MessageFormat
from monitor.model.errors import ConfigInvalid, SecretUnavailable
from monitor.model.feed import FeedSettings, PollSettings
from monitor.model.secret import Secret
from monitor.model.web import ListenAddress

SECRETS = {
    "env:PASSWORD": "battery-staple",
    "file:hook": "https://hooks.slack.example/T0/battery-staple",
    "env:SIGNING": "whsec_QkFUVEVSWS1TVEFQTEUtQkFUVEVSWS1TVEFQTEU=",
    "credential:store": "sqlite:////var/lib/monitor.db",
    "env:DATABASE_URL": "postgres://desk:battery-staple@db.example:5433/monitor?sslmode=require",
}
DIGEST = '[receivers.c]\nstdout = {{}}\n[[digests]]\nname = "d"\nrules = ["*"]\nto = ["c"]\nschedule = "{}"\n'
SMTP = '[smtp]\nhost = "{host}"\nfrom = "desk@example.org"\nsecurity = "{security}"\n'


def resolve(reference: str) -> str:
    if reference not in SECRETS:
        raise SecretUnavailable(reference, "no such secret")
    return SECRETS[reference]


def load(text: str) -> Settings:
    return load_config(text, "config.toml", directory="/etc/monitor", secrets=resolve)


def test_an_empty_file_has_the_documented_defaults():
    settings = load("")
    assert settings.poll == PollSettings()
    assert settings.store_url == "sqlite:////etc/monitor/monitor.db"
    assert (settings.retention, settings.store_full_text) == (timedelta(days=400), True)
    assert settings.rule_files == ("/etc/monitor/rules/*.toml", "/etc/monitor/rules/entities/*.toml")
    assert settings.source == "config.toml"
    assert (settings.feeds, settings.receivers, settings.digests) == ((), (), ())
    assert settings.smtp is None
    assert settings.nlp_model is None
    assert settings.web_listen is None


def test_how_long_texts_are_kept_can_be_said():
    settings = load("[store]\nretention = '2w'\nstore_full_text = false")
    assert (settings.retention, settings.store_full_text) == (timedelta(days=14), False)


def test_a_postgresql_url_keeps_its_options_and_names_the_driver():
    assert load("[store]\nurl = 'postgresql://desk@/monitor?host=/run/postgresql'").store_url == (
        "postgresql+psycopg://desk@/monitor?host=/run/postgresql"
    )


def test_a_postgresql_url_with_a_password_comes_from_a_secret_and_is_never_shown():
    settings = load("[store]\nurl = 'env:DATABASE_URL'")
    assert settings.store_url == (
        "postgresql+psycopg://desk:battery-staple@db.example:5433/monitor?sslmode=require"
    )
    assert "battery-staple" not in repr(settings)


def test_poll_values_are_read():
    settings = load(
        '[poll]\ninterval = "10m"\nmin_interval = "2m"\nmax_interval = "2h"\nconcurrency = 8\nper_host = 2\n'
        'host_delay = "0"\nmax_entry_age = "2w"\ntimeout = "5s"\nmax_bytes = "2MiB"\nuser_agent = "x/{version}"\n'
        "allow_private_addresses = true\n"
    )
    assert settings.poll == PollSettings(
        interval=timedelta(minutes=10),
        min_interval=timedelta(minutes=2),
        max_interval=timedelta(hours=2),
        concurrency=8,
        per_host=2,
        host_delay=timedelta(0),
        max_entry_age=timedelta(weeks=2),
        timeout=timedelta(seconds=5),
        max_bytes=2 * 1024 * 1024,
        user_agent="x/{version}",
        allow_private_addresses=True,
    )


def test_feeds_keep_their_order_and_values():
    settings = load(
        '[[feeds]]\nurl = "https://a.example/f"\nname = "A\u200cB"\ntags = ["x", "y"]\ninterval = "5m"\n'
        'full_text = true\nbackfill = "24h"\n[[feeds]]\nurl = "http://b.example/f"\n'
    )
    assert settings.feeds == (
        FeedSettings(
            url="https://a.example/f",
            name="A\u200cB",
            tags=("x", "y"),
            interval=timedelta(minutes=5),
            full_text=True,
            backfill=timedelta(hours=24),
        ),
        FeedSettings(url="http://b.example/f"),
    )


def test_receivers_have_all_their_endpoints():
    settings = load(
        SMTP.format(host="mail.example.org", security="tls")
        + '[receivers.all]\nemail = ["a@example.org", "b@example.org"]\nslack = { webhook_url = "file:hook" }\n'
        'file = { directory = "digests", format = "html" }\nstdout = {}\n'
    )
    assert settings.receivers == (
        Receiver(
            "all",
            (
                EmailEndpoint(("a@example.org", "b@example.org")),
                SlackEndpoint(Secret(SECRETS["file:hook"])),
                FileEndpoint("/etc/monitor/digests", MessageFormat.HTML),
                StdoutEndpoint(),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("written", "listen", "url"),
    [
        ("127.0.0.1:8080", ListenAddress("127.0.0.1", 8080), "http://127.0.0.1:8080"),
        ("127.9.9.9:0", ListenAddress("127.9.9.9", 0), "http://127.9.9.9:0"),
        ("localhost:80", ListenAddress("127.0.0.1", 80), "http://127.0.0.1:80"),
        ("[::1]:65535", ListenAddress("::1", 65535), "http://[::1]:65535"),
        ("[0:0:0:0:0:0:0:1]:1", ListenAddress("::1", 1), "http://[::1]:1"),
    ],
)
def test_the_web_pages_listen_on_this_machine(written: str, listen: ListenAddress, url: str):
    settings = load(f'[web]\nlisten = "{written}"\n')
    assert settings.web_listen == listen
    assert listen.url == url


TOKEN = f'[[web.tokens]]\nname = "a"\nsha256 = "{"0" * 64}"\n'


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("[::]:8080", "http://[::1]:8080"),
        ("192.168.1.5:8080", "http://192.168.1.5:8080"),
    ],
)
def test_with_tokens_the_pages_may_listen_for_other_machines(written: str, url: str):
    settings = load(f'[web]\nlisten = "{written}"\nallowed_hosts = ["news.example.org"]\n{TOKEN}')
    assert settings.web_listen is not None
    assert not settings.web_listen.is_loopback
    assert settings.web_listen.url == url
    assert not [one for one in settings.warnings if "web" in str(one)]


def test_every_address_without_a_name_is_warned_of():
    warnings = load(f'[web]\nlisten = "0.0.0.0:8080"\n{TOKEN}').warnings
    assert [one for one in warnings if "web.listen" in str(one) and "allowed_hosts" in str(one)]


def test_names_and_proxies_are_read_as_a_request_has_them():
    settings = load(
        '[web]\nlisten = "127.0.0.1:80"\nallowed_hosts = ["News.Example.org", "bücher.example", "2001:DB8::7", '
        '"[::2]", "192.0.2.7"]\ntrusted_proxies = ["10.0.0.5", "10.1.0.0/16", "2001:DB8::/32"]\n' + TOKEN
    )
    assert settings.allowed_hosts == (
        "news.example.org",
        "xn--bcher-kva.example",
        "[2001:db8::7]",
        "[::2]",
        "192.0.2.7",
    )
    assert settings.trusted_proxies == ("10.0.0.5/32", "10.1.0.0/16", "2001:db8::/32")


@pytest.mark.parametrize(("security", "port"), [("none", 25), ("starttls", 587), ("tls", 465)])
def test_the_mail_port_follows_the_security(security: str, port: int):
    smtp = load(SMTP.format(host="mail.example.org", security=security)).smtp
    assert smtp is not None
    assert (smtp.port, smtp.security) == (port, SmtpSecurity(security))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1"])
def test_a_password_in_clear_is_possible_on_this_machine(host: str):
    smtp = load(SMTP.format(host=host, security="none") + 'username = "u"\npassword = "env:PASSWORD"\n').smtp
    assert smtp is not None
    assert smtp.password == Secret("battery-staple")


@pytest.mark.parametrize(
    ("schedule", "more", "expected", "send_when_empty"),
    [
        ("0 8 * * *", "", Cron("0 8 * * *"), True),
        ("0  8 * * mon-fri", "", Cron("0 8 * * mon-fri"), True),
        ("0 8 * * *", "send_when_empty = false", Cron("0 8 * * *"), False),
        ("every 30m", "", Every(timedelta(minutes=30)), False),
        ("every 2h", "send_when_empty = true", Every(timedelta(hours=2)), True),
        ("immediate", "", Immediate(timedelta(seconds=30)), False),
        ("immediate", 'group_wait = "2m"', Immediate(timedelta(minutes=2)), False),
        ("immediate", 'group_wait = "0"', Immediate(timedelta(0)), False),
    ],
)
def test_schedules_are_read(schedule: str, more: str, expected: object, send_when_empty: bool):
    settings = load(DIGEST.format(schedule) + 'timezone = "Asia/Kabul"\nmax_stories = 5\n' + more)
    assert settings.digests == (
        DigestSettings("d", ("*",), ("c",), expected, "Asia/Kabul", 5, send_when_empty),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("sqlite:///data/m.db", "sqlite:////etc/monitor/data/m.db"),
        ("sqlite:////srv/m.db", "sqlite:////srv/m.db"),
        ("credential:store", "sqlite:////var/lib/monitor.db"),
    ],
)
def test_the_store_is_relative_to_the_config_file(written: str, expected: str):
    assert load(f'[store]\nurl = "{written}"').store_url == expected


def test_rule_globs_are_relative_to_the_config_file_whatever_its_folder_is_called():
    text = '[rules]\nfiles = ["r/*.toml", "/srv/x.toml"]'
    settings = load_config(text, "c", directory="/etc/[monitor]", secrets=resolve)
    assert settings.rule_files == ("/etc/[[]monitor]/r/*.toml", "/srv/x.toml")


def test_a_question_mark_in_the_folder_would_cut_the_store_url_and_is_told():
    with pytest.raises(ConfigInvalid, match="question mark"):
        load_config("", "c", directory="/etc/what?", secrets=resolve)


@pytest.mark.parametrize(
    ("written", "expected"), [("en_core_web_sm", "en_core_web_sm"), ("models/ner", "/etc/monitor/models/ner")]
)
def test_a_model_with_a_slash_is_a_path(written: str, expected: str):
    assert load(f'[nlp]\nmodel = "{written}"').nlp_model == expected


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("file:hook", SECRETS["file:hook"]),
        ("https://siem.example/in?key=1", "https://siem.example/in?key=1"),
        ("http://127.0.0.1:8088/in", "http://127.0.0.1:8088/in"),
    ],
)
def test_a_webhooks_address_is_written_out_or_pointed_to(written: str, url: str):
    (siem,) = load(f"[receivers.siem]\nwebhook = {{ url = '{written}', secret = 'env:SIGNING' }}").receivers
    assert siem == Receiver("siem", (WebhookEndpoint(Secret(url), Secret(SECRETS["env:SIGNING"])),))


def test_no_secret_shows_in_settings():
    settings = load(
        SMTP.format(host="mail.example.org", security="tls")
        + 'username = "u"\npassword = "env:PASSWORD"\n'
        + '[receivers.r]\nslack = { webhook_url = "file:hook" }\n'
        + '[receivers.s]\nwebhook = { url = "https://siem.example/battery-staple", secret = "env:SIGNING" }\n'
    )
    assert "battery-staple" not in f"{settings!r} {settings} {settings.smtp} {settings.receivers}"
    assert "env:PASSWORD" in repr(settings.smtp)
    assert "env:SIGNING" in repr(settings.receivers)
    assert "QkFUVEVSWS1TVEFQTEUtQkFUVEVSWS1TVEFQTEU" not in f"{settings!r}"


@pytest.mark.parametrize(
    "table",
    [
        'username = "u"\npassword = "battery-staple"',
        "username = 'u'\npassword = ['battery-staple']",
        "username = 'u'\npassword = { value = 'battery-staple' }",
        "[receivers.r]\nslack = { webhook_url = 'https://hooks.slack.com/battery-staple' }",
        "[store]\nurl = 'postgresql://desk:battery-staple@db/x'",
        "[store]\nurl = 'mysql://desk:battery-staple@db/x'",
        "[receivers.r]\nwebhook = { url = 'http://battery-staple.example/', secret = 'env:SIGNING' }",
        "[receivers.r]\nwebhook = { url = 'https://x:battery-staple@x.example/', secret = 'env:SIGNING' }",
        "[receivers.r]\nwebhook = { url = 'https://x.example/?key=battery-staple', secret = 'env:PASSWORD' }",
        "[[feeds]]\nurl = 'https://desk:battery-staple@example.org/'",
        "[[feeds]]\nurl = 'ftp://desk:battery-staple@example.org/'",
        "[[feeds]]\nurl = 'https://desk:battery-staple@[example.org/'",
    ],
)
def test_no_secret_shows_in_a_problem(table: str):
    with pytest.raises(ConfigInvalid) as caught:
        load(SMTP.format(host="mail.example.org", security="tls") + table)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert "battery-staple" not in told


def test_settings_are_values():
    first, second = load(DIGEST.format("immediate")), load(DIGEST.format("immediate"))
    assert first == second
    assert pickle.loads(pickle.dumps(first)) == first
    with pytest.raises(AttributeError):
        first.source = "x"  # type: ignore[misc]


def test_the_outline_of_a_broken_config_still_names_rules_and_selectors():
    text = '[poll]\nx = 1\n[rules]\nfiles = ["a.toml", 3]\n'
    text += '[[digests]]\nrules = ["tag:x", "y"]\n[[digests]]\nrules = 3\n'
    assert outline(text, "/etc") == Outline(
        (RuleGlob(("rules", "files", 0), "a.toml", "/etc/a.toml"),), ((0, ("tag:x", "y")), (1, ()))
    )
    usual = [("rules/*.toml", False), ("rules/entities/*.toml", True)]
    assert [(found.written, found.optional) for found in outline("", "/etc").rule_globs] == usual
    assert outline("[rules", "/etc") == Outline()


@pytest.mark.parametrize(
    ("more", "api_url"),
    [
        ("", "https://slack.com/api"),
        (', api_url = "https://slack-gov.com/api/"', "https://slack-gov.com/api"),
        (', api_url = "http://127.0.0.1:8065/api"', "http://127.0.0.1:8065/api"),
    ],
)
def test_a_bot_of_slack_has_a_token_a_channel_and_the_servers_address(more: str, api_url: str):
    line = f'[receivers.r]\nslack = {{ token = "env:PASSWORD", to = "#press"{more} }}\n'
    (receiver,) = load(line).receivers
    (endpoint,) = receiver.endpoints
    assert endpoint == SlackTokenEndpoint(Secret("battery-staple"), "#press", api_url)
    assert "battery-staple" not in repr(endpoint)
