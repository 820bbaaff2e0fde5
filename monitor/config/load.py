"""config.toml → frozen settings, or every problem of the file at once."""

from __future__ import annotations

import glob
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import PurePath
from typing import Any

from pydantic import ValidationError

from monitor import __version__
from monitor.config.access import feed_access
from monitor.config.crosscheck import cross_check, table_of, tables_of, texts_of
from monitor.config.faults import Notes, note_faults
from monitor.config.old_names import renames_of
from monitor.config.renamed_keys import RENAMED_KEYS, RenamedKey, note_moved, with_new_names
from monitor.config.shape import (
    ConfigFile,
    DigestTable,
    HealthTable,
    ReceiverTable,
    RulesTable,
    SmtpTable,
    SubscriptionTable,
)
from monitor.core.stories.publishers import Publishers
from monitor.model.access import FeedAccess
from monitor.model.delivery import (
    AppriseEndpoint,
    EmailEndpoint,
    Endpoint,
    FileEndpoint,
    Receiver,
    SlackEndpoint,
    SlackTokenEndpoint,
    SmtpSecurity,
    SmtpSettings,
    StdoutEndpoint,
    WebhookEndpoint,
)
from monitor.model.digest import (
    AlreadySent,
    Cron,
    DigestSettings,
    Immediate,
    MessageFormat,
    QuietSettings,
)
from monitor.model.errors import ConfigInvalid
from monitor.model.feed import FeedOrigin, FeedSettings, PollSettings
from monitor.model.health import HealthSettings
from monitor.model.jobs import Engine
from monitor.model.problem import Gravity, Problem
from monitor.model.renaming import Rename
from monitor.model.rule import Severity
from monitor.model.story import STORY_WINDOW
from monitor.model.telling import Updates
from monitor.model.web import AccessToken, ListenAddress, Role

# Ports of mail submission: RFC 5321 §4.5.4.2 (25), RFC 6409 §3.1 (587), RFC 8314 §3.3 (465).
_SMTP_PORTS = {SmtpSecurity.NONE: 25, SmtpSecurity.STARTTLS: 587, SmtpSecurity.TLS: 465}
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Settings:
    """A config file that holds. Paths and globs are absolute; secrets are resolved and masked.

    `source` is the file's name as it was given; `warnings` are worth showing and stop nothing.
    """

    store_url: str = field(repr=False)  # it may carry a password
    retention: timedelta
    store_full_text: bool
    poll: PollSettings
    feeds: tuple[FeedSettings, ...]
    rule_files: tuple[str, ...]
    nlp_model: str | None
    smtp: SmtpSettings | None
    receivers: tuple[Receiver, ...]
    digests: tuple[DigestSettings, ...]
    web_listen: ListenAddress | None  # None: no web pages
    source: str
    warnings: tuple[Problem, ...] = ()
    watch_rules: bool = True
    story_window: timedelta = STORY_WINDOW
    publishers: tuple[tuple[str, str], ...] = ()  # (domain or `named`, whose it is)
    health: HealthSettings = field(default_factory=HealthSettings)
    public_url: str = ""  # where the pages are reached from outside; "" = nowhere
    web_tokens: tuple[AccessToken, ...] = ()  # none: who reaches the pages may see and do everything
    allowed_hosts: tuple[str, ...] = ()  # names besides this machine's by which the dashboard is reached
    trusted_proxies: tuple[str, ...] = ()  # networks whose X-Forwarded-For and -Proto are believed
    access: Mapping[str, FeedAccess] = field(
        default_factory=dict, repr=False
    )  # by the URL of the feed, as declared
    renames: tuple[Rename, ...] = ()  # of digests and receivers
    engine: Engine = Engine.IN_PROCESS


@dataclass(frozen=True, slots=True)
class RuleGlob:
    """One text of `[rules].files`: as `written`, where it stands, and made absolute.

    `optional`: the config does not name it, so that no file need be there.
    """

    path: tuple[str | int, ...]
    written: str
    absolute: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Outline:
    """What can be read of a config file that may not hold: enough to check the rules beside it.

    `selectors` holds the selector lines of each digest, by the digest's position; `apprise` names the receivers
    that ask for it.
    """

    rule_globs: tuple[RuleGlob, ...] = ()
    selectors: tuple[tuple[int, tuple[str, ...]], ...] = ()
    apprise: tuple[str, ...] = ()


