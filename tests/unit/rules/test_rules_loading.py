"""Rule files: what loads, and what is said about the rest."""

from __future__ import annotations

import pytest
from rule_samples import load

from monitor.core.rules import LoadedRules, RuleFile, load_rules
from monitor.model.problem import Gravity
from monitor.model.rule import Example, Severity

RULE = "[[rules]]\nid = 'r'\nquery = 'x'\n"


def errors(loaded: LoadedRules) -> list[str]:
    return [f"{p.line}: {p.message}" for p in loaded.problems if p.gravity is Gravity.ERROR]


def warnings(loaded: LoadedRules) -> list[str]:
    return [f"{p.line}: {p.message}" for p in loaded.problems if p.gravity is Gravity.WARNING]


def ids(loaded: LoadedRules) -> list[str]:
    return [rule.id for rule in loaded.ruleset.rules]


def test_a_rule_has_all_that_its_table_says():
    loaded = load(
        "# first line\n[[rules]]\nid = 'torkham-closed'\ntitle = 'Closed'\nquery = 'Torkham closed*'\n"
        "tags = ['border']\nseverity = 'high'\nmust_match = ['a', 'file:b.txt', {title='t', body='b'}]\n"
        "must_not_match = [{title='t'}, {body='b'}]\n"
    )
    rule = loaded.ruleset.rule("torkham-closed")
    assert (rule.title, rule.query, rule.tags, rule.severity) == (
        "Closed",
        "Torkham closed*",
        ("border",),
        Severity.HIGH,
    )
    assert rule.must_match == (Example(body="a"), Example(file="b.txt"), Example("t", "b"))
    assert rule.must_not_match == (Example("t"), Example(body="b"))
    assert (rule.file, rule.line) == ("rules.toml", 2)
    assert len(rule.version) == 8


def test_what_a_rule_leaves_out_has_a_default():
    rule = load(RULE).ruleset.rule("r")
    assert (rule.title, rule.severity, rule.tags, rule.must_match) == ("r", Severity.NORMAL, (), ())


