"""Documents as JSON lines: each line a document, or why it is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import BinaryIO

from monitor.core.rules import document_from_json
from monitor.core.rules.errors import DocumentInvalid
from monitor.model.article import Document

LONGEST_LINE = 10_000_000  # bytes, as of one answer of a feed server: no article has more


def document_in(line: str) -> Document | str:
    """The document of one line, or what is wrong with it; never raises, whatever the line."""
    try:
        return document_from_json(json.loads(line))
    except json.JSONDecodeError as error:
        return f"no JSON: {error.msg} in column {error.pos + 1}"
    except DocumentInvalid as error:
        return str(error)
    except ValueError:  # a number of thousands of digits
        return "holds a number that cannot be read"
    except RecursionError:
        return "nested too deep"


def document_lines(stream: BinaryIO) -> Iterator[tuple[int, Document | str]]:
    """The documents of a stream with the numbers of their lines; empty lines are passed over."""
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            while line and not line.endswith(b"\n"):
                line = stream.readline(LONGEST_LINE)
            yield number, f"longer than {LONGEST_LINE // 1_000_000} MB"
        elif line.strip():
            # A byte order mark is what some editors begin a file with.
            yield number, document_in(line.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace"))
