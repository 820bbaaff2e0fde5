"""schema.org articles in a page's JSON-LD: lists, @graph, nested objects; hostile input stays bounded."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]
_MOST_NODES = 2_000
_ARTICLES = (
    "Article",
    "BlogPosting",
    "Posting",
    "Report",
)  # ends of schema.org types: NewsArticle, LiveBlogPosting
_INSIDE = ("@graph", "mainEntity", "mainEntityOfPage", "itemListElement", "item")


def json_ld_articles(tree: Any) -> tuple[Node, ...]:
    """The articles (NewsArticle and its kin) that the page describes, in document order."""
    return tuple(_articles(tree))


def _articles(tree: Any) -> Iterator[Node]:
    seen = 0
    for script in tree.iter("script"):
        if (script.get("type") or "").strip().lower() != "application/ld+json" or not script.text:
            continue
        try:
            # strict=False: many sites leave line ends inside strings
            waiting = deque([json.loads(script.text, strict=False)])
        except (ValueError, RecursionError):
            continue
        while waiting and seen < _MOST_NODES:
            node = waiting.popleft()
            seen += 1
            if isinstance(node, list):
                waiting.extend(node[:_MOST_NODES])
            elif isinstance(node, dict):
                if _is_article(node.get("@type")):
                    yield node
                waiting.extend(node[key] for key in _INSIDE if isinstance(node.get(key), dict | list))


def _is_article(kind: object) -> bool:
    kinds = kind if isinstance(kind, list) else [kind]
    return any(isinstance(one, str) and one.endswith(_ARTICLES) for one in kinds)


def names_in(value: object) -> list[str]:
    """The `name`s of persons or organisations: a string, an object or a list of both."""
    found = []
    for one in value if isinstance(value, list) else [value]:
        name = one.get("name") if isinstance(one, dict) else one
        names = name if isinstance(name, list) else [name]
        found += [text for text in names if isinstance(text, str) and text.strip()]
    return found


def text_of(nodes: tuple[Node, ...], key: str) -> str:
    """The first of the articles' values that is a text, "" when none is."""
    return next((node[key] for node in nodes if isinstance(node.get(key), str) and node[key].strip()), "")


def is_locked(nodes: tuple[Node, ...]) -> bool:
    """Whether the page says that the article may not be read for free."""
    return any(node.get("isAccessibleForFree") in (False, "False", "false", "no", "No") for node in nodes)