def test_no_files_and_empty_files_make_an_empty_set():
    assert load_rules([]).ruleset.rules == ()
    assert load("# nothing here\n").problems == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = [", '1: not valid TOML'),
        ("[[rules]]\nid = 'r\n", "2: not valid TOML"),
        ("[rule]\nx = 1\n", '1: rule: unknown key; did you mean "rules"?'),
        (RULE + "severty = 'high'\n", '4: rules[0].severty: unknown key; did you mean "severity"?'),
        (
            RULE + "severity = 'hihg'\n",
            '4: rules[0].severity: "hihg" is none of low, normal, high; did you mean "high"?',
        ),
        (RULE + "severity = 3\n", "4: rules[0].severity: must be a string, not a number"),
        (RULE + "tags = 'border'\n", "4: rules[0].tags: must be a list, not a string"),
        (RULE + "tags = ['a b']\n", '4: rules[0].tags: "a b" is no tag'),
        (RULE + "must_match = [3]\n", "4: rules[0].must_match: example 1 must be a text"),
        ("[[rules]]\nid = 'r'\n", '1: rules[0]: "query" is missing'),
        ("[[rules]]\nquery = 'x'\n", '1: rules[0]: "id" is missing'),
        ("[[rules]]\nid = 'R x'\nquery = 'x'\n", '2: rules[0].id: "R x" is no rule id'),
        ("[[rules]]\nid = 'r'\nquery = ''\n", '3: rule "r": the query is empty'),
        ("rules = 3\n", "1: rules: must be a list, not a number"),
        ("rules = [3]\n", "1: rules[0]: must be a table"),
        ("entities = 3\n", "1: entities: must be tables"),
        ("[entities]\nx = 3\n", "2: entities.x: must be a table"),
        ('[entities."a b"]\nname = "x"\n', '1: "a b" is no name'),
        (
            "[entities.x]\nname = 'X'\naliasses = []\n",
            '3: entities.x.aliasses: unknown key; did you mean "aliases"?',
        ),
        ("[entities.x]\nname = 'X'\nneed = '(London'\n", '3: entity @x: "need": this "(" is never closed'),
        ("[entities.x]\nname = 'X'\nnot = 'NOT a'\n", '3: entity @x: "not": the query only says what must'),
        ("[entities.x]\nname = 'X'\nneed = '@x'\n", '3: entity @x: "need": speaks of words only'),
        ("[entities.x]\nname='X'\nnot='$t'\n[terms.t]\nquery='@x'\n", '3: entity @x: "not": speaks of words only'),
        ("[entities.x]\nname = 'X'\nneed = 'a AND NOT person:b'\n", '3: entity @x: "need": speaks of words only'),
        ("[entities.x]\nname='X'\nnot='$t'\n[terms.t]\nquery='org:b'\n", '3: entity @x: "not": speaks of words'),
        ("[entities.x]\nname = 'X'\ntype = 'organization'\n", '3: entities.x.type: "organization" is none of'),
        ("[entities.x]\nname = 'X'\naliases = ['—']\n", '3: entities.x.aliases: "—" holds no word'),
        ("[entities.x]\nname = 'X'\naliases = ['']\n", "3: entities.x.aliases: item 1 must be a string"),
        ("[entities.x]\nname = 'X'\nacronyms = ['A B']\n", '3: entities.x.acronyms: "A B" is no acronym'),
        ("[entities.x]\ntype = 'org'\n", "1: entities.x: needs a name"),
        ("[entities.x]\nname = 'X'\nvariants = 'yes'\n", "3: entities.x.variants: must be true or false"),
        ("[terms.x]\n", '1: terms.x: "query" is missing'),
        ("[terms.x]\nquery = 'NOT a'\n", "2: term $x: the query only says what must be absent"),
        ("[terms.x]\nquery = '('\n", '2: term $x: this "(" is never closed'),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line_and_the_other_rules_load(text, said):
    broken = RuleFile("broken.toml", text)
    loaded = load_rules([broken, RuleFile("good.toml", "[[rules]]\nid = 'good'\nquery = 'x'\n")])
    assert len(errors(loaded)) == 1, errors(loaded)
    assert errors(loaded)[0].startswith(said)
    assert ids(loaded) == ["good"]


@pytest.mark.parametrize(
    ("query", "message", "under"),
    [
        ("SENTENCE(@torkham AND ($closed OR ))", 'expected a term, found ")"', ")"),
        ("@torkam AND x", "unknown entity @torkam; did you mean @torkham?", "@torkam"),
        ("x AND $cloosed", "unknown term $cloosed; did you mean $closed?", "$cloosed"),
        ("NOT x", "the query only says what must be absent", "NOT x"),
        ("NOT x AND -y", "the query only says what must be absent", "NOT x"),
        ("a OR NOT b", "this alternative only says what must be absent", "NOT b"),
        ("a OR (c AND (d OR NOT b))", None, None),
        ("title:(NOT x)", "the query only says what must be absent", "NOT x"),
        ("a AND SENTENCE(NOT b)", "the query only says what must be absent", "NOT b"),
        ("a NEAR/3 (b OR NOT c)", "NOT cannot stand inside NEAR", "NOT c"),
        ("a NEAR/3 (b AND c)", "AND cannot stand inside NEAR", "b AND c"),
        (
            "a NEAR/3 $both",
            'AND cannot stand inside NEAR; use OR, a "phrase" or another NEAR (inside $both)',
            "$both",
        ),
        ("a NEAR/3 SENTENCE(b)", "SENTENCE(…) cannot stand inside NEAR", "SENTENCE(b)"),
    ],
)  # fmt: skip
def test_a_query_that_cannot_work_is_refused_with_a_caret(query, message, under):
    names = "[entities.torkham]\nname='Torkham'\n[terms.closed]\nquery='closed'\n[terms.both]\nquery='b AND c'\n"
    loaded = load(f"{names}[[rules]]\nid = 'r'\nquery = '{query}'\n")
    if message is None:
        assert errors(loaded) == []
        return
    (problem,) = [p for p in loaded.problems if p.gravity is Gravity.ERROR]
    assert problem.line == 9
    assert problem.message.startswith(f'rule "r": {message}')
    shown, caret = problem.context
    assert shown[caret.index("^") : caret.rindex("^") + 1] == under


def test_all_errors_of_all_files_are_told_in_one_run():
    files = [
        RuleFile(f"{n}.toml", "[[rules]]\nid='a'\nquery='('\n[[rules]]\nid='b'\nquery='x'\nx=1\n") for n in "pq"
    ]
    assert [p.file for p in load_rules(files).problems] == ["p.toml", "p.toml", "q.toml", "q.toml"]


def test_a_name_may_be_given_once_over_all_files():
    text = "[entities.e]\nname='E'\n[terms.t]\nquery='x'\n" + RULE
    loaded = load_rules([RuleFile("a.toml", text), RuleFile("b.toml", "# comment\n" + text)])
    assert errors(loaded) == [
        "2: entity @e is already defined in a.toml:1",
        "4: term $t is already defined in a.toml:3",
        '6: rule "r" is already defined in a.toml:5',
    ]
    assert ids(loaded) == ["r"]


def test_names_of_one_file_are_known_in_all_files():
    names = "[entities.e]\nname='E'\n[terms.t]\nquery='x'\n"
    loaded = load_rules([RuleFile("a.toml", "[[rules]]\nid='r'\nquery='$t @e'\n"), RuleFile("b.toml", names)])
    assert errors(loaded) == []
    assert ids(loaded) == ["r"]


def test_a_rule_on_a_broken_term_says_so_and_does_not_call_it_unknown():
    loaded = load("[terms.t]\nquery='('\n[[rules]]\nid='r'\nquery='$t'\n")
    assert errors(loaded) == [
        '2: term $t: this "(" is never closed',
        '5: rule "r": refers to $t, which did not load',
    ]


def test_terms_may_refer_to_terms_but_not_in_a_circle():
    assert errors(load("[terms.a]\nquery='$b'\n[terms.b]\nquery='x'\n[[rules]]\nid='r'\nquery='$a'\n")) == []
    loaded = load("[terms.a]\nquery='$b'\n[terms.b]\nquery='$a OR x'\n" + RULE)
    assert len(errors(loaded)) == 2
    assert all("refers to itself: $" in error for error in errors(loaded))
    assert ids(loaded) == ["r"]


def test_terms_that_grow_without_end_are_refused():
    doubling = "".join(f"[terms.t{i}]\nquery='$t{i - 1} OR $t{i - 1}'\n" for i in range(1, 40))
    loaded = load("[terms.t0]\nquery='x'\n" + doubling)
    assert any("20,000 are allowed" in error for error in errors(loaded))


def test_terms_that_nest_without_end_are_refused():
    chain = "".join(f"[terms.t{i}]\nquery='$t{i - 1}'\n" for i in range(1, 400))
    loaded = load("[terms.t0]\nquery='x'\n" + chain)
    assert any("nested more than 50 deep" in error for error in errors(loaded))


def test_a_query_at_the_limit_of_nesting_matches_and_explains():
    from monitor.model.article import Document

    query = "(a OR b AND " * 49 + "x" + ")" * 49
    ruleset = load(f"[[rules]]\nid='r'\nquery='{query}'\n").ruleset
    assert len(ruleset.match(Document(id="d", title="a b x"))) == 1


def test_a_spelling_of_more_words_than_a_phrase_may_have_is_refused():
    (error,) = errors(load(f"[entities.a]\nname = 'a'\naliases = ['{'a ' * 101}']\n"))
    assert error == "3: entities.a.aliases: a phrase has at most 100 words, this one has 101"


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("'''\n  SENTENCE(\n    a AND\n\tta*\n  )\n'''", 6),
        ("'''a AND\n  ta*'''", 4),
        ('"""\na AND\n  ta*\n"""', 5),
        ('"a AND\\n ta*"', 3),  # the line break is written as \\n
    ],
)
def test_of_a_query_over_several_lines_the_line_of_the_trouble_is_named(query, line):
    (error,) = errors(load(f"[[rules]]\nid = 'r'\nquery = {query}\ntitle = 'ta*'\n"))
    assert error == f'{line}: rule "r": "ta*" is too short: a prefix needs at least 3 letters'


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("title:(body:x)", "body: inside title: is never found"),
        ("title:(a OR summary:x)", "summary: inside title: is never found"),
        ("feed:(title:x)", "title: inside feed: is never found"),
        ("title:$b", "body: inside title: is never found (inside $b)"),
        ("title:(a AND feed:x)", None),
        ("body:(lead:x)", None),
        ("title:(person:x)", None),
        ("person:(title:x)", None),
        ("$b AND title:x", None),
    ],
)
def test_a_field_inside_a_field_that_it_is_no_part_of_is_an_error(query, message):
    loaded = load(f"[terms.b]\nquery = 'body:x'\n[[rules]]\nid = 'r'\nquery = '{query}'\n")
    assert errors(loaded) == ([f'5: rule "r": {message}'] if message else [])


