"""Rules through the API: read from their files, changed there, never over what somebody else wrote, taken back."""

from __future__ import annotations

import fcntl
import os
from typing import Any

import pytest
from api_house import Api
from newsroom import RULES, Newsroom, item
from workbench_house import Bench

from monitor.app.open_house import OpenHouse
from monitor.app.reload import LastReload

URL = "https://news.example/e1"
HOSTILE = ["<script>", "\"both\" 'quotes' \\n", "طورخم بند \u202e\u2066", "a\u2028b\x85c\x07", "x'''y\nz", "\r\n"]


@pytest.fixture
def bench(open_house: OpenHouse, newsroom: Newsroom) -> Bench:
    newsroom.bring_in(item("e1", "Torkham closed", "The Torkham crossing was closed.", link=URL))
    return Bench(open_house, newsroom)


@pytest.fixture
def api(bench: Bench) -> Api:
    return Api(bench.site)


def read(api: Api, rule: str = "torkham-closed") -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"/rules/{rule}/file")
    return found


def save(api: Api, status: int = 200, rule: str = "torkham-closed", **changes: Any) -> Any:
    return api.post(f"/rules/{rule}/save", {"fingerprint": read(api, rule)["fingerprint"], **changes}, status)


# ---- read


def test_a_rule_is_read_from_its_file_with_its_comments(api: Api, bench: Bench) -> None:
    bench.file.write_text(RULES.replace('severity = "high"', 'severity = "high"  # since the strike'), "utf-8")
    said = read(api)
    assert said["toml"].startswith('[[rules]]\nid = "torkham-closed"')
    assert "# since the strike" in said["toml"]
    assert said["written"]["query"] == "Torkham AND (closed OR closure)"
    assert said["written"]["must_match"] == []
    assert (said["fixed"], said["before"]) == (None, None)
    assert api.get("/rules/nothing/file", 404)["reason"] == "no_such_rule"


def test_a_rule_that_is_only_written_yet_is_read_too(api: Api, bench: Bench) -> None:
    bench.file.write_text(RULES + '\n[[rules]]\nid = "new"\nquery = 5\ntags = 1979-05-27\n', "utf-8")
    assert read(api, "new")["written"]["query"] == "5"
    assert api.get("/rules/new", 404)["reason"] == "no_such_rule"


def test_a_file_says_whether_it_is_in_force(api: Api, bench: Bench, newsroom: Newsroom) -> None:
    assert read(api)["standing"] == "in_force"
    saved = save(api, query="Torkham AND shut")
    assert saved["rule"]["standing"] == "coming"
    bench.take_up()
    assert read(api)["standing"] == "in_force"
    bench.file.write_text(RULES + "\n# more", encoding="utf-8")
    bench.reloader.last = LastReload(newsroom.clock.now(), 1, "rules.toml:3: no")
    assert (read(api)["standing"], read(api)["why"]) == ("refused", "rules.toml:3: no")


# ---- saved


def test_the_keys_that_are_named_change_and_nothing_else(api: Api, bench: Bench) -> None:
    said = save(api, query="Torkham AND shut", tags=["border", "news"], severity="low")
    assert said["outcome"] == "saved"
    assert said["rule"]["written"]["tags"] == ["border", "news"]
    assert bench.text == RULES.replace("'Torkham AND (closed OR closure)'", '"Torkham AND shut"').replace(
        '"border"]', '"border", "news"]'
    ).replace('"high"', '"low"')


def test_null_takes_a_key_away(api: Api, bench: Bench) -> None:
    save(api, severity=None, tags=[])
    assert set(bench.rule()) == {"id", "title", "query"}


def test_what_is_so_already_is_not_written(api: Api, bench: Bench) -> None:
    said = save(api, query="Torkham AND (closed OR closure)", severity="high", must_match=None)
    assert said["outcome"] == "same"
    assert bench.text == RULES
    assert save(api)["outcome"] == "same"


@pytest.mark.parametrize("words", HOSTILE)
def test_any_text_is_written_as_it_was_sent(api: Api, bench: Bench, words: str) -> None:
    save(api, title=words, must_match=[f"Torkham closed {words}", {"title": "Torkham", "body": f"closed {words}"}])
    assert bench.rule()["title"] == words
    assert read(api)["written"]["must_match"][1]["body"] == f"closed {words}"


def test_what_does_not_hold_is_not_saved_and_named(api: Api, bench: Bench) -> None:
    refused = save(api, 422, query="Torkham AND (closed")
    assert refused["reason"] == "rule_invalid"
    assert "^" in "".join(refused["problems"][0]["context"])
    assert refused["problems"][0]["file"].endswith("rules.toml")
    refused = save(api, 422, must_match=["Chaman is open"])
    assert "must match, but does not" in refused["problems"][0]["message"]
    assert "Chaman is open" in refused["toml"]
    assert save(api, 422, title=None, query=None)["reason"] == "rule_invalid"
    assert bench.text == RULES


