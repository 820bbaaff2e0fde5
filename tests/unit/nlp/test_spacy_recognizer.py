"""spaCy behind the port: a tiny real pipeline, trained here, run in a real child."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.adapters.nlp import SpacyRecognizer, check_model
from monitor.adapters.nlp.recognizer import ModelUnusable
from monitor.adapters.sandbox import ProcessSandbox
from monitor.model.article import EntityMention

TRAIN = [
    ("Khawaja Asif met Ishaq Dar in Kabul .", [(0, 12, "PERSON"), (17, 26, "PERSON"), (30, 35, "GPE")]),
    ("Reuters said Khawaja Asif left Kabul on Sunday .", [(0, 7, "ORG"), (13, 25, "PERSON"), (31, 36, "GPE")]),
    ("Ishaq Dar told Reuters so in Peshawar .", [(0, 9, "PERSON"), (15, 22, "ORG"), (29, 37, "GPE")]),
    ("In Peshawar , Reuters quoted Ishaq Dar .", [(3, 11, "GPE"), (14, 21, "ORG"), (29, 38, "PERSON")]),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    spacy = pytest.importorskip("spacy")
    from spacy.training import Example

    spacy.util.fix_random_seed(0)
    pipeline = spacy.blank("en")
    pipeline.add_pipe("ner")
    examples = [Example.from_dict(pipeline.make_doc(text), {"entities": spans}) for text, spans in TRAIN]
    optimizer = pipeline.initialize(lambda: examples)
    for _ in range(40):
        pipeline.update(examples, sgd=optimizer, drop=0.0)
    folder = tmp_path_factory.mktemp("model")
    pipeline.to_disk(folder)
    return str(folder)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ProcessSandbox]:
    made = ProcessSandbox(workers=1, seconds=60, cpu_seconds=60, memory_bytes=6 << 30)
    yield made
    made.close()


def test_persons_organisations_and_places_come_in_order_each_once(model: str, sandbox: ProcessSandbox) -> None:
    recognizer = SpacyRecognizer(model, sandbox)
    text = f"{TRAIN[1][0]} {TRAIN[1][0]}"
    assert list(recognizer.recognise(text)) == [
        EntityMention("Reuters", "org"),
        EntityMention("Khawaja Asif", "person"),
        EntityMention("Kabul", "place"),
    ]


def test_an_empty_text_asks_no_child(sandbox: ProcessSandbox) -> None:
    assert SpacyRecognizer("no such model", sandbox).recognise(" \n") == ()


def test_a_good_model_passes_the_check(model: str, sandbox: ProcessSandbox) -> None:
    assert check_model(model, sandbox) is None


def test_a_missing_model_is_named_in_one_line(sandbox: ProcessSandbox) -> None:
    why = check_model("no_such_model", sandbox)
    assert why is not None
    assert '"no_such_model" cannot be loaded' in why
    assert "\n" not in why
    with pytest.raises(ModelUnusable):
        SpacyRecognizer("no_such_model", sandbox).recognise("Kabul")


def test_a_pipeline_without_names_is_refused(tmp_path: Path, sandbox: ProcessSandbox) -> None:
    spacy = pytest.importorskip("spacy")
    spacy.blank("en").to_disk(tmp_path)
    why = check_model(str(tmp_path), sandbox)
    assert why is not None
    assert "no entity recogniser" in why
