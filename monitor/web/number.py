"""Ids in paths."""

from __future__ import annotations

from starlette.convertors import Convertor, register_url_convertor


class _Number(Convertor[int]):
    """What a store can count to; `int` breaks on five thousand digits."""

    regex = "[0-9]{1,18}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


def register_numbers() -> None:
    """Lets paths of routes hold `{feed:number}`."""
    register_url_convertor("number", _Number())
