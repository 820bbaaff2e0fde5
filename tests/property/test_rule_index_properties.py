"""The law of the index: it changes nothing but the time. What it leaves out does not hold, whatever the text."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rule_samples import NAMES, load

from monitor.core.rules import RuleSet
from monitor.model.article import Document, EntityMention
from monitor.model.problem import Gravity
from monitor.model.rule import Match

WORDS = [
    *("torkham", "Kabul", "café", "cease-fire", "ceasefire", "TTP", "طورخم", "塔利班", "塔利", "border", "closed"),
    *("closure", "close", "Close", "closing", "U.S.", "US", "us", "defence", "defense", "Defence", "ministry"),
    *("6,000", "stand-off", "standoff", "F-16", "reopening", "Mohammad Sadiq Khan", "Sadiq Khan", "شد", "a-b-c"),
]  # fmt: skip
SEPARATORS = [" ", " ", " ", ", ", ". ", "\n", "\n\n", " — ", "-", " https://torkham.example/closed "]

texts = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(SEPARATORS)), max_size=20).map(
    lambda parts: "".join(word + separator for word, separator in parts)
)
documents = st.builds(
    Document,
    id=st.just("d"),
    title=texts,
    body=texts,
    summary=st.just("") | texts,
    url=st.sampled_from(["", "https://dawn.example/torkham-closed"]),
    publisher=st.sampled_from(["", "Dawn", "Kabul Times", "US Defence Weekly"]),
    authors=st.lists(st.sampled_from(["Mohammad Sadiq Khan", "A. Closed"]), max_size=2).map(tuple),
    language=st.sampled_from(["", "en", "ur"]),
    section=st.sampled_from(["", "Border news"]),
    feed=st.sampled_from(["", "Dawn"]),
    tags=st.sampled_from([(), ("border",), ("cease-fire", "Kabul")]),
    names=st.sampled_from([(), (EntityMention("Kabul", "place"), EntityMention("Sadiq Khan", "person"))]),
)

words = st.sampled_from([word for word in WORDS if " " not in word])
phrases = st.lists(words | words.map("~{}".format) | st.just("clos*"), min_size=1, max_size=3).map(
    lambda parts: '"' + " ".join(part for part in parts if not part.startswith("~") or part[1:].isalpha()) + '"'
)
leaves = st.one_of(
    words,
    phrases.filter(lambda phrase: len(phrase) > 2),
    st.sampled_from(["~close", "~closure", "~reopen", "~ministry", "~us", "~شد", "clos*", "cease-f*", "塔利*"]),
    st.sampled_from(["=US", "=U.S.", "=TTP", "=Close", "=Defence", "=cease-fire", "=F-16", "=us"]),
    st.sampled_from(["@torkham", "@ttp", "@envoy", "@mayor", "$closed"]),
)
placed = leaves | st.tuples(leaves, leaves).map(lambda pair: f"({pair[0]} OR {pair[1]})")
pairs = st.tuples(placed, st.sampled_from(["NEAR/4", "ONEAR/2", "NOT NEAR/3", "NEAR"]), placed).map(" ".join)
FIELDS = ["title", "summary", "body", "lead", "url", "publisher", "language", "section", "author", "feed", "tag"]
NAMED = ["person", "org", "place"]


def _composed(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    some = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        some.map(lambda parts: "(" + " AND ".join(parts) + ")"),
        some.map(lambda parts: "(" + " OR ".join(parts) + ")"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} AND NOT {pair[1]})"),
        st.tuples(st.sampled_from(["SENTENCE(", "PARA(", "ATLEAST(2, "]), inner).map(
            lambda pair: f"{pair[0]}{pair[1]})"
        ),
        st.tuples(st.sampled_from(FIELDS + NAMED), inner).map(lambda pair: f"{pair[0]}:({pair[1]})"),
    )


queries = st.recursive(leaves | pairs, _composed, max_leaves=6)


def _sound(queries: list[str]) -> RuleSet:
    """The rules of those queries that load, each alone in its file."""
    text = "\n".join(f"[[rules]]\nid = 'r{number}'\nquery = '''{query}'''" for number, query in enumerate(queries))
    loaded = load(f"{NAMES}\n{text}\n")
    assert all(problem.gravity is Gravity.WARNING or "rule" in str(problem) for problem in loaded.problems)
    return loaded.ruleset


def _agrees(queries: list[str], texts: list[Document]) -> int:
    """Fails where the index changes an answer; the number of matches otherwise."""
    ruleset = _sound(queries)
    plain = ruleset.without_index()
    found = 0
    for document in texts:
        answers = ruleset.match(document)
        assert answers == plain.match(document)
        assert all(isinstance(answer, Match) for answer in answers), answers
        found += len(answers)
    return found


SLOW_MACHINES = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


@given(st.lists(queries, min_size=1, max_size=12), st.lists(documents, min_size=1, max_size=3))
@settings(SLOW_MACHINES, max_examples=150)
def test_the_index_never_changes_an_answer(queries: list[str], documents: list[Document]) -> None:
    _agrees(queries, documents)


@pytest.mark.soak
@given(st.lists(queries, min_size=1, max_size=40), st.lists(documents, min_size=1, max_size=10))
@settings(SLOW_MACHINES, max_examples=3_000)
def test_the_index_never_changes_an_answer_in_thousands_of_tries(
    queries: list[str], documents: list[Document]
) -> None:
    _agrees(queries, documents)
