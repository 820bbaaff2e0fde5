"""The OpenAPI 3.1 document: made of the same table that is served, so that it cannot tell of another API."""

from __future__ import annotations

import re
from functools import cache
from http import HTTPStatus
from typing import Any

from monitor import __version__
from monitor.web.api.asking import JSON, Question, Route
from monitor.web.api.problems import KIND, MISSING, STATUS_OF, Reason
from monitor.web.api.routes import ROUTES
from monitor.web.api.schema import NUMBER, TEXT, Schema, ref
from monitor.web.api.shapes import SHAPES

_PLACE = re.compile(r"\{(\w+)(:number)?\}")
_DEFS = "#/components/schemas/{model}"
_ALWAYS = (
    Reason.INVALID_PARAMETER,
    Reason.NO_TOKEN,
    Reason.WRONG_TOKEN,
    Reason.TOO_OFTEN,
    Reason.BUSY,
    Reason.BROKEN,
    Reason.NO_STORE,
)
_OF_POSTS = (Reason.TOO_LARGE, Reason.FOREIGN_PAGE, Reason.UNKNOWN_PAGE)
_OF_JSON = (Reason.INVALID_BODY, Reason.NOT_JSON)


@cache
def document() -> dict[str, Any]:
    """The document, ready to be written as JSON."""
    schemas: dict[str, Schema] = dict(SHAPES)
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        path = _PLACE.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "media monitor",
            "version": __version__,
            "description": "What the dashboard shows and does, for programs.",
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of `[[web.tokens]]`. Without any in the config none is asked for.",
                }
            },
            "schemas": schemas,
        },
    }


def _operation(route: Route, schemas: dict[str, Schema]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": route.ask.__name__,
        "summary": route.summary,
        "description": f"{route.ask.__doc__}{' For operators only.' if route.acts else ''}",
        "parameters": [*_of_path(route), *_of_query(route.query)],
        "responses": {
            str(route.status): _answer("As asked", route.tells, ref(route.shape)),
            **_refusals(route),
        },
    }
    if route.body is not None:
        assert route.body.__name__ not in SHAPES, "no answer is called like a body"
        schemas[route.body.__name__] = _model(route.body, schemas)
        content = {"application/json": {"schema": ref(route.body.__name__)}}
        said["requestBody"] = {"required": True, "content": content}
    elif route.method != "GET":
        said["requestBody"] = {"required": True, "content": {route.takes: {"schema": TEXT}}}
    return said


def _of_path(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": NUMBER if number else TEXT}
        for name, number in _PLACE.findall(route.path)
    ]


def _of_query(model: type[Question]) -> list[dict[str, Any]]:
    found = model.model_json_schema(ref_template=_DEFS)
    inner = found.get("$defs", {})
    return [
        {
            "name": name,
            "in": "query",
            "required": name in found.get("required", ()),
            "schema": _inlined(
                {key: value for key, value in schema.items() if key not in ("title", "description")}, inner
            ),
        }
        | ({"description": schema["description"]} if "description" in schema else {})
        for name, schema in found.get("properties", {}).items()
    ]


def _model(model: type[Question], schemas: dict[str, Schema]) -> Schema:
    found = model.model_json_schema(ref_template=_DEFS)
    schemas.update(found.pop("$defs", {}))
    return found


def _inlined(schema: Any, inner: dict[str, Schema]) -> Any:
    """The schema with the enums that it names in their place."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return inner[schema["$ref"].rpartition("/")[2]]
        return {key: _inlined(value, inner) for key, value in schema.items()}
    return [_inlined(one, inner) for one in schema] if isinstance(schema, list) else schema


def _refusals(route: Route) -> dict[str, Any]:
    """The problems that it may answer with, by status."""
    may = [*_ALWAYS, *(MISSING[name] for name, _ in _PLACE.findall(route.path)), *route.reasons]
    may += _OF_POSTS if route.method != "GET" else ()
    may += () if route.method == "GET" else (_OF_JSON if route.takes == JSON else (Reason.NOT_OPML,))
    may += [Reason.READER] if route.acts else []
    by_status: dict[int, list[str]] = {}
    for reason in may:
        by_status.setdefault(STATUS_OF[reason], []).append(reason.value)
    return {
        str(status): _answer(f"{HTTPStatus(status).phrase}: {', '.join(reasons)}", KIND, ref("Problem"))
        for status, reasons in sorted(by_status.items())
    }


def _answer(description: str, kind: str, schema: Schema) -> dict[str, Any]:
    return {"description": description, "content": {kind: {"schema": schema}}}