def test_nothing_is_written_over_what_somebody_else_wrote(api: Api, bench: Bench) -> None:
    shown = read(api)["fingerprint"]
    theirs = RULES.replace("crossing closed", "crossing shut")
    bench.file.write_text(theirs, encoding="utf-8")
    refused = api.post("/rules/torkham-closed/save", {"fingerprint": shown, "query": "Torkham"}, 409)
    assert refused["reason"] == "rule_changed"
    assert refused["now"]["written"]["title"] == "Torkham crossing shut"
    assert 'query = "Torkham"' in refused["toml"]
    assert bench.text == theirs
    again = {"fingerprint": refused["now"]["fingerprint"], "query": "Torkham"}
    assert api.post("/rules/torkham-closed/save", again)["rule"]["written"]["title"] == "Torkham crossing shut"


def test_a_change_elsewhere_in_the_file_is_no_other_version(api: Api, bench: Bench) -> None:
    shown = read(api)["fingerprint"]
    bench.file.write_text(f"# by hand\n{RULES}", encoding="utf-8")
    api.post("/rules/torkham-closed/save", {"fingerprint": shown, "severity": "low"})
    assert bench.text == f"# by hand\n{RULES}".replace('"high"', '"low"')


def test_where_a_file_cannot_be_written_the_toml_is_there_to_be_copied(
    api: Api, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.app.rule_saving.why_read_only", lambda _: "the monitor may not write it")
    monkeypatch.setattr("monitor.app.rule_tables.why_read_only", lambda _: "the monitor may not write it")
    assert read(api)["fixed"] == "the monitor may not write it"
    refused = save(api, 409, query="Torkham AND shut")
    assert (refused["reason"], refused["detail"]) == ("read_only", "the monitor may not write it")
    assert 'query = "Torkham AND shut"' in refused["toml"]
    assert save(api, 422, query="Torkham AND (shut")["reason"] == "rule_invalid"  # not worth copying
    stale = {"fingerprint": "of another version", "query": "Torkham AND shut"}
    assert api.post("/rules/torkham-closed/save", stale, 409)["reason"] == "rule_changed"
    new = {"id": "lorries", "title": "Lorries", "query": "(lorr*"}
    assert api.post("/rules", new, 422)["reason"] == "rule_invalid"
    refused = api.post("/rules", new | {"query": "lorr*"}, 409)
    assert refused["toml"] == '[[rules]]\nid = "lorries"\ntitle = "Lorries"\nquery = "lorr*"\n'


def test_a_monitor_that_takes_nothing_up_saves_nothing(site: Any, open_house: OpenHouse) -> None:
    api = Api(site)
    assert "takes no changes up" in read(api)["fixed"]
    assert save(api, 409, query="Torkham")["reason"] == "read_only"
    assert api.post("/rules/torkham-closed/undo", {"fingerprint": "x"}, 409)["reason"] == "read_only"


def test_a_table_that_is_not_in_one_piece_is_left_alone(api: Api, bench: Bench) -> None:
    text = 'rules = [{ id = "torkham-closed", query = "Torkham" }]\n'
    bench.file.write_text(text, encoding="utf-8")
    refused = save(api, 409, query="Torkham AND shut")
    assert refused["reason"] == "read_only"
    assert "one piece" in refused["detail"]
    assert bench.text == text


# ---- new ones


def test_a_new_rule_is_put_at_the_end_and_goes_again(api: Api, bench: Bench) -> None:
    body = {"id": "lorries", "title": "Lorries", "query": "lorr*", "must_match": ["Two lorries"]}
    said = api.post("/rules", body, 201)["rule"]
    assert bench.text.startswith(RULES)
    assert bench.rule(-1) == body
    assert said["before"] == ""
    gone = api.post("/rules/lorries/undo", {"fingerprint": said["fingerprint"]})
    assert gone == {"outcome": "saved", "rule": None}
    assert bench.text.rstrip() == RULES.rstrip()


def test_a_new_rule_names_its_file_where_there_are_several(api: Api, bench: Bench) -> None:
    other = bench.file.with_name("other.toml")
    other.write_text("", encoding="utf-8")
    body = {"id": "lorries", "title": "Lorries", "query": "lorr*"}
    refused = api.post("/rules", body, 404)
    assert refused["reason"] == "no_such_rule_file"
    name = next(one for one in refused["detail"].partition("there are: ")[2].split(", ") if "other" in one)
    assert api.post("/rules", {**body, "file": name}, 201)["rule"]["file"] == name
    assert "lorries" in other.read_text("utf-8")
    assert api.post("/rules", {**body, "file": "/etc/passwd"}, 404)["reason"] == "no_such_rule_file"


def test_an_id_that_is_there_is_not_given_twice(api: Api, bench: Bench) -> None:
    body = {"id": "floods", "title": "Floods", "query": "flood"}
    assert api.post("/rules", body, 422)["reason"] == "rule_invalid"
    assert bench.text == RULES


# ---- examples


def test_examples_are_added_once_and_an_article_with_its_words(api: Api, bench: Bench) -> None:
    more = {"must_match": ["Torkham is closed"], "must_match_articles": [URL], "must_not_match": ["Chaman closed"]}
    assert api.post("/rules/torkham-closed/examples", more)["outcome"] == "saved"
    article = {"title": "Torkham closed", "body": "The Torkham crossing was closed."}
    assert bench.rule()["must_match"] == ["Torkham is closed", article]
    assert bench.rule()["must_not_match"] == ["Chaman closed"]
    again = {"must_match": ["Torkham is closed", "Torkham closed again"], "must_not_match_articles": []}
    said = api.post("/rules/torkham-closed/examples", again)["rule"]["written"]
    assert said["must_match"] == ["Torkham is closed", article, "Torkham closed again"]
    assert api.post("/rules/torkham-closed/examples", more)["outcome"] == "same"


def test_an_example_that_does_not_hold_is_refused(api: Api, bench: Bench) -> None:
    for body, status, reason in (
        ({"must_not_match_articles": [URL]}, 422, "rule_invalid"),
        ({"must_match_articles": ["https://news.example/never"]}, 422, "not_explainable"),
        ({"must_match": [{"colour": "red"}]}, 422, "rule_invalid"),
        ({"must_match": [""]}, 422, "rule_invalid"),
        ({"must_match": ["file:/etc/passwd"]}, 400, "invalid_body"),
        ({"must_match": "Torkham closed"}, 400, "invalid_body"),
        ({"must_match": [5]}, 400, "invalid_body"),
        ({"must_match": [{"title": 5}]}, 400, "invalid_body"),
        ({"must_match": ["x"], "fingerprint": "of another version"}, 409, "rule_changed"),
    ):
        assert api.post("/rules/torkham-closed/examples", body, status)["reason"] == reason, body
    assert bench.text == RULES


def test_examples_that_are_no_list_in_their_file_are_mended_there(api: Api, bench: Bench) -> None:
    odd = RULES.replace('tags = ["border"]', 'tags = ["border"]\nmust_match = "Torkham is closed"')
    bench.file.write_text(odd, encoding="utf-8")
    more = {"must_match": ["Torkham closed"]}
    assert api.post("/rules/torkham-closed/examples", more, 409)["reason"] == "not_writable"
    assert bench.text == odd


def test_an_article_of_many_words_is_no_too_large_body(api: Api, bench: Bench) -> None:
    save(api, must_match=[f"Torkham closed {'ا' * 150_000}"])
    refused = api.post("/rules/torkham-closed/examples", {"must_match": ["x" * 1_100_000]}, 413)
    assert refused["reason"] == "too_large"


def test_a_trial_says_which_examples_hold(api: Api, bench: Bench) -> None:
    save(api, must_match=["Torkham is closed"])
    draft = {
        "query": "Torkham AND shut",
        "rule": "torkham-closed",
        "must_match": ["Torkham was shut"],
        "must_not_match": [{"title": "Torkham", "body": "not shut"}],
    }
    told = [(one["key"], one["text"], one["holds"]) for one in api.post("/rules/try", draft)["examples"]]
    assert told == [
        ("must_match", "Torkham is closed", False),
        ("must_match", "Torkham was shut", True),
        ("must_not_match", '{title = "Torkham", body = "not shut"}', False),
    ]
    (alone,) = api.post("/rules/try", {"query": "Chaman", "must_match": ["Chaman"]})["examples"]
    assert alone["holds"]
    assert api.post("/rules/try", draft | {"must_match": [{"colour": "red"}]}, 422)["reason"] == "rule_invalid"
    assert api.post("/rules/try", draft | {"must_match": ["file:x"]}, 400)["reason"] == "invalid_body"


# ---- back


def test_the_version_before_the_last_save_comes_back(api: Api, bench: Bench) -> None:
    shown = read(api)["fingerprint"]
    assert api.post("/rules/torkham-closed/undo", {"fingerprint": shown}, 409)["reason"] == "nothing_before"
    saved = save(api, query="Torkham")["rule"]
    assert "closure" in saved["before"]
    assert api.post("/rules/torkham-closed/undo", {"fingerprint": shown}, 409)["reason"] == "rule_changed"
    assert api.post("/rules/torkham-closed/undo", {"fingerprint": saved["fingerprint"]})["outcome"] == "saved"
    assert bench.text == RULES


def test_while_another_process_writes_in_the_folder_nothing_is_saved(api: Api, bench: Bench) -> None:
    holder = os.open(bench.file.parent, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        assert save(api, 409, query="Torkham")["reason"] == "file_busy"
    finally:
        os.close(holder)
