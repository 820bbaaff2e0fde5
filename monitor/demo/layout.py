"""A saved document's lines, told apart as the blocks of the page they came from.

A saved page keeps one block per line. What a line is can be read from its shape: the headline repeats the title, a
bullet starts with one, furniture is a fixed phrase, a subhead has no full stop.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from monitor.demo.samples import SampleStory

SUMMARY_LENGTH = 300  # characters: what feeds usually give
_SUBHEAD_LENGTH = 100
_FURNITURE = frozenset({"Short Url", "Follow", "Recent", "Read More »"})
_STOPS = (".", "!", "?", "”", '"', ")", ":")
_SENTENCE_END = re.compile(r"(?<=[.!?”])\s+(?=[A-Z“])")


class BlockKind(StrEnum):
    """What one line of a page is."""

    HEADLINE = "headline"
    SUBHEAD = "subhead"
    PARAGRAPH = "paragraph"
    BULLET = "bullet"
    CAPTION = "caption"
    FURNITURE = "furniture"  # "Short Url", "Read More »": neither headline nor text


@dataclass(frozen=True, slots=True)
class Block:
    """One line of a page, without surrounding space or bullet."""

    kind: BlockKind
    text: str


@dataclass(frozen=True, slots=True)
class Layout:
    """The blocks of one page: the story, then what the page holds after it (empty where nothing follows)."""

    story: tuple[Block, ...]
    tail: tuple[Block, ...]


def layout(story: SampleStory) -> Layout:
    """The blocks of the whole document; a headline is put on top where the text has none."""
    lines = [line.strip() for line in story.body.splitlines() if line.strip()]
    cut = lines.index(story.tail_begins) if story.tail_begins else len(lines)
    main = [_block(line, story.title) for line in lines[:cut]]
    if not main or main[0].kind is not BlockKind.HEADLINE:
        main.insert(0, Block(BlockKind.HEADLINE, story.title))
    return Layout(_with_captions(main), tuple(_tail_block(line, story) for line in lines[cut:]))


def summary(story: SampleStory) -> str:
    """What a feed says about the story: its first sentences, at most SUMMARY_LENGTH characters."""
    first = next(block.text for block in layout(story).story if block.kind is BlockKind.PARAGRAPH)
    said = ""
    for sentence in _SENTENCE_END.split(first):
        if said and len(said) + 1 + len(sentence) > SUMMARY_LENGTH:
            break
        said = f"{said} {sentence}".strip()
    return said if len(said) <= SUMMARY_LENGTH else said[: SUMMARY_LENGTH - 1].rsplit(" ", 1)[0] + "…"


def _block(line: str, title: str) -> Block:
    if line == title:
        return Block(BlockKind.HEADLINE, line)
    if line.startswith("•"):
        return Block(BlockKind.BULLET, line.lstrip("•").strip())
    if line in _FURNITURE or line.startswith("Updated "):
        return Block(BlockKind.FURNITURE, line)
    looks_like_text = line.endswith(_STOPS) or line.startswith(("SEE ALSO:", "Source:"))
    if looks_like_text or len(line) > _SUBHEAD_LENGTH:
        return Block(BlockKind.PARAGRAPH, line)
    return Block(BlockKind.SUBHEAD, line)


def _tail_block(line: str, story: SampleStory) -> Block:
    block = _block(line, story.title)
    # In the tail every heading is the headline of some other text.
    return Block(BlockKind.HEADLINE, line) if block.kind is BlockKind.SUBHEAD else block


def _with_captions(blocks: list[Block]) -> tuple[Block, ...]:
    """Running text between furniture-flanked headlines is a picture's caption, not the story."""
    again = [place for place, block in enumerate(blocks) if block.kind is BlockKind.HEADLINE]
    if len(again) < 2 or not any(b.kind is BlockKind.FURNITURE for b in blocks[: again[1]]):
        return tuple(blocks)
    return tuple(
        Block(BlockKind.CAPTION, block.text) if place < again[1] and block.kind is BlockKind.PARAGRAPH else block
        for place, block in enumerate(blocks)
    )
