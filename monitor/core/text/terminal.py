"""Any text made safe to show on a terminal or in a log line."""

from __future__ import annotations

import re

# C0, DEL and C1 steer terminals (ECMA-48); U+2028/2029 end lines in some readers of logs; the embeddings,
# overrides and isolates make a line read otherwise than it is (CVE-2021-42574); lone surrogates cannot be
# written at all. ZWNJ, ZWJ, LRM and RLM are part of real words and stay.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str, *, keep_newlines: bool = False) -> str:
    r"""The text with every character that could steer or deceive a terminal in its visible form.

    Those below U+0100 become `\xNN`, the others `\uNNNN`; with `keep_newlines` the line feed stays as it is.
    Letters, combining marks, ZWNJ, ZWJ, LRM and RLM stay. Applied twice it changes nothing more. Never raises.
    """

    def visible(found: re.Match[str]) -> str:
        code = ord(found.group())
        if keep_newlines and code == 0x0A:
            return "\n"
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"

    return _UNSAFE.sub(visible, text)
