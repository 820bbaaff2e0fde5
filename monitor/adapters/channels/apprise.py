"""Services that Apprise reaches: one message to each of a receiver's addresses, which are secrets.

Apprise says whether a service took a message, and logs why not. Its log is kept from everybody: at lower levels it
holds addresses and what was sent. Of what it says of a failure only an HTTP status is used.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from monitor.adapters.channels.http_post import fault_of
from monitor.core.services import problem_with
from monitor.model.delivery import AppriseEndpoint, Receipt
from monitor.model.digest import Message
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.secret import Secret

MISSING = "Apprise is not installed: pip install 'media-monitor[apprise]'"
# Seconds: for one message as a whole, which may be sent in several pieces, and for each step of one request.
DEADLINE = 120.0
_CONNECT, _ANSWER = 10.0, 30.0
_STATUS = re.compile(r"\berror=([1-5][0-9]{2})\b")
# Words that ring everybody's telephone, and what names a person or a channel, in one chat or another. Titles of
# strangers must not: a word joiner (U+2060), which is not seen, takes them apart.
_CALLS = re.compile(r"@(?=everyone|here|channel|all|room|group)|<(?=[@!#&])", re.IGNORECASE)


class AppriseChannel:
    """Keeps the `Channel` port for the addresses of one receiver; `recipient` is the reference of one of them.

    A service is told no key: a message whose answer was lost comes twice.
    """

    def __init__(self, endpoint: AppriseEndpoint, *, deadline: float = DEADLINE) -> None:
        """`deadline` bounds one message as a whole, in seconds."""
        self._urls: Mapping[str, Secret] = {url.reference: url for url in endpoint.urls}
        self._deadline = deadline
        self._hanging: dict[str, threading.Thread] = {}

    def send(self, message: Message, recipient: str, key: str) -> Receipt:
        """Sends the message's text, in pieces where the service takes only short ones. Raises DeliveryFailed."""
        del key
        url = self._urls.get(recipient)
        if url is None:
            detail = f"{recipient} is not among the apprise.urls of the receiver any more"
            raise DeliveryFailed(DeliveryFault.BROKEN_RECEIVER, detail)
        if (old := self._hanging.get(recipient)) is not None and old.is_alive():
            # It cannot be ended; a second one beside it would hang as well.
            raise DeliveryFailed(DeliveryFault.UNREACHABLE, f"{recipient}: an earlier message is still under way")
        attempt = _Attempt(self._service(url), message)
        thread = self._hanging[recipient] = threading.Thread(target=attempt.run, name="apprise", daemon=True)
        thread.start()
        thread.join(self._deadline)
        if thread.is_alive():
            raise DeliveryFailed(DeliveryFault.UNKNOWN, f"{recipient}: no answer within {self._deadline:.0f} s")
        del self._hanging[recipient]
        return attempt.judge(recipient)

    @staticmethod
    def _service(url: Secret) -> Any:
        """The service as Apprise knows it; made anew for each message, so that nothing is remembered."""
        why = problem_with(url.reveal())
        if why is not None:
            raise DeliveryFailed(DeliveryFault.BROKEN_RECEIVER, f"{url.reference} {why}")
        apprise = loaded()
        asset = apprise.AppriseAsset(
            app_id="media-monitor",
            app_desc="media-monitor",
            async_mode=False,
            http_redirects=False,
            storage_mode=apprise.PersistentStoreMode.MEMORY,
        )
        try:
            service = apprise.Apprise.instantiate(url.reveal(), asset=asset)
        except Exception:
            service = None
        if service is None:
            detail = f"{url.reference} is no address that Apprise understands"
            raise DeliveryFailed(DeliveryFault.BROKEN_RECEIVER, detail)
        # Whatever the query of the address says.
        service.redirects = False
        service.verify_certificate = True
        service.overflow_mode = apprise.OverflowMode.SPLIT
        service.socket_connect_timeout, service.socket_read_timeout = _CONNECT, _ANSWER
        return service


class _Attempt:
    """One message to one service, in a thread of its own."""

    def __init__(self, service: Any, message: Message) -> None:
        self._service = service
        self._title, self._body = words_of(message, service.title_maxlen)
        self._taken = False
        self._error: str | None = None
        self._said: list[str] = []

    def run(self) -> None:
        """Sends it; never raises."""
        _EARS.said = self._said
        try:
            self._taken = bool(
                self._service.notify(body=self._body, title=self._title, body_format=loaded().NotifyFormat.TEXT)
            )
        except BaseException as error:  # nobody above would see it; its words may hold the address
            self._error = type(error).__name__

    def judge(self, recipient: str) -> Receipt:
        """The receipt, or the failure raised; nothing of what Apprise said is quoted but a status."""
        if self._taken:
            return Receipt(f"{self._service.service_name} took it")
        name = f"{recipient} ({self._service.service_name})"
        if self._error is not None:
            raise DeliveryFailed(DeliveryFault.TEMPORARY, f"{name}: internal error: {self._error}")
        found = [int(status) for line in self._said for status in _STATUS.findall(line)]
        if not found:
            raise DeliveryFailed(DeliveryFault.UNKNOWN, f"{name}: no answer, or none that Apprise understands")
        raise DeliveryFailed(fault_of(found[-1]) or DeliveryFault.UNKNOWN, f"{name}: HTTP {found[-1]}")


def words_of(message: Message, title_maxlen: int) -> tuple[str, str]:
    """Title and body. A title that the service would cut stands whole at the top of the body as well."""
    title, body = (_CALLS.sub(lambda found: f"{found[0]}\u2060", text) for text in (message.subject, message.text))
    if 0 < title_maxlen < len(title):
        return title[: title_maxlen - 1].rstrip() + "…", f"{title}\n\n{body}"
    return title, body


def is_installed() -> bool:
    """Whether the extra is there; nothing is imported."""
    return find_spec("apprise") is not None


def loaded() -> Any:
    """The library, imported when the first message is sent: 0.2 s and 17 MB. Raises DeliveryFailed."""
    try:
        apprise = import_module("apprise")
    except ImportError:
        raise DeliveryFailed(DeliveryFault.BROKEN_RECEIVER, MISSING) from None
    if _EARS not in (logger := logging.getLogger("apprise")).handlers:
        logger.propagate = False
        logger.setLevel(logging.WARNING)  # below it, addresses and messages are written out
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
        logger.addHandler(_EARS)
        for name in (
            "urllib3",
            "requests",
            "requests_oauthlib",
        ):  # they log paths, which may be tokens
            logging.getLogger(name).setLevel(logging.CRITICAL)
        _leave_the_environment_alone()
    return apprise


def _leave_the_environment_alone() -> None:
    """No proxy of the environment, and no password of a .netrc, which would take the place of the service's token.

    Apprise has no setting for it: its services call `requests.post`, which makes a session of its own each time.
    Nothing else in the daemon uses `requests`.
    """
    sessions: Any = import_module("requests.sessions")
    sessions.get_netrc_auth = lambda *_args, **_named: None
    sessions.get_environ_proxies = lambda *_args, **_named: {}


class _Ears(logging.Handler):
    """Gives what Apprise logs to the attempt of this thread, and to nobody else."""

    def __init__(self) -> None:
        super().__init__()
        self._here = threading.local()

    @property
    def said(self) -> list[str] | None:
        """Where this thread's lines go."""
        return getattr(self._here, "said", None)

    @said.setter
    def said(self, lines: list[str]) -> None:
        self._here.said = lines

    def emit(self, record: logging.LogRecord) -> None:
        if self.said is not None:
            self.said.append(record.getMessage())


_EARS = _Ears()
