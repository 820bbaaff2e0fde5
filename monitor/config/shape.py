"""The shape of config.toml as pydantic models: which keys there are, their types, limits and defaults.

What spans several keys or tables is checked in crosscheck.py. Validators raise ValueError in our own words;
pydantic's are translated in faults.py. The context of a validation is
`{"secrets": resolve, "store_secrets": resolve}`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from monitor.config import http_values, values
from monitor.core.services import problem_with
from monitor.core.signing import key_of
from monitor.model.delivery import SLACK_API
from monitor.model.digest import Cron, Schedule
from monitor.model.errors import SecretUnavailable
from monitor.model.feed import PollSettings
from monitor.model.secret import Secret
from monitor.model.story import STORY_WINDOW
from monitor.model.web import ListenAddress

SECRET_PREFIXES = ("env:", "file:", "credential:")
# Stands for every secret where none is looked up, and has the form of a URL; no other form is asked of it.
NOT_LOOKED_UP = "https://secret.invalid/"
_POLL = PollSettings()
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def _reader(read: Callable[[str], Any], example: str) -> BeforeValidator:
    """A validator that takes a text only and reads it with `read`."""

    def validate(value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError(f"must be a text in quotes, such as {example}")
        return read(value)

    return BeforeValidator(validate)


def _duration(least: timedelta, most: timedelta) -> BeforeValidator:
    def read(text: str) -> timedelta:
        value = values.read_duration(text)
        if not least <= value <= most:
            low, high = values.duration_text(least), values.duration_text(most)
            raise ValueError(f"{values.quoted(text)} is out of range; {low} to {high} is possible")
        return value

    return _reader(read, '"15m"')


def _size(least: int, most: int) -> BeforeValidator:
    def read(text: str) -> int:
        value = values.read_size(text)
        if not least <= value <= most:
            raise ValueError(f"{values.quoted(text)} is out of range; {least} B to {most} B is possible")
        return value

    return _reader(read, '"10MB"')


def _resolve(value: str, info: ValidationInfo, which: str = "secrets") -> Secret:
    """A reference as its secret. No message repeats `value` unless it is a reference."""
    if not value.startswith(SECRET_PREFIXES):
        raise ValueError("a secret must be env:NAME, file:PATH or credential:NAME; a literal secret is refused")
    if not value.partition(":")[2]:
        raise ValueError(f"{values.quoted(value)} names nothing")
    context: dict[str, Any] = info.context or {}
    try:
        return Secret(context[which](value), value)
    except SecretUnavailable as error:
        raise ValueError(str(error)) from None


def _secret(value: Any, info: ValidationInfo) -> Secret:
    if not isinstance(value, str):
        raise ValueError("must be a text: env:NAME, file:PATH or credential:NAME")
    secret = _resolve(value, info)
    if not secret.reveal():
        raise ValueError(f"{value}: is empty")
    return secret


def _secret_url(secret: Secret) -> Secret:
    try:
        values.read_secret_url(secret.reveal())
    except ValueError as error:
        raise ValueError(f"{secret.reference}: what it points to {error}") from None
    return secret


def _service(secret: Secret) -> Secret:
    if secret.reveal() is not NOT_LOOKED_UP and (why := problem_with(secret.reveal())):
        raise ValueError(f"{secret.reference}: {why}")
    return secret


def _webhook_url(value: Any, info: ValidationInfo) -> Secret:
    """The address of a webhook; a literal one is wrapped as well: its query may hold a token."""
    if isinstance(value, str) and not value.startswith(SECRET_PREFIXES):
        return Secret(values.read_secret_url(value), "webhook.url")
    return _secret_url(_secret(value, info))


def _signing_secret(secret: Secret) -> Secret:
    if secret.reveal() is not NOT_LOOKED_UP:
        try:
            key_of(secret.reveal())
        except ValueError as error:
            raise ValueError(f"{secret.reference}: what it points to {error}") from None
    return secret


def _header(value: Any, info: ValidationInfo) -> Secret:
    """The value of a header; a literal one is wrapped as well (crosscheck refuses it under a secret's name)."""
    if isinstance(value, str) and not value.startswith(SECRET_PREFIXES):
        return Secret(http_values.read_header_value(value), "header")
    return _sent(http_values.read_header_value)(_secret(value, info))


def _sent(read: Callable[[str], object]) -> Callable[[Secret], Secret]:
    """A validator of what a secret holds, in words that do not repeat it."""

    def validate(secret: Secret) -> Secret:
        try:
            read(secret.reveal())
        except ValueError as error:
            raise ValueError(f"{secret.reference}: what it points to {error}") from None
        return secret

    return validate


def _proxy(value: Any, info: ValidationInfo) -> Secret:
    """The address of a proxy; one with a login in it must be a reference."""
    if isinstance(value, str) and not value.startswith(SECRET_PREFIXES):
        return Secret(http_values.read_proxy(value, literal=True), "proxy")
    return _sent(lambda url: http_values.read_proxy(url, literal=False))(_secret(value, info))


def _days(value: Any) -> tuple[date, date]:
    """A day or a span of days; TOML has dates of its own."""
    if type(value) is date:
        return value, value
    if not isinstance(value, str):
        raise ValueError('must be a day: "2026-12-25" or "2026-12-24/2027-01-02"')
    return values.read_days(value)


def _old_names(value: Any) -> list[str]:
    """One name or several, each as `read_name` takes it."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(one, str) for one in names):
        raise ValueError('must be a name, or a list of names: renamed_from = "morning"')
    return [values.read_name(one) for one in names]


def _store_url(value: Any, info: ValidationInfo) -> Secret:
    """The store's URL; a literal one is wrapped as well, so that no repr of it can show a password."""
    if not isinstance(value, str):
        raise ValueError('must be a text in quotes, such as "sqlite:///monitor.db"')
    reference = value.startswith(SECRET_PREFIXES)
    secret = _resolve(value, info, "store_secrets") if reference else Secret(value, "store.url")
    url = secret.reveal()
    if url.partition(":")[0].partition("+")[0] in ("postgresql", "postgres"):
        return Secret(values.read_postgresql_url(url, literal=secret.reference == "store.url"), secret.reference)
    path = url.removeprefix("sqlite:///")
    if path == url or not path or path == ":memory:" or "?" in path or "\0" in path:
        raise ValueError('must be "sqlite:///FILE" or "postgresql://USER@HOST/DATABASE"')
    return secret


Text = Annotated[str, AfterValidator(values.read_line)]
Name = Annotated[str, AfterValidator(values.read_name)]
Tag = Annotated[str, AfterValidator(values.read_tag)]
Path = Annotated[str, AfterValidator(values.read_path)]
HttpUrl = Annotated[str, AfterValidator(values.read_http_url)]
Domain = Annotated[str, AfterValidator(values.read_domain)]
EmailAddress = Annotated[str, AfterValidator(values.read_address)]
ScheduleText = Annotated[Schedule, _reader(values.read_schedule, '"0 8 * * *"')]
QuietHours = Annotated[tuple[time, time], _reader(values.read_quiet_hours, '"22:00-06:00"')]
SecretRef = Annotated[Secret, BeforeValidator(_secret)]
OldNames = Annotated[list[str], BeforeValidator(_old_names)]


class _Table(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, arbitrary_types_allowed=True)


class StoreTable(_Table):
    url: Annotated[Secret, BeforeValidator(_store_url)] = Secret("sqlite:///monitor.db", "store.url")
    # A week at least: the longest that two texts are looked at together (duplicates, stories).
    retention: Annotated[timedelta, _duration(7 * _DAY, 3660 * _DAY)] = 400 * _DAY
    store_full_text: bool = True


class PollTable(_Table):
    """`[poll]`; the defaults are those of PollSettings. The least interval is in crosscheck.py."""

    interval: Annotated[timedelta, _duration(timedelta(seconds=1), 7 * _DAY)] = _POLL.interval
    min_interval: Annotated[timedelta, _duration(timedelta(seconds=1), 7 * _DAY)] = _POLL.min_interval
    max_interval: Annotated[timedelta, _duration(timedelta(seconds=1), 7 * _DAY)] = _POLL.max_interval
    concurrency: Annotated[int, Field(ge=1, le=1000)] = _POLL.concurrency
    per_host: Annotated[int, Field(ge=1, le=64)] = _POLL.per_host
    host_delay: Annotated[timedelta, _duration(timedelta(0), _HOUR)] = _POLL.host_delay
    max_entry_age: Annotated[timedelta, _duration(_HOUR, 3660 * _DAY)] = _POLL.max_entry_age
    timeout: Annotated[timedelta, _duration(timedelta(seconds=1), 10 * _MINUTE)] = _POLL.timeout
    max_bytes: Annotated[int, _size(1000, 1_000_000_000)] = _POLL.max_bytes
    user_agent: Annotated[str, AfterValidator(values.read_user_agent)] = _POLL.user_agent
    allow_private_addresses: bool = _POLL.allow_private_addresses


class SubscriptionTable(_Table):
    """A feed from anywhere: the config, a command, an OPML file."""

    url: HttpUrl
    name: Text | None = None
    tags: list[Tag] = []
    interval: Annotated[timedelta, _duration(timedelta(seconds=1), 7 * _DAY)] | None = None
    full_text: bool = False
    backfill: Annotated[timedelta, _duration(timedelta(0), 3660 * _DAY)] = timedelta(0)


class AuthTable(_Table):
    username: Annotated[Text, AfterValidator(http_values.read_username)] | None = None
    password: SecretRef | None = None
    token: Annotated[SecretRef, AfterValidator(_sent(http_values.read_token))] | None = None


class FeedTable(SubscriptionTable):
    """`[[feeds]]`: with how it is reached, which may be a secret and never enters the store."""

    headers: dict[str, Annotated[Secret, BeforeValidator(_header)]] | None = None
    auth: AuthTable | None = None
    proxy: Annotated[Secret, BeforeValidator(_proxy)] | None = None
    verify_tls: bool = True


class RulesTable(_Table):
    files: Annotated[list[Path], Field(min_length=1)] = ["rules/*.toml", "rules/entities/*.toml"]
    watch: bool = True


class NlpTable(_Table):
    model: Path | None = None


class SmtpTable(_Table):
    host: Text
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    security: Literal["none", "starttls", "tls"] = "starttls"
    sender: Annotated[str, AfterValidator(values.read_sender), Field(alias="from")]
    username: Text | None = None
    password: SecretRef | None = None


class SlackTable(_Table):
    webhook_url: Annotated[SecretRef, AfterValidator(_secret_url)] | None = None
    token: SecretRef | None = None
    to: Annotated[str, AfterValidator(values.read_slack_channel)] | None = None
    api_url: Annotated[str, AfterValidator(values.read_api_url)] = SLACK_API


class WebhookTable(_Table):
    url: Annotated[Secret, BeforeValidator(_webhook_url)]
    secret: Annotated[SecretRef, AfterValidator(_signing_secret)]


class FileTable(_Table):
    directory: Path
    format: Literal["json", "html", "text"] = "json"


class StdoutTable(_Table):
    pass


class AppriseTable(_Table):
    urls: Annotated[list[Annotated[SecretRef, AfterValidator(_service)]], Field(min_length=1)]


class ReceiverTable(_Table):
    email: Annotated[list[EmailAddress], Field(min_length=1)] | None = None
    slack: SlackTable | None = None
    webhook: WebhookTable | None = None
    file: FileTable | None = None
    stdout: StdoutTable | None = None
    apprise: AppriseTable | None = None
    renamed_from: OldNames = []


class DigestTable(_Table):
    name: Name
    rules: Annotated[list[Text], Field(min_length=1)]
    to: Annotated[list[str], Field(min_length=1)]
    schedule: ScheduleText
    timezone: Annotated[str, AfterValidator(values.read_timezone)] = "UTC"
    group_wait: Annotated[timedelta, _duration(timedelta(0), _DAY)] | None = None
    max_stories: Annotated[int, Field(ge=1, le=1000)] = 30
    send_when_empty: bool | None = None
    updates: Literal["material", "all", "none"] = "material"
    repeat_after: Annotated[timedelta, _duration(10 * _MINUTE, 366 * _DAY)] = 12 * _HOUR
    min_publishers: Annotated[int, Field(ge=1, le=100)] = 1
    already_sent: Literal["brief", "full", "skip"] = "brief"
    quiet_hours: QuietHours | None = None
    quiet_override: Literal["low", "normal", "high"] | None = None
    pause: list[Annotated[tuple[date, date], BeforeValidator(_days)]] = []
    renamed_from: OldNames = []


class StoriesTable(_Table):
    # The same event is in the papers of two days at least; what articles are compared by is kept a month at most.
    window: Annotated[timedelta, _duration(_DAY, 30 * _DAY)] = STORY_WINDOW


class PublisherTable(_Table):
    domains: Annotated[list[Domain], Field(min_length=1)] = []
    names: Annotated[list[Text], Field(min_length=1)] = []


class WebTokenTable(_Table):
    name: Text
    role: Literal["reader", "operator"] = "reader"
    sha256: Annotated[str, AfterValidator(values.read_sha256)]


class WebTable(_Table):
    listen: Annotated[ListenAddress, _reader(values.read_listen, '"127.0.0.1:8080"')]
    public_url: Annotated[str, AfterValidator(values.read_public_url)] | None = None
    allowed_hosts: list[Annotated[str, AfterValidator(values.read_host)]] = []
    trusted_proxies: list[Annotated[str, AfterValidator(values.read_network)]] = []
    tokens: list[WebTokenTable] = []


class HealthTable(_Table):
    receivers: list[str] = []
    schedule: ScheduleText = Cron("0 8 * * *")
    timezone: Annotated[str, AfterValidator(values.read_timezone)] = "UTC"
    heartbeat_url: Annotated[SecretRef, AfterValidator(_secret_url)] | None = None


class JobsTable(_Table):
    engine: Literal["in-process", "procrastinate"] = "in-process"


class ConfigFile(_Table):
    store: StoreTable = StoreTable()
    poll: PollTable = PollTable()
    feeds: list[FeedTable] = []
    rules: RulesTable = RulesTable()
    nlp: NlpTable = NlpTable()
    smtp: SmtpTable | None = None
    receivers: dict[str, ReceiverTable] = {}
    digests: list[DigestTable] = []
    web: WebTable | None = None
    stories: StoriesTable = StoriesTable()
    publishers: dict[str, PublisherTable] = {}
    health: HealthTable = HealthTable()
    jobs: JobsTable = JobsTable()


# Where each table stands in the file; "*" is any list position or receiver name.
TABLES: dict[tuple[str, ...], type[BaseModel]] = {
    (): ConfigFile,
    ("store",): StoreTable,
    ("poll",): PollTable,
    ("feeds", "*"): FeedTable,
    ("feeds", "*", "auth"): AuthTable,
    ("rules",): RulesTable,
    ("nlp",): NlpTable,
    ("smtp",): SmtpTable,
    ("receivers", "*"): ReceiverTable,
    ("receivers", "*", "slack"): SlackTable,
    ("receivers", "*", "webhook"): WebhookTable,
    ("receivers", "*", "file"): FileTable,
    ("receivers", "*", "stdout"): StdoutTable,
    ("receivers", "*", "apprise"): AppriseTable,
    ("digests", "*"): DigestTable,
    ("web",): WebTable,
    ("web", "tokens", "*"): WebTokenTable,
    ("stories",): StoriesTable,
    ("publishers", "*"): PublisherTable,
    ("health",): HealthTable,
    ("jobs",): JobsTable,
}
