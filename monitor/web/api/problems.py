"""What is not answered, and why: problem details (RFC 9457) with a named reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse, Response

from monitor.app.deliveries import NoSuchDelivery
from monitor.app.explaining import NotExplainable
from monitor.app.questions import NoSuchDigest, NoSuchReceiver
from monitor.app.silences import CannotSilence, NoSuchSilence
from monitor.app.since import NoSpan
from monitor.app.stories import NoSuchStory
from monitor.app.stories_apart import CannotSplit
from monitor.app.why import NoSuchRule
from monitor.model.errors import ConfigInvalid, MonitorError, StoreError
from monitor.model.problem import Problem

KIND = "application/problem+json"


class Reason(StrEnum):
    """Why a request is not answered, or does nothing."""

    INVALID_PARAMETER = "invalid_parameter"  # of the query string
    INVALID_BODY = "invalid_body"  # of a POST: no JSON object, or another one than is described
    NOT_JSON = "not_json"  # the body does not say that it is JSON
    NOT_OPML = "not_opml"  # likewise
    TOO_LARGE = "too_large"
    NO_TOKEN = "no_token"  # noqa: S105 - a reason
    WRONG_TOKEN = "wrong_token"  # noqa: S105 - a reason
    TOO_OFTEN = "too_often"  # wrong tokens from one address
    READER = "reader"  # a reader may read, but not do this
    FOREIGN_PAGE = "foreign_page"  # a browser asks for a page of somebody else's
    UNKNOWN_PAGE = "unknown_page"  # a browser's session, and nothing says for which page
    NO_SUCH_ROUTE = "no_such_route"
    WRONG_METHOD = "wrong_method"
    NO_SUCH_STORY = "no_such_story"
    NO_SUCH_RULE = "no_such_rule"
    NO_SUCH_FEED = "no_such_feed"
    NO_SUCH_DIGEST = "no_such_digest"
    NO_SUCH_RECEIVER = "no_such_receiver"
    NO_SUCH_DELIVERY = "no_such_delivery"
    NO_SUCH_SILENCE = "no_such_silence"
    NO_SUCH_RULE_FILE = "no_such_rule_file"
    RULE_INVALID = "rule_invalid"  # it, its examples or what depends on it would not hold
    RULE_CHANGED = "rule_changed"  # its file has another version than the one that was read
    READ_ONLY = "read_only"  # the file, or all of this monitor
    NOT_WRITABLE = "not_writable"  # written in a way that cannot be changed by machine
    FILE_BUSY = "file_busy"  # somebody else writes there at this moment
    NOTHING_BEFORE = "nothing_before"  # no version of before is known
    QUERY_INVALID = "query_invalid"  # the rule language does not take it
    NOT_EXPLAINABLE = "not_explainable"
    CANNOT_SILENCE = "cannot_silence"
    SILENCES_EVERYTHING = "silences_everything"  # and the body does not say that this is meant
    NOT_RETRIED = "not_retried"  # `answer` says why
    NOT_ASKED = "not_asked"  # likewise: a feed
    NO_FEED = "no_feed"  # the address was asked, and answered with no feed, or not at all
    NOT_ADDED = "not_added"  # a feed that is subscribed to already
    DECLARED = "declared"  # a feed of the config, to be deleted there
    CANNOT_SPLIT = "cannot_split"  # it would change nothing, or names what is not of the story
    TOO_SOON = "too_soon"  # another test message: `retry_after` says when
    LIST_REFUSED = "list_refused"  # no OPML
    BUSY = "busy"
    NO_STORE = "no_store"
    BROKEN = "broken"


STATUS_OF: Mapping[Reason, int] = {
    Reason.INVALID_PARAMETER: 400,
    Reason.INVALID_BODY: 400,
    Reason.NOT_JSON: 415,
    Reason.NOT_OPML: 415,
    Reason.TOO_LARGE: 413,
    Reason.NO_TOKEN: 401,
    Reason.WRONG_TOKEN: 401,
    Reason.TOO_OFTEN: 429,
    Reason.READER: 403,
    Reason.FOREIGN_PAGE: 403,
    Reason.UNKNOWN_PAGE: 403,
    Reason.NO_SUCH_ROUTE: 404,
    Reason.WRONG_METHOD: 405,
    Reason.NO_SUCH_STORY: 404,
    Reason.NO_SUCH_RULE: 404,
    Reason.NO_SUCH_FEED: 404,
    Reason.NO_SUCH_DIGEST: 404,
    Reason.NO_SUCH_RECEIVER: 404,
    Reason.NO_SUCH_DELIVERY: 404,
    Reason.NO_SUCH_SILENCE: 404,
    Reason.NO_SUCH_RULE_FILE: 404,
    Reason.RULE_INVALID: 422,
    Reason.RULE_CHANGED: 409,
    Reason.READ_ONLY: 409,
    Reason.NOT_WRITABLE: 409,
    Reason.FILE_BUSY: 409,
    Reason.NOTHING_BEFORE: 409,
    Reason.QUERY_INVALID: 422,
    Reason.NOT_EXPLAINABLE: 422,
    Reason.CANNOT_SILENCE: 422,
    Reason.SILENCES_EVERYTHING: 422,
    Reason.NOT_RETRIED: 409,
    Reason.NOT_ASKED: 409,
    Reason.NO_FEED: 422,
    Reason.NOT_ADDED: 409,
    Reason.DECLARED: 409,
    Reason.LIST_REFUSED: 422,
    Reason.CANNOT_SPLIT: 422,
    Reason.TOO_SOON: 429,
    Reason.BUSY: 429,
    Reason.NO_STORE: 503,
    Reason.BROKEN: 500,
}
"""The HTTP status of each reason (RFC 9110 §15)."""

MISSING: Mapping[str, Reason] = {
    "story": Reason.NO_SUCH_STORY,
    "rule": Reason.NO_SUCH_RULE,
    "feed": Reason.NO_SUCH_FEED,
    "digest": Reason.NO_SUCH_DIGEST,
    "receiver": Reason.NO_SUCH_RECEIVER,
    "delivery": Reason.NO_SUCH_DELIVERY,
    "silence": Reason.NO_SUCH_SILENCE,
}
"""What it is called when there is nothing of the name that stands at this place of a path."""


class Refused(Exception):
    """An answer that is a problem. `more` are further members of it."""

    def __init__(self, reason: Reason, why: str, **more: Any) -> None:
        super().__init__(why)
        self.reason, self.why, self.more = reason, why, more


# What the app says no with.
_KNOWN: Mapping[type[Exception], Reason] = {
    NoSuchStory: Reason.NO_SUCH_STORY,
    NoSuchRule: Reason.NO_SUCH_RULE,
    NoSuchDigest: Reason.NO_SUCH_DIGEST,
    NoSuchReceiver: Reason.NO_SUCH_RECEIVER,
    NoSuchDelivery: Reason.NO_SUCH_DELIVERY,
    NoSuchSilence: Reason.NO_SUCH_SILENCE,
    NoSpan: Reason.INVALID_PARAMETER,
    CannotSilence: Reason.CANNOT_SILENCE,
    NotExplainable: Reason.NOT_EXPLAINABLE,
    CannotSplit: Reason.CANNOT_SPLIT,
}


def refused_by(error: MonitorError) -> Refused | None:
    """The problem that an error of the app is; None for one that no request should meet."""
    if isinstance(error, ConfigInvalid):
        return Refused(Reason.QUERY_INVALID, "the query does not hold", problems=problems_json(error.problems))
    if isinstance(error, StoreError):
        return Refused(Reason.NO_STORE, str(error))
    known = _KNOWN.get(type(error))
    return None if known is None else Refused(known, str(error))


def problems_json(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """What is wrong with a query or a rule, or may not mean what its author thinks; `context` has the line and a
    caret."""
    return [
        {
            "gravity": one.gravity.value,
            "message": one.message,
            "context": list(one.context),
            "file": one.file or None,
            "line": one.line or None,
        }
        for one in problems
    ]


def problem(refused: Refused, headers: Mapping[str, str] | None = None) -> Response:
    """The answer."""
    status = HTTPStatus(STATUS_OF[refused.reason])
    said = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "reason": refused.reason.value,
        "detail": refused.why,
        **refused.more,
    }
    return JSONResponse(said, status, headers, media_type=KIND)
