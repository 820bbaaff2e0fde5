"""What a reload changes, by name, and what it cannot change."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from newsroom import JSON_FILE, digest_settings, ruleset_of

from monitor.app.changes import Changes, Named, changes, needs_restart
from monitor.config import Settings
from monitor.core.rules import RuleSet
from monitor.model.delivery import SmtpSecurity, SmtpSettings
from monitor.model.feed import FeedSettings, PollSettings
from monitor.model.jobs import Engine
from monitor.model.secret import Secret
from monitor.model.web import ListenAddress

RULES = """
[entities.asif]
name = "Khawaja Asif"
[[rules]]
id = "torkham-closed"
query = 'Torkham AND closed'
[[rules]]
id = "floods"
query = 'flood*'
tags = ["weather"]
"""
DAWN, TOLO = FeedSettings("https://dawn.example/feed", "Dawn"), FeedSettings("https://tolo.example/feed")
SMTP = SmtpSettings("mail.example", 25, SmtpSecurity.TLS, "desk@example.org", "desk", Secret("one", "file:pw"))


def settings(**more: Any) -> Settings:
    values: dict[str, Any] = {
        "store_url": "sqlite:////srv/monitor.db",
        "retention": timedelta(days=400),
        "store_full_text": True,
        "poll": PollSettings(),
        "feeds": (DAWN, TOLO),
        "rule_files": (),
        "nlp_model": None,
        "smtp": SMTP,
        "receivers": (JSON_FILE,),
        "digests": (digest_settings(),),
        "web_listen": None,
        "source": "config.toml",
    }
    return Settings(**{**values, **more})


def between(after: Settings, rules: RuleSet | None = None) -> Changes:
    old = ruleset_of(RULES)
    return changes((settings(), old), (after, rules or old))


def test_the_same_again_is_no_change_wherever_a_rule_stands_and_whatever_comments_say():
    assert between(settings(), ruleset_of("# a comment\n\n" + RULES)) == Changes()
    assert Changes().words() == {}


def test_feeds_are_named_as_people_know_them():
    feeds = (replace(DAWN, full_text=True), FeedSettings("https://wire.example/feed", "Wire"))
    found = between(settings(feeds=feeds)).feeds
    assert found == Named(("Wire",), ("https://tolo.example/feed",), ("Dawn",))
    assert str(found) == "1 added: Wire; 1 removed: https://tolo.example/feed; 1 changed: Dawn"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("'flood*'", "'flood* OR rain'"),
        ('"weather"', '"rain"'),
        ("tags", 'severity = "high"\ntags'),
        ("tags", 'title = "Floods"\ntags'),
        ("tags", 'must_match = ["flooded"]\ntags'),
    ],
)
def test_whatever_is_said_of_a_rule_changes_it(old: str, new: str):
    assert between(settings(), ruleset_of(RULES.replace(old, new))).rules == Named(changed=("floods",))


def test_rules_and_entities_that_come_and_go():
    found = between(settings(), ruleset_of(RULES.replace("floods", "rain").replace("asif", "dar")))
    assert (found.rules, found.entities) == (Named(("rain",), ("floods",)), Named(("dar",), ("asif",)))


def test_digests_receivers_and_all_else_are_said_by_kind():
    after = settings(
        digests=(digest_settings("morning"), digest_settings(max_stories=3)),
        receivers=(replace(JSON_FILE, name="ops"),),
        poll=PollSettings(interval=timedelta(minutes=20), per_host=2),
        smtp=replace(SMTP, password=Secret("two", "file:pw")),
        nlp_model="en_core_web_sm",
        retention=timedelta(days=30),
        store_full_text=False,
    )
    assert between(after).words() == {
        "digests": "1 added: morning; 1 changed: alerts",
        "receivers": "1 added: ops; 1 removed: desk",
        "poll": "interval, per_host",
        "store": "retention, store_full_text",
        "smtp": "changed",
        "nlp": "changed",
    }


def test_of_many_names_only_the_first_are_said():
    names = tuple(f"rule-{number}" for number in range(1200))
    assert str(Named(added=names)) == ("1,200 added: rule-0, rule-1, rule-2, rule-3, rule-4 and 1,195 more")


def test_only_the_store_the_engine_and_the_pages_need_a_restart():
    changed = settings(poll=PollSettings(per_host=2), feeds=(), receivers=(), digests=(), smtp=None)
    assert needs_restart(settings(), changed) == ()
    assert needs_restart(settings(), settings(store_url="sqlite:////srv/other.db")) == (("store", "url"),)
    assert needs_restart(settings(), settings(engine=Engine.PROCRASTINATE)) == (("jobs", "engine"),)
    listening = settings(web_listen=ListenAddress("127.0.0.1", 8080))
    assert needs_restart(settings(), listening) == needs_restart(listening, settings()) == (("web", "listen"),)
    reached = settings(allowed_hosts=("x.org",), trusted_proxies=("10.0.0.5/32",))
    assert needs_restart(settings(), reached) == (("web", "allowed_hosts"), ("web", "trusted_proxies"))


def test_a_feed_that_has_no_name_is_told_without_its_token():
    came = FeedSettings("https://desk:staple@wire.example/feed?key=staple")
    assert between(settings(feeds=(DAWN, TOLO, came))).words() == {"feeds": "1 added: https://wire.example/feed"}
