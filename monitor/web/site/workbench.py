"""The workbench: a rule is written, tried while it is written, and saved into its file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from monitor.app.article_examples import article_example
from monitor.app.backtest_words import days_of
from monitor.app.check import rule_files_of
from monitor.app.explaining import NotExplainable
from monitor.app.open_house import OpenHouse
from monitor.app.rule_saving import Saved, Saving
from monitor.app.rule_standing import standing_of
from monitor.app.rule_tables import FiledRule, filed_rule
from monitor.app.since import since
from monitor.app.workbench import Draft, read_draft, tried_draft
from monitor.core.rules.editing import NotWritable, Values, rule_toml
from monitor.model.problem import Problem
from monitor.model.rule import Rule
from monitor.web.site.forms import Fields, see
from monitor.web.site.lanes import is_gone
from monitor.web.site.rendering import page, rule_path, visitor_of
from monitor.web.site.rule_forms import (
    EDITED,
    EXAMPLES,
    LONGEST_QUERY,
    SEVERITIES,
    BadField,
    changes,
    drafted,
    fields_of_rule,
    listed,
    without_dropped,
)

BUDGET = timedelta(seconds=2)
FIRST = timedelta(milliseconds=200)  # of the archive, so that something is seen within half a second
AT_ONCE = timedelta(milliseconds=40)  # of the examples, while a page waits
SPANS = ("24h", "3d", "7d", "30d", "90d", "365d")
NO_READER = "who only reads does not save"
_NEWEST = 10
_STATUS = {
    Saving.INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
    Saving.CHANGED: HTTPStatus.CONFLICT,
    Saving.GONE: HTTPStatus.CONFLICT,
    Saving.BUSY: HTTPStatus.CONFLICT,
    Saving.NOTHING_BEFORE: HTTPStatus.CONFLICT,
    Saving.READ_ONLY: HTTPStatus.FORBIDDEN,
    Saving.NOT_WRITABLE: HTTPStatus.FORBIDDEN,
}


class _Bench(NamedTuple):
    """The rule on the bench: in force, as its file has it; of a new one neither is there."""

    name: str  # in paths
    rule: Rule | None
    filed: FiledRule | None

    @property
    def values(self) -> Values:
        """Its table."""
        if self.filed is not None:
            return self.filed.values
        return (
            {} if self.rule is None else {"id": self.rule.id, "title": self.rule.title, "query": self.rule.query}
        )

    @property
    def file(self) -> str:
        """Its rule file."""
        return self.filed.file if self.filed else self.rule.file if self.rule else ""


def rule_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /rules/torkham-closed?query=…&since=7d&url=…"""
    return _shown(open_house, request, _bench(open_house, request), dict(request.query_params))