def test_a_quote_that_is_not_closed_is_said_to_be_that():
    for text in ("id = 'r\n", 'id = "r\n', 'id = "r\nquery = "x"\n', "id = 'r\nquery = 'x'\n", 'id = "r'):
        assert errors(load(f"[[rules]]\n{text}")) == ["2: not valid TOML: a quote that is not closed on its line"]


def test_empty_need_and_not_ask_for_nothing():
    assert load("[entities.a]\nname='a'\nneed=''\nnot=''\n").problems == ()


def test_a_name_listed_as_acronym_counts_in_exact_case_only():
    from monitor.model.article import Document

    ruleset = load("[entities.who]\nname='WHO'\nacronyms=['WHO']\n[[rules]]\nid='r'\nquery='@who'\n").ruleset
    assert ruleset.match(Document(id="d", title="the WHO said"))
    assert not ruleset.match(Document(id="d", title="who said"))


def test_lints_are_warnings_and_the_rule_loads():
    loaded = load("[[rules]]\nid = 'who-alert'\nquery = 'WHO OR vaccine'\n")
    assert warnings(loaded) == ['3: rule "who-alert": "WHO" matches the word who; write =WHO for the organisation']
    assert ids(loaded) == ["who-alert"]


def test_a_version_changes_with_the_query_and_with_what_it_refers_to():
    def version(alias: str = "B", term: str = "x", query: str = "@e $t", title: str = "T") -> tuple[str, str]:
        loaded = load(
            f"[entities.e]\nname='E'\naliases=['{alias}']\n[terms.t]\nquery='$u'\n[terms.u]\nquery='{term}'\n"
            f"[[rules]]\nid='r'\ntitle='{title}'\nquery='{query}'\n"
        )
        return loaded.ruleset.rule("r").version, loaded.ruleset.version

    assert version() == version(title="Another")
    assert len({version(), version(alias="C"), version(term="y"), version(query="@e OR $t")}) == 4
    # a rule is not new for a name that it does not use; the set is: which names an article holds is stored, too
    assert version(query="a", alias="C")[0] == version(query="a", alias="D")[0]
    assert version(query="a", alias="C")[1] != version(query="a", alias="D")[1]


def test_the_version_of_a_set_does_not_depend_on_the_order_of_files():
    a, b = RuleFile("a.toml", RULE), RuleFile("b.toml", "[[rules]]\nid='s'\nquery='y'\n")
    assert load_rules([a, b]).ruleset.version == load_rules([b, a]).ruleset.version
    assert load_rules([a]).ruleset.version != load_rules([a, b]).ruleset.version


@pytest.mark.parametrize(
    "text",
    [
        "[" * 5_000,
        "a = " + "[" * 5_000,
        "\x00",
        "a.b." * 3_000 + "c=1",
        "\ufeff[[rules]]",
        "a = " + "9" * 5_000,
    ],
)
def test_hostile_files_are_problems_and_never_exceptions(text):
    assert load(text).problems
