"""What Slack's answers mean for a delivery.

The words are those that docs.slack.dev lists for chat.postMessage, chat.update and incoming webhooks. The Web API
says them with HTTP 200 and `ok: false`. An answer is quoted only where it is one of Slack's own code words: it may
repeat what it was sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from monitor.adapters.channels.http_post import Answer, fault_of, wait_of
from monitor.model.errors import DeliveryFailed, DeliveryFault


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# People must mend the token, its scopes, the channel, or Slack's settings.
_BROKEN = _words(
    """
    access_denied accesslimited account_inactive action_prohibited app_access_restricted
    as_user_not_supported channel_is_archived channel_not_found channel_type_not_supported
    deprecated_endpoint ekm_access_denied enterprise_is_restricted external_channel_migrating
    invalid_auth invalid_token is_archived is_bot messages_tab_disabled method_deprecated
    method_not_supported_for_channel_type missing_scope no_active_hooks no_permission no_service
    no_service_id no_team not_allowed_token_type not_authed not_in_channel org_login_required
    posting_to_general_channel_denied restricted_action restricted_action_read_only_channel
    restricted_action_thread_only_channel send_on_behalf_not_allowed team_access_not_granted
    team_added_to_org team_disabled team_not_found token_expired token_revoked two_factor_setup_required
    unknown_method user_is_bot user_not_found
    """
)
_RATE_LIMITED = frozenset(("message_limit_exceeded", "rate_limited", "ratelimited"))
_TEMPORARY = _words(
    """
    error fatal_error internal_error request_timeout rollup_error server_error service_unavailable
    streaming_state_conflict update_failed
    """
)
# The form of the message: the same bytes would be refused again, other ones may not.
_REFUSED = _words(
    """
    attachment_payload_limit_exceeded block_mismatch cannot_parse_attachment duplicate_channel_not_found
    duplicate_message_not_found markdown_text_conflict metadata_must_be_sent_from_app metadata_too_large
    missing_post_type missing_text_or_fallback_or_attachments msg_blocks_too_long msg_too_long no_text
    slack_connect_canvas_sharing_blocked slack_connect_file_link_sharing_blocked
    slack_connect_lists_sharing_blocked too_many_attachments too_many_contact_cards
    unsupported_block_type
    """
)
# The thread is gone, or takes no replies: the message can still be posted outside of it.
NO_THREAD = _words(
    """
    cannot_reply_to_message invalid_thread_ts message_not_found restricted_action_non_threadable_channel
    restricted_action_thread_locked thread_not_found
    """
)

_CODE_WORD = re.compile(r"[a-z_]{2,60}")
_SCOPES = re.compile(r"[a-z_.:,]{2,80}")
# As in: [ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]
_HINT = re.compile(r"\[ERROR\] [a-z0-9 ,.'_-]{1,80} \[json-pointer:[a-z0-9/_-]{1,60}\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: `fault` is None for a yes; `fields` is its JSON where it has one."""

    word: str
    detail: str
    fault: DeliveryFault | None = None
    retry_after: timedelta | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    def failure(self) -> DeliveryFailed:
        """The same as the error to raise; for a no only."""
        assert self.fault is not None, "a yes is no failure"
        return DeliveryFailed(self.fault, self.detail, self.retry_after)


def fault_of_word(word: str) -> DeliveryFault:
    """What one of Slack's code words means; one that nobody knows yet is tried again."""
    if word in _BROKEN:
        return DeliveryFault.BROKEN_RECEIVER
    if word in _RATE_LIMITED:
        return DeliveryFault.RATE_LIMITED
    if word in _TEMPORARY:
        return DeliveryFault.TEMPORARY
    if word in _REFUSED or word in NO_THREAD or word.startswith(("invalid_", "too_many_")):
        return DeliveryFault.REFUSED
    return DeliveryFault.TEMPORARY


def answer_of_method(method: str, answer: Answer) -> Said:
    """The answer of a method of the Web API: JSON with `ok`, or a bare HTTP status."""
    fields = _json(answer.text)
    word = _word(str(fields.get("error", "")))
    wait = wait_of(answer.retry_after)
    if (fault := fault_of(answer.status)) is not None:
        detail = f"{method}: HTTP {answer.status}" + (f" {word}" if word else "")
        if fault is DeliveryFault.REFUSED and word:
            fault = fault_of_word(word)
        return Said(word, detail, fault, wait, fields)
    if fields.get("ok") is True:
        return Said("ok", "ok", fields=fields)
    if fields.get("ok") is not False:
        detail = f"{method}: HTTP {answer.status}: the answer is not Slack's; is the address right?"
        return Said("", detail, DeliveryFault.BROKEN_RECEIVER)
    detail = f"{method}: {word or 'an error without a name'}{_more(fields)}"
    return Said(word, detail, fault_of_word(word), wait, fields)


def answer_of_webhook(answer: Answer) -> Said:
    """The answer of an incoming webhook: "ok" or a code word as plain text; compatible services say it in JSON."""
    fields = _json(answer.text)
    word = "ok" if fields.get("ok") is True or fields.get("success") is True else ""
    word = word or _word(str(fields.get("error", "")) if fields else answer.text)
    detail = f"HTTP {answer.status}" + (f" {word}" if word else "")
    wait = wait_of(answer.retry_after)
    fault = fault_of(answer.status)
    if fault is None:
        if word == "ok":
            return Said(word, detail)
        if not word or not _known(word):
            detail += ': the answer is not Slack\'s "ok"; is this a Slack webhook?'
            return Said(word, detail, DeliveryFault.BROKEN_RECEIVER)
        return Said(word, detail, fault_of_word(word), wait)
    if fault is DeliveryFault.REFUSED and word:
        named = fault_of_word(word)
        fault = named if _known(word) else fault
    return Said(word, detail, fault, wait)


def _known(word: str) -> bool:
    return word in _BROKEN | _RATE_LIMITED | _TEMPORARY | _REFUSED | NO_THREAD or word.startswith("invalid_")


def _json(text: str) -> Mapping[str, Any]:
    if not text.startswith("{"):
        return {}
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _word(text: str) -> str:
    return text if _CODE_WORD.fullmatch(text) else ""


def _more(fields: Mapping[str, Any]) -> str:
    """What Slack adds to a word: the scope that is missing, the block that does not hold."""
    needed = str(fields.get("needed", ""))
    if _SCOPES.fullmatch(needed):
        return f" (needs {needed})"
    about = fields.get("response_metadata")
    hints = about.get("messages") if isinstance(about, dict) else None
    first = str(hints[0]) if isinstance(hints, list) and hints else ""
    return f" ({first})" if _HINT.fullmatch(first) else ""
