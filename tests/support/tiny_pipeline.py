"""A tiny real spaCy pipeline, trained in seconds on four sentences."""

from __future__ import annotations

from pathlib import Path

import spacy
from spacy.training import Example

TRAIN = [
    ("Khawaja Asif met Ishaq Dar in Kabul .", [(0, 12, "PERSON"), (17, 26, "PERSON"), (30, 35, "GPE")]),
    ("Reuters said Khawaja Asif left Kabul on Sunday .", [(0, 7, "ORG"), (13, 25, "PERSON"), (31, 36, "GPE")]),
    ("Ishaq Dar told Reuters so in Peshawar .", [(0, 9, "PERSON"), (15, 22, "ORG"), (29, 37, "GPE")]),
    ("In Peshawar , Reuters quoted Ishaq Dar .", [(3, 11, "GPE"), (14, 21, "ORG"), (29, 38, "PERSON")]),
]


def train_pipeline(folder: Path) -> str:
    """Trains it into the folder and returns the folder as `[nlp].model` wants it."""
    spacy.util.fix_random_seed(0)
    pipeline = spacy.blank("en")
    pipeline.add_pipe("ner")
    examples = [Example.from_dict(pipeline.make_doc(text), {"entities": spans}) for text, spans in TRAIN]
    optimizer = pipeline.initialize(lambda: examples)
    for _ in range(40):
        pipeline.update(examples, sgd=optimizer, drop=0.0)
    pipeline.to_disk(folder)
    return str(folder)
