"""The EntityRecognizer port over spaCy. spaCy is imported in sandbox children only: it takes 150 MB and more."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from monitor.model.article import EntityMention
from monitor.model.errors import MonitorError, SandboxFailed
from monitor.ports import Sandbox

MAX_TEXT = 100_000  # code points; spaCy takes about 1 GB per million (its own limit is one million)
MAX_NAME = 200

# OntoNotes labels (English, Chinese) and those of WikiNER, SUC and the other training sets of spaCy's pipelines.
_TYPES = {
    "PERSON": "person",
    "PER": "person",
    "PRS": "person",
    "persName": "person",
    "ORG": "org",
    "ORGANIZATION": "org",
    "orgName": "org",
    "GPE": "place",
    "GPE_LOC": "place",
    "LOC": "place",
    "FAC": "place",
    "placeName": "place",
    "geogName": "place",
}


class ModelUnusable(MonitorError):
    """The pipeline cannot be loaded; says what to do about it."""


class SpacyRecognizer:
    """Keeps the EntityRecognizer port; `model` is a package name or a directory (`[nlp].model`).

    The sandbox's memory limit must leave room for the pipeline: a small one needs about 1.5 GB of address
    space, a transformer 6 GB and more.
    """

    def __init__(self, model: str, sandbox: Sandbox) -> None:
        self._model = model
        self._sandbox = sandbox

    def recognise(self, text: str) -> Sequence[EntityMention]:
        """Persons, organisations and places in order of appearance, each once.

        Reads the first MAX_TEXT code points. Raises ModelUnusable when spaCy or the pipeline is missing,
        SandboxFailed when the child could not finish.
        """
        if not text.strip():
            return ()
        return self._sandbox.run(find_entities, self._model, text[:MAX_TEXT])


def check_model(model: str, sandbox: Sandbox) -> str | None:
    """Why the pipeline cannot be used, as one line; None when it can."""
    try:
        sandbox.run(probe_model, model)
    except (ModelUnusable, SandboxFailed) as error:
        return str(error)
    return None


def find_entities(model: str, text: str) -> tuple[EntityMention, ...]:
    """Runs in a child: the named persons, organisations and places of a text."""
    found: dict[tuple[str, str], EntityMention] = {}
    for span in _pipeline(model)(text).ents:
        kind = _TYPES.get(span.label_)
        name = " ".join(span.text.split())
        if kind and name and len(name) <= MAX_NAME:
            found.setdefault((name, kind), EntityMention(name, kind))
    return tuple(found.values())


def probe_model(model: str) -> None:
    """Runs in a child: loads the pipeline and checks that it can name entities."""
    pipeline = _pipeline(model)
    # Transition-based "ner", "beam_ner" of older ones, rule-based "entity_ruler", "span_ruler" writing doc.ents.
    if not any("ner" in name or "ruler" in name for name in pipeline.pipe_names):
        raise ModelUnusable(f'the spaCy pipeline "{model}" has no entity recogniser')


@functools.lru_cache(maxsize=1)
def _pipeline(model: str) -> Any:
    """The loaded pipeline, once per child: loading takes a second and more."""
    try:
        import spacy
    except ImportError as error:
        raise ModelUnusable(
            "[nlp].model needs spaCy, which is not installed: pip install 'media-monitor[nlp]'"
        ) from error
    try:
        pipeline = spacy.load(model)
    except OSError as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelUnusable(
            f'the spaCy pipeline "{model}" cannot be loaded; is it a directory or an installed package? ({reason})'
        ) from error
    unneeded = {"parser", "lemmatizer", "textcat", "senter"} & set(pipeline.pipe_names)
    for name in sorted(unneeded):
        pipeline.disable_pipe(name)  # half of the time and nothing to our question
    return pipeline