def new_rule_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /rules/new?query=…"""
    return _shown(open_house, request, _NEW, dict(request.query_params))


def rule_state(open_house: OpenHouse, request: Request) -> Response:
    """GET /rules/torkham-closed/state: whether what its file says is in force."""
    bench = _bench(open_house, request)
    standing = standing_of(open_house, bench.filed)
    return page(request, "rule_state.html", target=rule_path(bench.name), standing=standing)


def try_rule(open_house: OpenHouse, request: Request, fields: Fields) -> Response:
    """POST /rules/torkham-closed/try, or /rules/new/try: what the draft comes to. It changes nothing."""
    bench = _bench(open_house, request)
    fields = _taken(open_house, bench, fields)
    return _shown(open_house, request, bench, fields, _tried(open_house, request, bench, fields, BUDGET))


def try_words(open_house: OpenHouse, request: Request, fields: Fields) -> Response:
    """POST /rules/torkham-closed/words/try: the part of a trial that asks no archive, and comes at once."""
    bench = _bench(open_house, request)
    took = "take" in fields
    fields = _taken(open_house, bench, fields)
    draft = _read(open_house, bench, fields)
    values = _trial(request, open_house, bench, fields, draft)
    return page(request, "trial.html", **{**values, "swaps": True, "took": took})


def try_archive(open_house: OpenHouse, request: Request, fields: Fields) -> Response:
    """POST /rules/torkham-closed/archive/try: what the draft matches; first=1 for what comes at once."""
    bench = _bench(open_house, request)
    draft = _tried(open_house, request, bench, fields, FIRST if fields.get("first") else BUDGET)
    more = bool(fields.get("first")) and draft.test is not None and not draft.test.tally.is_whole
    return page(request, "tried.html", **{**_trial(request, open_house, bench, fields, draft), "more": more})


def save_rule(open_house: OpenHouse, request: Request, fields: Fields) -> Response:
    """POST /rules/torkham-closed/save, or /rules/new/save"""
    bench = _bench(open_house, request)
    saver = open_house.saver
    if saver is None:
        raise HTTPException(HTTPStatus.FORBIDDEN, "Nothing can be saved here.")
    try:
        values = drafted(fields, bench.values)
    except BadField as error:
        return _unsaved(open_house, request, bench, fields, Saved(Saving.INVALID, (_problem(str(error)),)))
    if bench is _NEW:
        saved = saver.add(fields.get("file", ""), {"id": fields.get("id", "").strip(), **values})
        name = rule_path(fields.get("id", "").strip())
    else:
        over = fields.get("over", "")
        kept = values if over else without_dropped(values, fields)  # of which examples they are, nobody knows
        saved = saver.change(bench.name, changes(bench.values, kept), over or fields.get("seen", ""))
        name = rule_path(bench.name)
    if saved.outcome in (Saving.SAVED, Saving.SAME):
        return _see(request, f"{name}?saved={saved.outcome.value}")
    return _unsaved(open_house, request, bench, fields, saved)


def undo_rule(open_house: OpenHouse, request: Request, fields: Fields) -> Response:
    """POST /rules/torkham-closed/undo: back to the version before the last save"""
    bench = _bench(open_house, request)
    if open_house.saver is None:
        raise HTTPException(HTTPStatus.FORBIDDEN, "Nothing can be saved here.")
    saved = open_house.saver.undo(bench.name, fields.get("seen", ""))
    if saved.outcome in (Saving.SAVED, Saving.SAME):
        is_there = filed_rule(open_house.config, open_house.ready(), bench.name) is not None
        return _see(request, f"{rule_path(bench.name)}?saved=undone" if is_there else "/rules")
    return _unsaved(open_house, request, bench, fields_of_rule(bench.values), saved)


_NEW = _Bench("new", None, None)


def _bench(open_house: OpenHouse, request: Request) -> _Bench:
    """The rule that a path names. Raises HTTPException."""
    name = request.path_params.get("rule")
    if name is None:
        return _NEW
    name = str(name).removeprefix("~")  # so that a rule may be called "new"
    ready = open_house.ready()
    rule = ready.ruleset.rule(name) if ready.ruleset.has(name) else None
    filed = filed_rule(open_house.config, ready, name)
    if rule is None and filed is None:
        raise HTTPException(404, "No rule in force has this id, and no rule file.")
    return _Bench(name, rule, filed)


def _taken(open_house: OpenHouse, bench: _Bench, fields: Fields) -> Fields:
    """The fields with an article as a further example, where a button said so: `must_match https://…`."""
    key, _, url = fields.get("take", "").partition(" ")
    if key not in EXAMPLES:
        return fields
    try:
        example = article_example(open_house, url, fields.get("query", "")[:LONGEST_QUERY])
    except NotExplainable as error:
        raise HTTPException(404, str(error)) from error
    there = fields.get(key, "").strip("\n")
    return {**fields, key: f"{there}\n{example}".strip("\n")}


def _read(
    open_house: OpenHouse, bench: _Bench, fields: Fields, budget: timedelta = timedelta(seconds=1)
) -> Draft | None:
    """The draft by itself; None where nothing is written yet."""
    query = fields.get("query", "")[:LONGEST_QUERY].strip()
    if not query:
        return None
    try:
        values = drafted({**fields, "query": query}, bench.values)
    except BadField as error:
        return Draft(query, (_problem(str(error)),))
    # Of the rules that an `each` makes this one is tried.
    return read_draft(
        open_house,
        bench.name if bench.rule else None,
        values,
        file=bench.file,
        url=fields.get("url", "").strip(),
        budget=budget,
    )


def _tried(open_house: OpenHouse, request: Request, bench: _Bench, fields: Fields, budget: timedelta) -> Draft:
    draft = _read(open_house, bench, fields) or Draft("")
    if not draft.query:
        return draft
    moment = since(_span(fields), open_house.clock.now()).moment
    id_ = bench.rule.id if bench.rule else None
    return tried_draft(open_house, id_, draft, moment, budget, lambda: is_gone(request))


def _shown(
    open_house: OpenHouse,
    request: Request,
    bench: _Bench,
    fields: Fields,
    draft: Draft | None = None,
    code: int = HTTPStatus.OK,
    **more: Any,
) -> Response:
    """The whole page."""
    typed = {**fields_of_rule(bench.values), **fields}
    draft = draft or _read(open_house, bench, typed, AT_ONCE)
    rule, ledger = bench.rule, open_house.store.ledger
    month = since("30d", open_house.clock.now()).moment
    return page(
        request,
        "rule.html",
        code,
        rule=rule,
        newest=ledger.matches(month, rule=rule.id, limit=_NEWEST) if rule else (),
        matches=ledger.count_matches(month, rule=rule.id) if rule else 0,
        severities=SEVERITIES,
        spans=SPANS,
        files=list(rule_files_of(open_house.config)) if bench.filed is None else [],
        standing=standing_of(open_house, bench.filed),
        told=request.query_params.get("saved", ""),
        before=open_house.saver.before(bench.name, bench.filed) if open_house.saver and bench.filed else None,
        there_is_new=bench is _NEW and open_house.ready().ruleset.has("new"),
        **{"saved": None, **more},
        **_trial(request, open_house, bench, typed, draft),
    )


def _unsaved(open_house: OpenHouse, request: Request, bench: _Bench, fields: Fields, saved: Saved) -> Response:
    """What was typed, and why it was not saved."""
    code = _STATUS[saved.outcome]
    try:
        kept = rule_toml(without_dropped(drafted(fields, bench.values), fields))
    except (BadField, NotWritable):
        kept = ""
    if request.headers.get("hx-request") == "true":
        target = "/rules/new" if bench is _NEW else rule_path(bench.name)
        return page(request, "unsaved.html", code, saved=saved, kept=kept, target=target)
    return _shown(open_house, request, bench, fields, None, code, saved=saved, kept=kept)


def _trial(
    request: Request, open_house: OpenHouse, bench: _Bench, fields: Fields, draft: Draft | None
) -> Mapping[str, Any]:
    """What the parts of the page show that change while a rule is written."""
    test = draft.test if draft else None
    fixed = _why_not_saved(request, open_house, bench)
    return {
        "target": "/rules/new" if bench is _NEW else rule_path(bench.name),
        "filed": bench.filed,
        "fields": {
            **dict.fromkeys((*EDITED, "url", "file", "seen"), ""),
            **fields,
            "since": _span(fields),
        },
        "draft": draft,
        "tally": test.tally if test else None,
        "perday": days_of(test, open_house.clock.now()) if test else [],
        "fixed": fixed,
        "written": _written(bench, fields) if draft and fixed else "",
        "is_saved": bench.rule is not None
        and draft is not None
        and bench.rule.query.strip() == draft.query.strip(),
        "numbers": {key: len(listed(bench.values, key)) for key in EXAMPLES},
        "swaps": False,
        "took": False,
        "more": False,
    }


def _why_not_saved(request: Request, open_house: OpenHouse, bench: _Bench) -> str:
    """Why the form has no button to save, "" where it has one."""
    if not visitor_of(request).acts:
        return NO_READER
    if open_house.saver is None:
        return "this monitor takes no changes up while it runs"
    if bench.filed is not None:
        return bench.filed.fixed
    return "its file is none of the config's, or cannot be read" if bench.rule else ""


def _written(bench: _Bench, fields: Fields) -> str:
    """The rule as TOML, to be copied."""
    try:
        values = without_dropped(drafted(fields, bench.values), fields)
        ready = {"id": "a-name", "title": "What it is about", **values} if bench is _NEW else values
        return rule_toml(ready)
    except (BadField, NotWritable):
        return ""


def _span(fields: Fields) -> str:
    return fields["since"] if fields.get("since") in SPANS else "7d"


def _problem(message: str) -> Problem:
    return Problem("", 0, message)


def _see(request: Request, address: str) -> Response:
    if request.headers.get("hx-request") == "true":
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"hx-redirect": address})
    return see(address)
