"""The API over a real store in memory, and its answers held against its own document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from httpx2 import Client
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from monitor.web.api.document import document

ROOT = "urn:monitor"


@cache
def _registry() -> Registry[Any]:
    return Registry().with_resource(ROOT, Resource.from_contents(document(), default_specification=DRAFT202012))


@dataclass
class Api:
    """Asks the API as a program does. Every answer must be as the document says of its route and status."""

    site: Client
    token: str = ""

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        return self.ask("GET", path, status, params=query)

    def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        headers = {"content-type": "application/json"}
        return self.ask("POST", path, status, content=json.dumps({} if body is None else body), headers=headers)

    def ask(self, method: str, path: str, status: int, **more: Any) -> Any:
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        answer = self.site.request(method, f"/api/v1{path}", headers=headers | more.pop("headers", {}), **more)
        assert answer.status_code == status, answer.text
        expect_documented(method, path, answer)
        return said_by(answer)


def expect_documented(method: str, path: str, answer: Any) -> None:
    """Whether the document has the route, the status, the content type and the shape of an answer."""
    operation = operation_of(method, path)
    told = operation["responses"][str(answer.status_code)]
    kind = answer.headers["content-type"].partition(";")[0]
    assert kind in told["content"]
    shape = {"$ref": f"{ROOT}{told['content'][kind]['schema']['$ref']}"}
    validator = Draft202012Validator(shape, registry=_registry(), format_checker=FormatChecker())
    wrong = [f"{one.json_path}: {one.message}" for one in validator.iter_errors(said_by(answer))]
    assert not wrong, "\n".join(wrong)


def said_by(answer: Any) -> Any:
    """The value of an answer in JSON, the text of any other."""
    return answer.json() if "json" in answer.headers["content-type"] else answer.text


def operation_of(method: str, path: str) -> Mapping[str, Any]:
    """What the document says of the route that serves a path: one with fewer places first, as routes are asked."""
    asked = path.partition("?")[0].split("/")
    fitting = [
        (written.count("{"), operations[method.lower()])
        for written, operations in document()["paths"].items()
        if method.lower() in operations and _fits(written.split("/"), asked)
    ]
    assert fitting, f"the document has no {method} {path}"
    return min(fitting, key=lambda one: one[0])[1]


def _fits(written: list[str], asked: list[str]) -> bool:
    return len(written) == len(asked) and all(
        one.startswith("{") or one == other for one, other in zip(written, asked, strict=True)
    )
