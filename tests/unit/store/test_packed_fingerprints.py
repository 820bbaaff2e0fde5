"""A fingerprint comes back from its bytes as it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.adapters.store.packed import fingerprint_of, pack_features, pack_sketch
from monitor.model.story import Features, Fingerprint, Sketch

HASHES = st.lists(st.integers(-(2**63), 2**63 - 1), max_size=40).map(tuple)
PAIRS = st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.integers(1, 65_535)), max_size=40).map(tuple)


@given(st.integers(0, 2**32 - 1), HASHES, HASHES, PAIRS, PAIRS)
def test_a_fingerprint_comes_back_as_it_was(count, bands, grams, terms, names):
    made = Fingerprint(Sketch(1, count, bands, grams), Features(2, terms, names))
    assert fingerprint_of(pack_sketch(made.sketch), pack_features(made.features)) == made


def test_an_article_without_one_has_none():
    assert fingerprint_of(None, None) is None
