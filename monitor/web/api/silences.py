"""Silences: what is kept out of digests for a while, by whom and why."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from monitor.app.silence_words import added_json, freed_json, listed_json
from monitor.app.silences import add_silence, check_silence, end_silence, list_silences
from monitor.config.values import read_duration
from monitor.model.silence import NewSilence, SilenceMode
from monitor.web.api.asking import Answer, Asked, Moment, Name, Paged, Question, number_of, page_of
from monitor.web.api.problems import Reason, Refused

Names = Annotated[list[Name], Field(max_length=100)]
LineText = Annotated[str, Field(max_length=300)]


class SilencesQuestion(Paged):
    """Which silences."""

    all: bool = Field(False, description="Also those that are over")


def silences(asked: Asked) -> Answer:
    """As `monitor silence list --json`, the newest first."""
    query = asked.query
    found = list_silences(
        asked.house, asked.now, every=query.all, before=number_of(query.cursor), limit=query.limit + 1
    )
    return page_of(found, query.limit, lambda one: listed_json(one, asked.now), lambda one: one.silence.id)


class Silencing(Question):
    """A silence to be written down: at least one of rules, tags and story, and one of for and until."""

    rules: Names = Field([], description="Globs of rule ids")
    tags: Names = Field([], description="Of rules")
    story: Name | None = None
    digests: Names = Field([], description="Only in these; all where none is named")
    span: str | None = Field(None, alias="for", max_length=20, description="How long from now on", examples=["4h"])
    until: Moment | None = None
    mode: Literal["hold", "discard"] = "hold"
    reason: LineText
    author: LineText = Field("", description="Of use without tokens only: who has one speaks for nobody else")
    everything: bool = Field(False, description="That every rule is silenced is meant")

    @model_validator(mode="after")
    def _one_end(self) -> Silencing:
        if (self.span is None) == (self.until is None):
            raise ValueError("say for how long it holds, or until when")
        if self.span is not None:
            read_duration(self.span)
        return self


def silence(asked: Asked) -> Answer:
    """As `monitor silence add --json`."""
    body, now = asked.body, asked.now
    new = NewSilence(
        SilenceMode(body.mode),
        now,
        now + read_duration(body.span) if body.span is not None else body.until,
        asked.visitor.name or body.author,
        body.reason,
        tuple(dict.fromkeys(body.rules)),
        tuple(dict.fromkeys(body.tags)),
        body.story,
        tuple(dict.fromkeys(body.digests)),
    )
    checked = check_silence(asked.house, new, now)
    if checked.of_everything and not body.everything:
        why = "this silences every rule there is: say everything, or name less"
        raise Refused(Reason.SILENCES_EVERYTHING, why)
    return added_json(add_silence(asked.house, checked, now), now)


class Ending(Question):
    """What is to become of what it discarded."""

    tell: bool = Field(False, description="What it discarded is told after all")


def end(asked: Asked) -> Answer:
    """As `monitor silence end --json`; one that is over can be ended, too, to have told what it discarded."""
    return freed_json(end_silence(asked.house, asked.path["silence"], asked.now, tell=asked.body.tell), asked.now)
