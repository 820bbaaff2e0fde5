"""spaCy behind the port: a tiny real pipeline, trained here, run in a real child."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_pipeline import TRAIN, train_pipeline

from monitor.adapters.nlp import SpacyRecognizer, check_model
from monitor.adapters.nlp.recognizer import ModelUnusable
from monitor.adapters.sandbox import ProcessSandbox
from monitor.model.article import EntityMention


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return train_pipeline(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ProcessSandbox]:
    made = ProcessSandbox(workers=1, seconds=60, cpu_seconds=60, memory_bytes=6 << 30, resident_bytes=None)
    yield made
    made.close()


@pytest.mark.needs("spacy")
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


@pytest.mark.needs("spacy")
def test_a_good_model_passes_the_check(model: str, sandbox: ProcessSandbox) -> None:
    assert check_model(model, sandbox) is None


@pytest.mark.needs("spacy")
def test_a_missing_model_is_named_in_one_line(sandbox: ProcessSandbox) -> None:
    why = check_model("no_such_model", sandbox)
    assert why is not None
    assert '"no_such_model" cannot be loaded' in why
    assert "\n" not in why
    with pytest.raises(ModelUnusable):
        SpacyRecognizer("no_such_model", sandbox).recognise("Kabul")


@pytest.mark.needs("spacy")
def test_a_pipeline_without_names_is_refused(tmp_path: Path, sandbox: ProcessSandbox) -> None:
    import spacy

    spacy.blank("en").to_disk(tmp_path)
    why = check_model(str(tmp_path), sandbox)
    assert why is not None
    assert "no entity recogniser" in why
