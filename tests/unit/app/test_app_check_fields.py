"""`monitor check` on fields: what a rule asks for and the desk has not is said at the rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.app.check import check, render_report
from monitor.app.check_fields import names_asked

CONFIG = """\
[[feeds]]
url = "https://example.org/feed"
name = "Dawn News"
tags = ["pakistan"]

[receivers.console]
stdout = {}

[[digests]]
name = "border"
rules = ["*"]
to = ["console"]
schedule = "immediate"
"""


def rule(id: str, query: str, more: str = "") -> str:
    return f"[[rules]]\nid = '{id}'\nquery = '''{query}'''\n{more}\n"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "config.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(desk: Path, *rules: str, config: str = CONFIG, secrets: bool = True) -> list[str]:
    (desk / "config.toml").write_text(config)
    (desk / "rules" / "a.toml").write_text("".join(rules))
    report = check(Path("config.toml"), environment={}, secrets=secrets)
    assert report.ok, report.problems
    return [str(problem) for problem in report.problems]


# ---- person: org: place:


def test_names_without_a_pipeline_come_from_the_entity_files_alone_and_the_rule_is_told(desk: Path) -> None:
    assert said(desk, rule("a", "flood*"), rule("b", "place:Jordan AND person:Asif")) == [
        'rules/a.toml:5: warning: rule "b": person:, place: work from the entity files alone: '
        "[nlp].model names no spaCy pipeline"
    ]


def test_many_such_rules_are_one_warning_a_file(desk: Path) -> None:
    rules = [rule(f"r{n}", "place:Jordan AND trucks") for n in range(50)]
    (warning,) = said(desk, *rules)
    assert warning.startswith('rules/a.toml:1: warning: rule "r0" (and 49 more of this file): place: works from')


def test_a_name_asked_for_by_a_term_or_by_the_context_of_an_entity_counts(desk: Path) -> None:
    term = "[terms.there]\nquery = 'place:Jordan'\n"
    assert "place:" in said(desk, term, rule("a", "trucks AND $there"))[0]
    entity = "[entities.khan]\nname = 'Sadiq Khan'\nneed = 'title:London OR language:en'\n"
    assert said(desk, entity.replace(":en", ":english"), rule("a", "@khan"))


def test_a_pipeline_is_named_where_a_rule_asks_for_names(desk: Path) -> None:
    import spacy  # slow

    pipeline = spacy.blank("en")
    pipeline.add_pipe("entity_ruler")
    pipeline.to_disk(desk / "model")
    (desk / "config.toml").write_text(f"{CONFIG}\n[nlp]\nmodel = '{desk / 'model'}'\n")
    (desk / "rules" / "a.toml").write_text(rule("a", "place:Jordan AND org:Reuters") + rule("b", "flood*"))
    report = check(Path("config.toml"), environment={})
    assert report.problems == ()
    assert render_report(report).endswith(f" org:, place: by the spaCy pipeline {desk / 'model'}.")
    assert report.ruleset is not None
    assert names_asked(report.ruleset) == ("org", "place")


def test_where_no_rule_asks_for_names_no_pipeline_is_spoken_of(desk: Path) -> None:
    assert said(desk, rule("a", "flood*")) == []


def test_a_question_to_the_store_does_not_hear_of_it(desk: Path) -> None:
    assert said(desk, rule("a", "place:Jordan AND feed:Nation"), secrets=False) == []


# ---- feed: tag:


@pytest.mark.parametrize("query", ["feed:Dawn", 'feed:"Dawn News"', "feed:news", "tag:pakistan", "NOT feed:dawn"])
def test_a_feed_or_tag_of_the_config_is_found(desk: Path, query: str) -> None:
    assert said(desk, rule("a", f"trucks AND {query}")) == []


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("feed:Nation", "feed:Nation: no feed of the config is called so"),
        ('feed:"Dawn Images"', 'feed:"Dawn Images": no feed of the config is called so'),
        ("tag:pakistn", "tag:pakistn: no feed of the config has this tag"),
        ("feed:(Nation OR Dunya)", "feed:(Nation OR Dunya): no feed of the config is called so"),
    ],
)
def test_a_feed_that_was_renamed_or_never_there_is_said_at_the_rule(desk: Path, query: str, why: str) -> None:
    (warning,) = said(desk, rule("a", f"trucks AND {query}"))
    assert warning.startswith(f'rules/a.toml:1: warning: rule "a": {why} (feeds added by command')


def test_feeds_that_live_in_the_store_may_be_called_anything(desk: Path) -> None:
    config = CONFIG[CONFIG.index("[receivers") :]
    warnings = said(desk, rule("a", "trucks AND (feed:Nation OR tag:trade)"), config=config)
    assert [one for one in warnings if "rules/" in one] == []


def test_a_feed_without_a_name_may_be_called_anything(desk: Path) -> None:
    config = CONFIG.replace('name = "Dawn News"\n', "")
    assert said(desk, rule("a", "trucks AND feed:Nation"), config=config) == []


# ---- language:


@pytest.mark.parametrize(
    ("query", "advice"),
    [
        ("language:urd", "write language:ur"),
        ("language:prs", "write language:fa"),
        ("language:english", "a code of two letters, as en or ur"),
    ],
)
def test_a_language_that_no_document_carries_is_said_at_the_rule(desk: Path, query: str, advice: str) -> None:
    (warning,) = said(desk, rule("a", f"trucks AND {query}"))
    assert warning.startswith(f'rules/a.toml:1: warning: rule "a": {query}: documents carry')
    assert advice in warning


@pytest.mark.parametrize("query", ["language:ur", "language:EN", "language:(en OR ps)"])
def test_a_language_code_is_fine(desk: Path, query: str) -> None:
    assert said(desk, rule("a", f"trucks AND {query}")) == []


def test_the_examples_of_a_rule_that_asks_for_a_language_are_heard(desk: Path) -> None:
    urdu = "must_match = ['طورخم بارڈر فائرنگ کے بعد بند کر دیا گیا']\n"
    english = "must_not_match = ['The Torkham border was closed after the shooting on Sunday, طورخم']"
    assert said(desk, rule("a", "طورخم AND language:ur", urdu + english)) == []
