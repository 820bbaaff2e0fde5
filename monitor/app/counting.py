"""Numbers with their nouns, for people."""

from __future__ import annotations

from monitor.core.text.amounts import counted, size_text, span_text

__all__ = ["counted", "size_text", "span_text"]
