"""Where log lines go: to standard error, as text on a terminal, as JSON lines elsewhere."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from monitor.core.text.terminal import printable


def configure(*, verbose: bool, environment_no_color: bool, quiet: bool = False) -> None:
    """Sets structlog up for this process; `verbose` also shows what came to nothing, `quiet` only errors."""
    terminal = sys.stderr.isatty()
    level = logging.DEBUG if verbose else logging.ERROR if quiet else logging.INFO
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(
            colors=not environment_no_color,
            pad_event_to=14,
            # Plain: the variables of a frame may hold a password.
            exception_formatter=structlog.dev.plain_traceback,
        )
        if terminal
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if terminal else "iso", utc=not terminal),
            *(() if terminal else (structlog.processors.format_exc_info,)),
            _harmless,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # One whole line per write: stages log from several threads.
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    # Ticks that find the last one still at work are normal here; the stages log what matters.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)


def _harmless(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Titles and server answers come from strangers: nothing they hold may steer a terminal."""
    return {
        key: printable(value, keep_newlines=key == "exception") if isinstance(value, str) else value
        for key, value in event.items()
    }
