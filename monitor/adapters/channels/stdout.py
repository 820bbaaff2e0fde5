"""Messages as plain text on a stream: the console, a pipe."""

from __future__ import annotations

from typing import TextIO

from monitor.core.text.terminal import printable
from monitor.model.delivery import Receipt
from monitor.model.digest import Message
from monitor.model.errors import DeliveryFailed, DeliveryFault


class StdoutChannel:
    """Keeps the `Channel` port for one text stream, which stays open."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def send(self, message: Message, recipient: str, key: str) -> Receipt:
        """Writes the message's text and flushes. Raises DeliveryFailed."""
        del recipient, key
        # A console that knows no Pashto letters gets question marks: better than no message.
        charset = self._stream.encoding or "utf-8"
        # Whatever made the text: nothing in it may steer a terminal.
        text = printable(message.text, keep_newlines=True).encode(charset, "replace").decode(charset)
        try:
            # One write, a blank line behind: two digests in a row are told apart.
            self._stream.write(text.rstrip("\n") + "\n\n")
            self._stream.flush()
        except (OSError, ValueError) as error:  # ValueError: the stream was closed
            detail = f"standard output: {getattr(error, 'strerror', None) or 'closed'}"
            raise DeliveryFailed(DeliveryFault.TEMPORARY, detail) from error
        return Receipt("written to standard output")
