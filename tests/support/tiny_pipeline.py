"""A tiny real spaCy pipeline, trained in seconds on some sentences."""

from __future__ import annotations

from pathlib import Path

TRAIN = [
    ("Khawaja Asif met Ishaq Dar in Kabul .", [(0, 12, "PERSON"), (17, 26, "PERSON"), (30, 35, "GPE")]),
    ("Reuters said Khawaja Asif left Kabul on Sunday .", [(0, 7, "ORG"), (13, 25, "PERSON"), (31, 36, "GPE")]),
    ("Ishaq Dar told Reuters so in Peshawar .", [(0, 9, "PERSON"), (15, 22, "ORG"), (29, 37, "GPE")]),
    ("In Peshawar , Reuters quoted Ishaq Dar .", [(3, 11, "GPE"), (14, 21, "ORG"), (29, 38, "PERSON")]),
]

JORDAN = [
    ("The border with Jordan was closed on Sunday .", [(16, 22, "GPE")]),
    ("Trucks wait in Jordan , officials said .", [(15, 21, "GPE")]),
    ("The crossing into Jordan reopened .", [(18, 24, "GPE")]),
    ("Michael Jordan watched the game .", [(0, 14, "PERSON")]),
    ("Fans met Michael Jordan on Sunday .", [(9, 23, "PERSON")]),
    ("The ball of Michael Jordan was sold .", [(12, 26, "PERSON")]),
]
"""Two who are called alike."""


def train_pipeline(folder: Path, sentences: list[tuple[str, list[tuple[int, int, str]]]] = TRAIN) -> str:
    """Trains it into the folder and returns the folder as `[nlp].model` wants it."""
    import spacy  # two thirds of a second, which most processes that run tests never need
    from spacy.training import Example

    spacy.util.fix_random_seed(0)
    pipeline = spacy.blank("en")
    pipeline.add_pipe("ner")
    examples = [Example.from_dict(pipeline.make_doc(text), {"entities": spans}) for text, spans in sentences]
    optimizer = pipeline.initialize(lambda: examples)
    for _ in range(40):
        pipeline.update(examples, sgd=optimizer, drop=0.0)
    pipeline.to_disk(folder)
    return str(folder)
