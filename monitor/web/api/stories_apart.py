""" "Not the same story": said of articles, and taken back."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from monitor.app.stories_apart import join, plan_split, planned_json, regrouped_json, regrouping_of, split
from monitor.web.api.asking import Answer, Asked, Question
from monitor.web.api.silences import LineText

MOST = 200  # articles in one request

Articles = Annotated[list[Annotated[str, Field(min_length=1, max_length=4_000)]], Field(max_length=MOST)]


class Splitting(Question):
    """Articles that do not belong to the story, and who says so."""

    articles: Articles = Field([], description="Each by its id (`a_12`) or its address; its copies go with it")
    all: bool = Field(False, description="That every article stands apart from all others is meant")
    reason: Annotated[LineText, Field(min_length=1)]
    author: LineText = Field("", description="Of use without tokens only: who has one speaks for nobody else")
    dry_run: bool = Field(False, description="Says what would stand apart, and changes nothing")

    @model_validator(mode="after")
    def _one_of_both(self) -> Splitting:
        if bool(self.articles) == self.all:
            raise ValueError("name the articles that do not belong to it, or say all")
        return self


def split_story(asked: Asked) -> Answer:
    """As `monitor stories split --json`: they never come together again. What was not told only because the story
    had been told waits for its digest again."""
    house, body = asked.house, asked.body
    planned = plan_split(house.store.stories, asked.path["story"], body.articles)
    if body.dry_run:
        return planned_json(planned)
    author = asked.visitor.name or body.author
    return regrouped_json(split(regrouping_of(house), planned, author=author, reason=body.reason))


class Joining(Question):
    """What belongs together."""

    articles: Annotated[Articles, Field(min_length=1)] = Field(
        description="Articles, or stories (`s_1a`) for all theirs; what was said of any two of them is taken back"
    )


def join_articles(asked: Asked) -> Answer:
    """As `monitor stories join --json`: how alike they are decides again."""
    return regrouped_json(join(regrouping_of(asked.house), asked.body.articles))
