"""The workbench: what is typed is tried and kept, what holds is saved, and nothing hostile gets anywhere."""

from __future__ import annotations

import re
from datetime import timedelta
from hashlib import sha256
from html import unescape
from pathlib import Path

import pytest
import tomli
from newsroom import RULES, Newsroom, item
from workbench_house import Bench

from monitor.app.entrance import Entrance
from monitor.app.open_house import OpenHouse
from monitor.app.reload import LastReload
from monitor.model.web import AccessToken, Role

OWN = {"sec-fetch-site": "same-origin"}
PART = OWN | {"hx-request": "true"}
HOSTILE = [
    "<script>alert(1)</script>",
    "\"quoted\" 'both' \\n",
    "طورخم بند \u202e\u2066",
    "x" * 900,
    "a\u2028b\x85c",
]


@pytest.fixture(autouse=True)
def no_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, what a test asks for is found."""
    for name in ("BUDGET", "FIRST", "AT_ONCE"):
        monkeypatch.setattr(f"monitor.web.site.workbench.{name}", timedelta(minutes=1))


@pytest.fixture
def bench(open_house: OpenHouse, newsroom: Newsroom) -> Bench:
    return Bench(open_house, newsroom)


@pytest.fixture
def told(newsroom: Newsroom) -> Newsroom:
    newsroom.bring_in(
        item("e1", "Torkham closed", "The Torkham crossing was closed.", link="https://news.example/e1")
    )
    newsroom.plan()
    return newsroom


# ---- saving


def test_a_form_that_nobody_touched_changes_nothing(bench: Bench) -> None:
    answer = bench.site.post("/rules/torkham-closed/save", data=bench.fields(), headers=OWN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/rules/torkham-closed?saved=same")
    assert bench.text == RULES


def test_what_a_field_cannot_show_as_it_is_written_stays_as_it_is_written(bench: Bench) -> None:
    title = 'title = """Torkham  crossing\nclosed"""'
    odd = RULES.replace('title = "Torkham crossing closed"', f'{title}\nmust_match = "Torkham is closed"')
    assert odd != RULES
    bench.file.write_text(odd, encoding="utf-8")
    fields = {name: " ".join(value.split()) for name, value in bench.fields().items()}  # on one line
    answer = bench.site.post("/rules/torkham-closed/save", data=fields, headers=OWN)
    assert (answer.status_code, bench.text) == (303, odd)
    answer = bench.site.post("/rules/torkham-closed/save", data=fields | {"must_match": "One more"}, headers=OWN)
    assert (answer.status_code, bench.text) == (422, odd)
    assert "is no list in its file" in answer.text


def test_a_rule_is_saved_and_said_to_come_and_then_to_be_in_force(bench: Bench) -> None:
    fields = bench.fields() | {"query": "Torkham AND shut", "tags": "border  news", "severity": "low"}
    answer = bench.site.post("/rules/torkham-closed/save", data=fields, headers=OWN)
    assert answer.headers["location"] == "/rules/torkham-closed?saved=saved"
    assert bench.text == RULES.replace("'Torkham AND (closed OR closure)'", '"Torkham AND shut"').replace(
        '"border"]', '"border", "news"]'
    ).replace('"high"', '"low"')
    page = bench.site.get("/rules/torkham-closed?saved=saved").text
    assert "Saved." in page
    assert "being taken up" in page
    assert ">\nTorkham AND shut</textarea>" in page  # as the file has it, not as it is in force
    bench.take_up()
    assert "It is in force." in bench.site.get("/rules/torkham-closed/state").text


def test_a_file_that_was_refused_says_why_on_the_page(bench: Bench, newsroom: Newsroom) -> None:
    bench.file.write_text(RULES + "\n# more", encoding="utf-8")
    bench.reloader.last = LastReload(newsroom.clock.now(), 1, "rules.toml:3: no <b>")
    assert "It is not in force: rules.toml:3: no &lt;b&gt;" in bench.site.get("/rules/trucks").text


def test_a_new_rule_is_put_at_the_end_of_a_file_and_opened_before_it_is_in_force(bench: Bench) -> None:
    fields = bench.fields("/rules/new?query=lorr*") | {"id": "lorries", "title": 'The "lorries"'}
    answer = bench.site.post("/rules/new/save", data=fields, headers=OWN)
    assert answer.headers["location"] == "/rules/lorries?saved=saved"
    assert bench.text.startswith(RULES)
    assert bench.rule(-1) == {"id": "lorries", "title": 'The "lorries"', "query": "lorr*"}
    page = bench.site.get("/rules/lorries?saved=saved")
    assert page.status_code == 200
    assert "being taken up" in page.text


def test_a_rule_called_new_is_a_rule(bench: Bench) -> None:
    fields = bench.fields("/rules/new") | {"id": "new", "query": "lorries"}
    assert (
        bench.site.post("/rules/new/save", data=fields, headers=OWN).headers["location"].startswith("/rules/~new?")
    )
    bench.take_up()
    assert 'href="/rules/~new"' in bench.site.get("/rules").text
    assert 'href="/rules/~new"' in bench.site.get("/rules/new").text
    changed = bench.fields("/rules/~new") | {"title": "News"}
    assert bench.site.post("/rules/~new/save", data=changed, headers=OWN).status_code == 303
    assert bench.rule(-1)["title"] == "News"


def test_what_does_not_hold_is_not_saved_and_nothing_typed_is_lost(bench: Bench) -> None:
    fields = bench.fields() | {"query": "Torkham AND (", "must_match": "never said", "title": "<b>Mine</b>"}
    for headers in (OWN, PART):
        answer = bench.site.post("/rules/torkham-closed/save", data=fields, headers=headers)
        assert answer.status_code == 422
        assert "Not saved" in answer.text
        assert re.search(r"\n +\^", answer.text)
        assert "<b>Mine" not in answer.text
    assert (
        ">\nTorkham AND (</textarea>"
        in bench.site.post("/rules/torkham-closed/save", data=fields, headers=OWN).text
    )
    assert bench.text == RULES


def test_an_example_that_fails_is_named(bench: Bench) -> None:
    fields = bench.fields() | {"must_match": "Chaman is open"}
    answer = bench.site.post("/rules/torkham-closed/save", data=fields, headers=PART)
    assert answer.status_code == 422
    assert "its example must match, but does not: &#34;Chaman is open&#34;" in answer.text


def test_a_change_of_somebody_else_is_shown_beside_ones_own_and_kept(bench: Bench) -> None:
    fields = bench.fields() | {"query": "Torkham AND mine"}
    theirs = RULES.replace("closure)", "theirs)")
    bench.file.write_text(theirs, encoding="utf-8")
    for headers in (OWN, PART):
        answer = bench.site.post("/rules/torkham-closed/save", data=fields, headers=headers)
        assert answer.status_code == 409
        assert "closed OR theirs)" in answer.text
        assert "Torkham AND mine" in answer.text
    assert bench.text == theirs
    # The very same again is refused again; only who has seen theirs puts his own in its place.
    assert bench.site.post("/rules/torkham-closed/save", data=fields, headers=OWN).status_code == 409
    over = re.findall(r'name="over" value="(\w+)"', answer.text)[0]
    saved = bench.site.post("/rules/torkham-closed/save", data=fields | {"over": over}, headers=OWN)
    assert saved.status_code == 303
    assert bench.rule()["query"] == "Torkham AND mine"


def test_one_click_goes_back_to_the_version_before(bench: Bench) -> None:
    bench.site.post("/rules/torkham-closed/save", data=bench.fields() | {"title": "Other"}, headers=OWN)
    page = bench.site.get("/rules/torkham-closed?saved=saved").text
    assert "Torkham crossing closed" in page[page.index("The version before the last save") :]
    seen = re.findall(r'undo" method="post"><input type="hidden" name="seen" value="(\w+)"', page)[0]
    answer = bench.site.post("/rules/torkham-closed/undo", data={"seen": seen}, headers=OWN)
    assert answer.headers["location"] == "/rules/torkham-closed?saved=undone"
    assert bench.text == RULES
    assert "undo" not in bench.site.get("/rules/trucks").text


def test_who_goes_back_to_a_version_of_a_rule_that_is_gone_hears_that_it_is(bench: Bench) -> None:
    bench.site.post("/rules/trucks/save", data=bench.fields("/rules/trucks") | {"title": "Other"}, headers=OWN)
    bench.take_up()
    seen = bench.fields("/rules/trucks")["seen"]
    bench.file.write_text(RULES[: RULES.index('[[rules]]\nid = "trucks"')], encoding="utf-8")
    answer = bench.site.post("/rules/trucks/undo", data={"seen": seen}, headers=OWN)
    assert answer.status_code == 409
    assert "no rule file has this rule any more" in answer.text


def test_a_rule_of_an_each_is_edited_as_its_table_and_tried_as_itself(told: Newsroom, bench: Bench) -> None:
    each = '[[rules]]\nid = "{p}-shut"\nquery = "{p} AND closed"\neach = { p = ["kabul", "torkham"] }\n'
    bench.file.write_text(RULES + each, encoding="utf-8")
    bench.take_up()
    page = bench.site.get("/rules/torkham-shut").text
    assert "Its table makes several rules" in page
    assert ">\n{p} AND closed</textarea>" in page
    fields = bench.fields("/rules/torkham-shut") | {"query": "{p} AND (closed OR shut)", "since": "30d"}
    tried = bench.site.post("/rules/torkham-shut/archive/try", data=fields, headers=PART).text
    assert "1 match in 1 article; against the saved version" in tried
    assert bench.site.post("/rules/torkham-shut/save", data=fields, headers=OWN).status_code == 303
    assert bench.rule(-1)["query"] == "{p} AND (closed OR shut)"
    assert bench.rule(-1)["each"] == {"p": ["kabul", "torkham"]}


def test_where_the_file_is_read_only_the_page_says_so_and_shows_the_toml(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = bench.fields()["seen"]
    monkeypatch.setattr("os.access", lambda path, _: Path(path).is_dir())
    page = bench.site.post("/rules/torkham-closed/try", data={"query": "Torkham"}, headers=OWN).text
    assert "It cannot be saved here: the monitor may not write it." in page
    assert "query = &#34;Torkham&#34;" in page
    assert "formaction" not in page
    fields = {"query": "Torkham", "seen": seen}
    answer = bench.site.post("/rules/torkham-closed/save", data=fields, headers=PART)
    assert (answer.status_code, bench.text) == (403, RULES)
    assert "query = &#34;Torkham&#34;" in answer.text


def test_a_reader_tries_and_does_not_save(bench: Bench, newsroom: Newsroom) -> None:
    token = "mon_" + "a" * 43
    reader = AccessToken("Anna", Role.READER, sha256(token.encode()).hexdigest())
    site = bench.site_of(Entrance(lambda: (reader,), b"k" * 32, newsroom.clock))
    bearer = {"authorization": f"Bearer {token}"}
    for path in ("save", "undo"):
        assert site.post(f"/rules/torkham-closed/{path}", data=bench.fields(), headers=bearer).status_code == 403
    page = site.get("/rules/torkham-closed", headers=bearer).text
    assert "Save</button>" not in page
    for path in ("try", "words/try", "archive/try"):
        answer = site.post(f"/rules/torkham-closed/{path}", data={"query": "Torkham"}, headers=bearer)
        assert answer.status_code == 200


# ---- examples


def test_an_article_becomes_an_example_by_one_click_and_is_saved_with_the_rule(
    told: Newsroom, bench: Bench
) -> None:
    fields = bench.fields()
    page = bench.site.post(
        "/rules/torkham-closed/try", data=fields | {"take": "must_match https://news.example/e1"}, headers=OWN
    ).text
    area = unescape(re.findall(r'name="must_match"[^>]*>\n([^<]*)</textarea>', page)[0])
    assert area.startswith('{title = "Torkham closed", body = "')
    assert re.search(r"holds</span>\s*<span[^>]*>must match, new", page)
    saved = bench.site.post("/rules/torkham-closed/save", data=fields | {"must_match": area}, headers=OWN)
    assert saved.status_code == 303
    assert bench.rule()["must_match"] == [tomli.loads(f"x = {area}")["x"]]


def test_with_scripts_the_click_sends_the_field_and_the_state_of_all_examples(
    told: Newsroom, bench: Bench
) -> None:
    fields = bench.fields() | {"take": "must_not_match https://news.example/e1"}
    part = bench.site.post("/rules/torkham-closed/words/try", data=fields, headers=PART).text
    assert re.search(r'<textarea id="must_not_match"[^>]*hx-swap-oob="true"', part)
    assert re.search(r"fails</span>\s*<span[^>]*>must not match, new", part)
    assert "<label for=" not in part


@pytest.mark.parametrize("take", ["must_match https://never.example", "must_match", "id https://news.example/e1"])
def test_what_cannot_be_taken_is_said_or_left(told: Newsroom, bench: Bench, take: str) -> None:
    answer = bench.site.post("/rules/torkham-closed/try", data=bench.fields() | {"take": take}, headers=OWN)
    assert answer.status_code == (404 if take.startswith("must") else 200)


def test_an_example_takes_over_what_the_query_asks_of_an_article_and_no_more(told: Newsroom, bench: Bench) -> None:
    fields = {"query": "publisher:news", "take": "must_match https://news.example/e1"}
    page = unescape(bench.site.post("/rules/new/try", data=fields, headers=OWN).text)
    assert "publisher = " in page
    assert "feed = " not in page


def test_an_example_that_is_ticked_to_go_goes(bench: Bench) -> None:
    bench.site.post(
        "/rules/trucks/save",
        data=bench.fields("/rules/trucks") | {"must_match": "trucks wait\nmany trucks", "must_not_match": "cars"},
        headers=OWN,
    )
    assert bench.rule(1)["must_match"] == ["trucks wait", "many trucks"]
    page = bench.site.get("/rules/trucks").text
    assert page.count("holds</span>") == 3
    fields = bench.fields("/rules/trucks") | {"drop-must_match-0": "1", "drop-must_not_match-0": "1"}
    assert bench.site.post("/rules/trucks/save", data=fields, headers=OWN).status_code == 303
    assert bench.rule(1)["must_match"] == ["many trucks"]
    assert "must_not_match" not in bench.rule(1)


@pytest.mark.parametrize("example", ["file:/etc/passwd", "{ title = 1", "{ no = 'x' }", "{ title = 1 }"])
def test_an_example_that_is_none_or_reads_a_file_is_refused_by_trial_and_save(bench: Bench, example: str) -> None:
    fields = bench.fields() | {"must_match": example}
    tried = bench.site.post("/rules/torkham-closed/words/try", data=fields, headers=PART).text
    assert 'class="said bad"' in tried
    assert "root:" not in tried
    saved = bench.site.post("/rules/torkham-closed/save", data=fields, headers=PART)
    assert (saved.status_code, bench.text) == (422, RULES)


# ---- trials


def test_a_page_asks_no_archive_and_a_trial_answers_in_parts(told: Newsroom, bench: Bench) -> None:
    page = bench.site.get("/rules/torkham-closed").text
    assert "1 match in 1 article" not in page
    assert 'hx-post="/rules/torkham-closed/archive/try"' in page
    words = bench.site.post("/rules/torkham-closed/words/try", data={"query": "Torkham"}, headers=PART).text
    assert "What its words stand for" in words
    assert "1 match in 1 article" not in words
    first = {"query": "Torkham", "first": "1"}
    found = bench.site.post("/rules/torkham-closed/archive/try", data=first, headers=PART).text
    assert "1 match in 1 article" in found
    assert "The rest is being read" not in found


def test_a_trial_that_is_out_of_time_says_how_far_back_it_came_and_goes_on(
    told: Newsroom, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BUDGET", "FIRST"):
        monkeypatch.setattr(f"monitor.web.site.workbench.{name}", timedelta(seconds=-1))
    data = {"query": "nothing_of_it", "since": "30d"}
    first = bench.site.post("/rules/new/archive/try", data=data | {"first": "1"}, headers=PART).text
    assert "so far" in first
    assert "The rest is being read" in first
    last = bench.site.post("/rules/new/archive/try", data=data, headers=PART).text
    assert "Not all was read:" in last
    assert "only what came since" in last
    assert "The rest is being read" not in last


# ---- hostile


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_is_typed_is_text_on_the_page_and_the_same_in_the_file(bench: Bench, text: str) -> None:
    fields = bench.fields("/rules/trucks") | {"title": text, "must_not_match": text}
    answer = bench.site.post("/rules/trucks/save", data=fields, headers=OWN)
    assert answer.status_code == 303
    assert (bench.rule(1)["title"], bench.rule(1)["must_not_match"]) == (text, [text])
    page = bench.site.get("/rules/trucks").text
    assert "<script>alert" not in page
    again = bench.site.post("/rules/trucks/save", data=bench.fields("/rules/trucks"), headers=OWN)
    assert again.headers["location"].endswith("saved=same")


def test_line_ends_of_browsers_are_those_of_the_file(bench: Bench) -> None:
    fields = bench.fields() | {"query": 'Torkham\r\nAND "closed"\r\n'}
    assert bench.site.post("/rules/torkham-closed/save", data=fields, headers=OWN).status_code == 303
    assert "\r" not in bench.text
    assert "query = '''\nTorkham\nAND \"closed\"\n'''" in bench.text


@pytest.mark.parametrize(
    "name", ["..%2f..%2fetc%2fpasswd", "%00", "nothing", "~", "~~new", "a%0d%0ab", "x" * 5000]
)
@pytest.mark.parametrize("path", ["", "/save", "/try", "/state", "/undo"])
def test_a_rule_that_is_none_is_not_there(bench: Bench, name: str, path: str) -> None:
    ask = bench.site.get if path in ("", "/state") else bench.site.post
    answer = ask(f"/rules/{name}{path}", headers=OWN)
    assert answer.status_code in (400, 404, 405)
    assert bench.text == RULES


@pytest.mark.parametrize(
    "more",
    [
        {"file": "../config.toml"},
        {"file": "/etc/passwd"},
        {"id": "../x"},
        {"id": "a\nb"},
        {"tags": "a!b"},
        {"severity": "urgent"},
        {"query": "x" * 900_000},
        {"query": ""},
    ],
)
def test_a_new_rule_that_cannot_be_is_not_written_anywhere(bench: Bench, more: dict[str, str]) -> None:
    before = {path: path.read_bytes() for path in bench.config.parent.rglob("*") if path.is_file()}
    fields = bench.fields("/rules/new") | {"id": "ok", "query": "lorries"} | more
    answer = bench.site.post("/rules/new/save", data=fields, headers=OWN)
    assert answer.status_code in (409, 413, 422)
    assert before == {path: path.read_bytes() for path in bench.config.parent.rglob("*") if path.is_file()}


def test_what_is_too_large_or_has_a_nul_is_refused_before_it_is_read(bench: Bench) -> None:
    assert bench.site.post("/rules/trucks/save", data={"query": "x" * 1_100_000}, headers=OWN).status_code == 413
    assert bench.site.post("/rules/trucks/save", data={"query": "x\0"}, headers=OWN).status_code == 400
    assert bench.text == RULES


def test_another_page_cannot_save(bench: Bench) -> None:
    answer = bench.site.post(
        "/rules/trucks/save", data=bench.fields("/rules/trucks"), headers={"sec-fetch-site": "cross-site"}
    )
    assert answer.status_code == 403


# ---- the list


def test_the_list_says_when_a_rule_matched_last_and_what_of_it_was_told(told: Newsroom, bench: Bench) -> None:
    bench.site.post(
        "/rules/trucks/save", data=bench.fields("/rules/trucks") | {"must_match": "trucks"}, headers=OWN
    )
    bench.take_up()
    page = bench.site.get("/rules").text
    row = page[page.index("torkham-closed") : page.index("trucks")]
    assert "0 %" in row
    assert "0 of 1" in row
    assert "<time" in row
    assert "1 hold" in page[page.index(">trucks<") :]


def test_a_long_list_has_pages(bench: Bench) -> None:
    many = "\n".join(f'[[rules]]\nid = "r{n:04}"\nquery = "word{n}"\n' for n in range(250))
    bench.file.write_text(RULES + many, encoding="utf-8")
    bench.take_up()
    page = bench.site.get("/rules?page=3").text
    assert "Page 3 of 3" in page
    assert "r0249" in page
    for odd in ("0", "-1", "9999999", "x", "²"):
        assert bench.site.get("/rules", params={"page": odd}).status_code == 200


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("must_match", "Torkham closed\n" * 101),
        ("must_not_match", '{ body = "a" }\n' * 101),
        ("tags", " ".join(f"t{number}" for number in range(101))),
    ],
)
def test_more_than_somebody_types_is_refused_before_it_is_read(bench: Bench, field: str, typed: str) -> None:
    """A reader may try drafts too: one with some hundred thousand examples kept a processor busy for minutes."""
    fields = bench.fields() | {field: typed}
    for act in ("try", "words/try"):
        said = bench.site.post(f"/rules/torkham-closed/{act}", data=fields, headers=OWN)
        assert f"{field}: more than 100 at once" in unescape(said.text)
    before = bench.text
    assert bench.site.post("/rules/torkham-closed/save", data=fields, headers=OWN).status_code == 422
    assert bench.text == before


@pytest.mark.parametrize(
    "typed",
    [
        "{ KEYS }",
        "{ body = { KEYS } }",
        "{ body = 'a', authors = [LIST] }",
        "{ body = 'a', authors = [[LIST]] }",
    ],
    ids=["keys", "keys below", "list", "list below"],
)
def test_an_example_of_more_than_somebody_types_is_refused_before_it_is_read(bench: Bench, typed: str) -> None:
    keys, values = ", ".join(f"k{number} = 1" for number in range(100)), "'b', " * 100
    fields = {"query": "a", "must_match": typed.replace("KEYS", keys).replace("LIST", values)}
    said = bench.site.post("/rules/torkham-closed/words/try", data=fields, headers=PART)
    assert "a table of more than 100 values is no example" in said.text
    assert "unknown" not in said.text
