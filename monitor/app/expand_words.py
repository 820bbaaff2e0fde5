"""What the operands of a query reach, in words: lines of text for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from monitor.app.counting import counted
from monitor.app.expanding import Answer, Expanded, Reached
from monitor.core.digests.passages import one_line
from monitor.core.names import spellings_shown
from monitor.core.rules.expansions import EntityOf, FamilyOf, PrefixOf, TermOf
from monitor.core.text.columns import cut_to, wrap
from monitor.core.text.families import Family
from monitor.model.rule import Entity

_INDENT = "  "
_MOST_WORDS = 60  # of one kind, of one operand
_LONGEST_QUERY = 1_500


def answer_lines(answer: Answer) -> Iterator[str]:
    """The answer at 80 columns, the operands apart."""
    for number, one in enumerate(answer.operands):
        if number:
            yield ""
        yield from _lines(one, answer.found is not None)
    if not answer.operands:
        yield from wrap("no ~word, word*, @entity or $term: every word of the query stands for itself")
    if answer.found is not None:
        yield ""
        if answer.read < answer.found:
            articles = f"the newest {answer.read:,} of {answer.found:,} articles"
        else:
            articles = counted(answer.found, "article")
        yield from wrap(f"(A number says in how many of {articles} that may hold these words one stands.)")


def _lines(one: Expanded, asked: bool) -> Iterator[str]:
    match one.operand:
        case FamilyOf() as operand:
            yield from wrap(f"{operand.source} · {_family_said(operand)}", then=_INDENT)
            yield from _words("", [each for each in one.reached if each.form.is_listed])
            yield from _words("by their stem: ", [each for each in one.reached if not each.form.is_listed])
            unlike = [word for family in operand.families for word in family.unlike]
            yield from wrap(f"not: {', '.join(unlike)}", _INDENT, then=_INDENT * 2) if unlike else ()
        case PrefixOf() as operand:
            yield from wrap(f"{operand.source} · words that begin with {operand.start}", then=_INDENT)
            yield from _words("", [each for each in one.reached if not each.form.is_surprise])
            other = f"not of the family {operand.family}" if operand.family else "not of its family"
            surprising = [each for each in one.reached if each.form.is_surprise]
            yield from _words(f"SURPRISE, {other}: ", surprising)
            if not one.reached:
                yield f"{_INDENT}no word that a family lists" + ("" if asked else "; no archive was asked")
        case EntityOf() as operand:
            entity = operand.entity
            yield from wrap(f"{operand.source} · {entity.type}, {one_line(entity.name)}", then=_INDENT)
            for label, texts in _names(entity):
                yield from wrap(f"{label}: {'; '.join(map(one_line, texts))}", _INDENT, then=_INDENT * 2)
        case TermOf() as operand:
            query = cut_to(one_line(operand.query), _LONGEST_QUERY)
            yield from wrap(f"{operand.source} · {query}", then=_INDENT)


def _family_said(operand: FamilyOf) -> str:
    if operand.is_exact:
        return "the word itself: no family lists it, and its script has no stemmer"
    heads = [family.head for family in operand.families]
    found = (
        f"the {'family' if len(heads) == 1 else 'families'} {', '.join(heads)}" if heads else "no family lists it"
    )
    return found + ("; words listed nowhere are reached by their stem" if operand.is_by_stem else "")


def _words(label: str, reached: Sequence[Reached]) -> Iterator[str]:
    if not reached:
        return
    words = [each.form.word + (f" {each.articles:,}" if each.articles else "") for each in reached[:_MOST_WORDS]]
    more = f", and {len(reached) - _MOST_WORDS:,} more" if len(reached) > _MOST_WORDS else ""
    yield from wrap(f"{label}{', '.join(words)}{more}", _INDENT, then=_INDENT * 2 if label else None)


def _names(entity: Entity) -> Iterator[tuple[str, Sequence[str]]]:
    """What finds an entity, by kind."""
    if entity.aliases:
        yield "aliases", entity.aliases
    if variants := _variants(entity):
        yield "variants, such as", variants
    if entity.acronyms:
        yield "acronyms, in exact case", entity.acronyms
    if entity.need:
        yield "only where this holds", (entity.need,)
    if entity.banned:
        yield "not where this holds", (entity.banned,)


def _variants(entity: Entity) -> Sequence[str]:
    """Some of the spellings that count because of `variants = true`."""
    names = (entity.name, *entity.aliases)
    return spellings_shown(names, is_person=entity.type == "person") if entity.variants else ()


def answer_json(answer: Answer) -> Iterator[dict[str, Any]]:
    """One object an operand."""
    for one in answer.operands:
        yield _object(one)


def _object(one: Expanded) -> dict[str, Any]:
    words = [
        {
            "word": each.form.word,
            "listed": each.form.is_listed,
            "surprise": each.form.is_surprise,
            "articles": each.articles,
        }
        for each in one.reached
    ]
    match one.operand:
        case FamilyOf() as operand:
            families = [_family_object(family) for family in operand.families]
            said = {"exact": operand.is_exact, "by_stem": operand.is_by_stem, "families": families}
            return {"operand": operand.source, "kind": "family", **said, "words": words}
        case PrefixOf() as operand:
            return {"operand": operand.source, "kind": "prefix", "family": operand.family, "words": words}
        case EntityOf() as operand:
            return {"operand": operand.source, "kind": "entity", **_entity_object(operand.entity)}
        case TermOf() as operand:
            return {"operand": operand.source, "kind": "term", "query": operand.query}


def _family_object(family: Family) -> dict[str, Any]:
    return {"head": family.head, "words": list(family.words), "not": list(family.unlike)}


def _entity_object(entity: Entity) -> dict[str, Any]:
    return {
        "name": entity.name,
        "type": entity.type,
        "aliases": list(entity.aliases),
        "variants": list(_variants(entity)),
        "acronyms": list(entity.acronyms),
        "need": entity.need,
        "not": entity.banned,
    }