def load_config(
    text: str,
    name: str,
    *,
    directory: str,
    secrets: Callable[[str], str],
    store_secrets: Callable[[str], str] | None = None,
    renamed_keys: Sequence[RenamedKey] = RENAMED_KEYS,
    version: str = __version__,
) -> Settings:
    """Reads the text of a config file; opens no file itself.

    `name` is what problems call the file; `directory` (absolute) is what relative paths are relative to; `secrets`
    turns a reference (`env:NAME`, `file:PATH`, `credential:NAME`) into its value or raises SecretUnavailable;
    `store_secrets`, where given, does so for the store's URL; `renamed_keys` are keys that are called otherwise by
    now, in this `version`.
    Raises ConfigInvalid with all errors and warnings of the file, in its order, and nothing else.
    """
    notes = Notes(text, name)
    raw, moved = with_new_names(_toml(text, name), renamed_keys, version)
    note_moved(moved, notes)
    parsed: ConfigFile | None = None
    try:
        parsed = ConfigFile.model_validate(
            raw, context={"secrets": secrets, "store_secrets": store_secrets or secrets}
        )
    except ValidationError as error:
        note_faults(error, notes)
    cross_check(raw, notes)
    if parsed is not None and "?" in _store_url(parsed, directory).partition("sqlite:///")[2]:
        notes.error(("store", "url"), "the path of the file must not have a question mark in it")
    queued = parsed is not None and parsed.jobs.engine != Engine.IN_PROCESS.value
    if parsed is not None and queued and not _store_url(parsed, directory).startswith("postgresql"):
        notes.error(("jobs", "engine"), f'"{parsed.jobs.engine}" needs a PostgreSQL database in [store] url')
    problems = notes.problems()
    if parsed is None or any(problem.gravity is Gravity.ERROR for problem in problems):
        raise ConfigInvalid(problems)
    renames = tuple(renames_of(raw, notes, name))
    return _settings(parsed, name, directory, problems, renames)


def outline(text: str, directory: str) -> Outline:
    """The rule globs and selectors of a config file, broken or not; empty when it is no TOML at all."""
    try:
        raw = read_toml(text, "")
    except ConfigInvalid:
        return Outline()
    rules = table_of(raw, "rules")
    named = "files" in rules
    globs = [
        # of the usual places the first holds the rules; a folder of entities may be missing beside it
        RuleGlob(("rules", "files", position), written, _glob(written, directory), not named and position > 0)
        for position, written in texts_of(rules if named else {"files": RulesTable().files}, "files")
    ]
    selectors = [
        (index, tuple(line for _, line in texts_of(digest, "rules")))
        for index, digest in tables_of(raw, "digests")
    ]
    receivers = table_of(raw, "receivers").items()
    apprise = (name for name, table in receivers if isinstance(table, dict) and "apprise" in table)
    return Outline(tuple(globs), tuple(selectors), tuple(apprise))


def read_toml(text: str, name: str) -> dict[str, Any]:
    """The tables of a config file, with the keys as they are called now. Raises ConfigInvalid."""
    return with_new_names(_toml(text, name), RENAMED_KEYS, __version__)[0]


