"""Rules in their files: read, written by the keys that change, given examples, put back as they were."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from monitor.app.article_examples import example_of_article
from monitor.app.check import rule_files_of
from monitor.app.rule_json import filed_json
from monitor.app.rule_saving import RuleSaver, Saved, Saving
from monitor.app.rule_standing import standing_of
from monitor.app.rule_tables import FiledRule, filed_rule
from monitor.app.why import id_now
from monitor.app.workbench import EXAMPLE_KEYS
from monitor.core.rules.editing import NotWritable, Values, rule_toml
from monitor.model.rule import Severity
from monitor.web.api.asking import Answer, Asked, Name, Question
from monitor.web.api.problems import Reason, Refused, problems_json
from monitor.web.api.reading import QueryText

MOST = 300  # examples of a kind in one request: each is read, by rules and by TOML
_KEYS = 50  # of an example: the fields of an article, and those of an `each`
_TAGS = 100


def _no_file(example: str | dict[str, Any]) -> str | dict[str, Any]:
    if isinstance(example, str) and example.startswith("file:"):  # of whatever the monitor may read
        raise ValueError('"file:…" is written into the rule file by hand only')
    return example


Text = Annotated[str, Field(max_length=200_000)]
Example = Annotated[
    Text | Annotated[dict[Name, Text | Annotated[list[Text], Field(max_length=_KEYS)]], Field(max_length=_KEYS)],
    AfterValidator(_no_file),
    Field(description="The words of an article, or what is known of one: title, body, section, language …"),
]
Examples = Annotated[list[Example], Field(max_length=MOST)]
Addresses = Annotated[list[Annotated[str, Field(min_length=1, max_length=4_000)]], Field(max_length=MOST)]
Tags = Annotated[list[Name], Field(max_length=_TAGS)]
Title = Annotated[str, Field(max_length=1_000)]
Fingerprint = Annotated[str, Field(max_length=100, description="Of the version that was read, as its file has it")]


class _Keys(Question):
    title: Title | None = None
    query: QueryText | None = None
    tags: Tags | None = None
    severity: Severity | None = None
    must_match: Examples | None = None
    must_not_match: Examples | None = None


class NewRule(_Keys):
    """A rule for the end of a rule file."""

    id: Name
    title: Title
    query: QueryText
    file: Name | None = Field(None, description="The rule file; needed where the config names several")


class RuleChange(_Keys):
    """The keys that change, as they are to be; null takes a key away, and what is not named stays as it is."""

    fingerprint: Fingerprint


class MoreExamples(Question):
    """Examples that a rule is to have, too; those that it has are not added twice."""

    must_match: Examples = Field([])
    must_not_match: Examples = Field([])
    must_match_articles: Addresses = Field([], description="Addresses of stored articles")
    must_not_match_articles: Addresses = Field([])
    fingerprint: Fingerprint | None = None


class Undoing(Question):
    """Which version is undone."""

    fingerprint: Fingerprint


def show_file(asked: Asked) -> Answer:
    """The rule as its file has it now, in force or not: its table, what it says, and its `fingerprint`, with which
    it is changed. `fixed` says why it cannot be; `before` is the table that an undo would bring back, "" where the
    rule would go, null where no version of before is known."""
    return _told(asked, _filed(asked), _name(asked))


def add_rule(asked: Asked) -> Answer:
    """Puts a new rule at the end of a rule file, after everything was checked as `monitor check` does it, the
    examples too. The daemon takes it up at once: `standing` says when it is in force."""
    name, file = asked.body.id, _file(asked)
    given = asked.body.model_dump(mode="json", exclude={"id", "file"})
    values = {"id": name, **{key: value for key, value in given.items() if value}}
    saved = _saved(asked, lambda saver: saver.add(file, values), name, _toml(values), Reason.NO_SUCH_RULE_FILE)
    return _answer(asked, saved, name)


def save_rule(asked: Asked) -> Answer:
    """Changes keys of a rule in its file, every comment kept, after everything was checked as `monitor check` does
    it, the examples too. A version that is not the one that was read is never written over: `now` has it."""
    given = asked.body.model_dump(mode="json", exclude_unset=True, exclude={"fingerprint"})
    return _changed(asked, _filed(asked), {key: value or None for key, value in given.items()})


def add_examples(asked: Asked) -> Answer:
    """Adds examples to a rule. They have to hold. Articles are taken over with their words, and with what else the
    query asks of one."""
    filed, body = _filed(asked), asked.body
    query = str(filed.values.get("query", ""))
    changes = {}
    for key in EXAMPLE_KEYS:
        more = [*body.model_dump(mode="json")[key]]
        more += [example_of_article(asked.open_house, url, query) for url in getattr(body, f"{key}_articles")]
        there = filed.values.get(key, [])
        if not more:
            continue
        if not isinstance(there, list):
            raise Refused(Reason.NOT_WRITABLE, f"{key} is no list in its file, and to be mended there", toml="")
        changes[key] = [*there, *(one for place, one in enumerate(more) if one not in [*there, *more[:place]])]
    return _changed(asked, filed, changes)


def undo_rule(asked: Asked) -> Answer:
    """Puts the version in place that stood there before the last save; `rule` is null where that was none. It
    is known until the restart."""
    filed, shown = _filed(asked), asked.body.fingerprint
    name, saver = _name(asked), asked.open_house.saver
    before = None if saver is None else saver.before(name, filed)
    saved = _saved(asked, lambda saver: saver.undo(name, shown), name, before or "")
    return _answer(asked, saved, name)


def _name(asked: Asked) -> str:
    return str(id_now(asked.path["rule"], asked.house.ruleset))


def _filed(asked: Asked) -> FiledRule:
    filed = _in_file(asked, _name(asked))
    if filed is None:
        raise Refused(Reason.NO_SUCH_RULE, f'no rule file of the config has a rule "{asked.path["rule"]}"')
    return filed


def _in_file(asked: Asked, name: str) -> FiledRule | None:
    return filed_rule(asked.open_house.config, asked.open_house.ready(), name)


def _file(asked: Asked) -> str:
    if asked.body.file is not None:
        return str(asked.body.file)
    files = list(rule_files_of(asked.open_house.config))
    if len(files) != 1:
        there = ", ".join(files) or "none"
        raise Refused(Reason.NO_SUCH_RULE_FILE, f"say into which file of the config; there are: {there}")
    return files[0]


def _changed(asked: Asked, filed: FiledRule, wanted: Values) -> Answer:
    name, shown = _name(asked), asked.body.fingerprint or filed.fingerprint
    # What is as it is wanted stays as it is written; of another version than was read that is for nobody to say.
    known = filed.values if shown == filed.fingerprint else {}
    changes = {key: value for key, value in wanted.items() if key not in known or value != known[key]}
    saved = _saved(
        asked, lambda saver: saver.change(name, changes, shown), name, _toml({**filed.values, **wanted})
    )
    return _answer(asked, saved, name)


def _saved(
    asked: Asked,
    work: Callable[[RuleSaver], Saved],
    name: str,
    toml: str,
    gone: Reason = Reason.NO_SUCH_RULE,
) -> Saved:
    """What was saved. Raises Refused, with what was to be written, to be copied."""
    saver = asked.open_house.saver
    saved = Saved(Saving.READ_ONLY, why=_NO_CHANGES) if saver is None else work(saver)
    if saved.outcome in (Saving.SAVED, Saving.SAME):
        return saved
    more: dict[str, Any] = {"toml": toml}
    if saved.problems:
        more["problems"] = problems_json(saved.problems)
    if saved.now is not None:
        more["now"] = _told(asked, saved.now, name)
    reason = gone if saved.outcome is Saving.GONE else _REASONS[saved.outcome]
    raise Refused(reason, saved.why or _WORDS[saved.outcome], **more)


def _toml(wanted: Values) -> str:
    try:
        return rule_toml({key: value for key, value in wanted.items() if value is not None})
    except NotWritable:
        return ""


def _answer(asked: Asked, saved: Saved, name: str) -> Answer:
    filed = _in_file(asked, name)
    return {"outcome": saved.outcome.value, "rule": None if filed is None else _told(asked, filed, name)}


def _told(asked: Asked, filed: FiledRule, name: str) -> Answer:
    house = asked.open_house
    standing = standing_of(house, filed)
    before = None if house.saver is None else house.saver.before(name, filed)
    fixed = filed.fixed or (_NO_CHANGES if house.saver is None else "")
    told = filed_json(filed, standing, before)
    return {**told, "fixed": fixed or None, "why": asked.error(told["why"])}


_NO_CHANGES = "this monitor takes no changes up while it runs"
_REASONS: Mapping[Saving, Reason] = {
    Saving.INVALID: Reason.RULE_INVALID,
    Saving.CHANGED: Reason.RULE_CHANGED,
    Saving.READ_ONLY: Reason.READ_ONLY,
    Saving.NOT_WRITABLE: Reason.NOT_WRITABLE,
    Saving.BUSY: Reason.FILE_BUSY,
    Saving.NOTHING_BEFORE: Reason.NOTHING_BEFORE,
}
_WORDS = {
    Saving.INVALID: "the rule, its examples or what depends on it would not hold: nothing was saved",
    Saving.CHANGED: "the file has another version than the one that was read: `now` has it, nothing was saved",
}