def _toml(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        message, line = "is nested too deeply", 0
    except (ValueError, OverflowError) as error:  # tomllib lets the ValueError of an overlong number through
        message, line = _syntax_error(str(error), text)
    raise ConfigInvalid((Problem(name, line, message),)) from None


def _syntax_error(said: str, text: str) -> tuple[str, int]:
    place = _TOML_PLACE.search(said)
    if not place:
        return "not valid TOML: a number or date is out of range", 0
    what = said[: place.start()]
    if place[1] is None:
        return f"not valid TOML: {what} at the end of the file", max(1, len(text.splitlines()))
    return f"not valid TOML: {what} (column {place[2]})", int(place[1])


def _settings(
    parsed: ConfigFile,
    name: str,
    directory: str,
    warnings: tuple[Problem, ...],
    renames: tuple[Rename, ...],
) -> Settings:
    model = parsed.nlp.model
    return Settings(
        store_url=_store_url(parsed, directory),
        retention=parsed.store.retention,
        store_full_text=parsed.store.store_full_text,
        poll=PollSettings(**parsed.poll.model_dump()),
        feeds=tuple(feed_settings(table) for table in parsed.feeds),
        rule_files=tuple(_glob(written, directory) for written in parsed.rules.files),
        watch_rules=parsed.rules.watch,
        # A name without a slash is an installed package, as spacy.load takes it.
        nlp_model=_inside(directory, model) if model and "/" in model else model,
        smtp=_smtp(parsed.smtp) if parsed.smtp else None,
        receivers=tuple(_receiver(key, table, directory) for key, table in parsed.receivers.items()),
        digests=tuple(_digest(table) for table in parsed.digests),
        web_listen=parsed.web.listen if parsed.web else None,
        story_window=parsed.stories.window,
        publishers=tuple(
            (one, key)
            for key, table in parsed.publishers.items()
            for one in (*table.domains, *map(Publishers.named, table.names))
        ),
        source=name,
        warnings=warnings,
        renames=renames,
        engine=Engine(parsed.jobs.engine),
        health=_health(parsed.health),
        public_url=(parsed.web.public_url or "") if parsed.web else "",
        web_tokens=tuple(AccessToken(one.name, Role(one.role), one.sha256) for one in parsed.web.tokens)
        if parsed.web
        else (),
        allowed_hosts=tuple(parsed.web.allowed_hosts) if parsed.web else (),
        trusted_proxies=tuple(parsed.web.trusted_proxies) if parsed.web else (),
        access={table.url: access for table in parsed.feeds if (access := feed_access(table))},
    )


def _health(table: HealthTable) -> HealthSettings:
    assert not isinstance(table.schedule, Immediate), "the cross-check refuses it"
    return HealthSettings(
        receivers=tuple(table.receivers),
        schedule=table.schedule,
        timezone=table.timezone,
        heartbeat_url=table.heartbeat_url,
    )


def _store_url(parsed: ConfigFile, directory: str) -> str:
    url = parsed.store.url.reveal()
    path = url.removeprefix("sqlite:///")
    return url if path == url else "sqlite:///" + _inside(directory, path)


def _inside(directory: str, path: str) -> str:
    """A path of the file made absolute; an absolute one stays as it is."""
    return str(PurePath(directory, path))


def _glob(written: str, directory: str) -> str:
    return _inside(glob.escape(directory), written)


def feed_settings(table: SubscriptionTable, origin: FeedOrigin = FeedOrigin.CONFIG) -> FeedSettings:
    """A `[[feeds]]` table as settings."""
    return FeedSettings(
        url=table.url,
        name=table.name,
        tags=tuple(table.tags),
        interval=table.interval,
        full_text=table.full_text,
        backfill=table.backfill,
        origin=origin,
    )


def _smtp(table: SmtpTable) -> SmtpSettings:
    security = SmtpSecurity(table.security)
    return SmtpSettings(
        host=table.host,
        port=table.port or _SMTP_PORTS[security],
        security=security,
        sender=table.sender,
        username=table.username,
        password=table.password,
    )


def _receiver(name: str, table: ReceiverTable, directory: str) -> Receiver:
    endpoints: list[Endpoint] = []
    if table.email:
        endpoints.append(EmailEndpoint(tuple(table.email)))
    if table.slack and table.slack.webhook_url:
        endpoints.append(SlackEndpoint(table.slack.webhook_url))
    if table.slack and table.slack.token and table.slack.to:
        endpoints.append(SlackTokenEndpoint(table.slack.token, table.slack.to, table.slack.api_url))
    if table.webhook:
        endpoints.append(WebhookEndpoint(table.webhook.url, table.webhook.secret))
    if table.file:
        target = _inside(directory, table.file.directory)
        endpoints.append(FileEndpoint(target, MessageFormat(table.file.format)))
    if table.stdout:
        endpoints.append(StdoutEndpoint())
    if table.apprise:
        endpoints.append(AppriseEndpoint(tuple(table.apprise.urls)))
    return Receiver(name, tuple(endpoints))


def _digest(table: DigestTable) -> DigestSettings:
    schedule = table.schedule
    if isinstance(schedule, Immediate) and table.group_wait is not None:
        schedule = Immediate(table.group_wait)
    # A cron digest that stays silent cannot be told from a broken one; the others would only make noise.
    empty = isinstance(schedule, Cron) if table.send_when_empty is None else table.send_when_empty
    return DigestSettings(
        name=table.name,
        rules=tuple(table.rules),
        to=tuple(table.to),
        schedule=schedule,
        timezone=table.timezone,
        max_stories=table.max_stories,
        send_when_empty=empty,
        updates=Updates(table.updates),
        repeat_after=table.repeat_after,
        min_publishers=table.min_publishers,
        quiet=QuietSettings(
            hours=table.quiet_hours,
            pause=tuple(sorted(table.pause)),
            override=Severity(table.quiet_override) if table.quiet_override else None,
        ),
        already_sent=AlreadySent(table.already_sent),
    )
