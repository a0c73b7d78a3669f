"""Logs: one JSON object a line on standard error, with the correlation id of the demand it is about."""

import logging
import re
import sys
import traceback
import warnings
from collections.abc import MutableMapping
from typing import Any, TextIO

import orjson
import structlog

_Line = MutableMapping[str, Any]

_OPEN = ("aio_pika", "aiormq", "motor", "pymongo")
"""Libraries whose messages speak of connections and servers; others' may quote what passes through."""
_MESSAGE_CHARS_MAX = 500
_PASSWORD = re.compile(r"(?<=://)[^/@\s]*:[^/@\s]*(?=@)")
_OURS = (DeprecationWarning, ResourceWarning, RuntimeWarning, SyntaxWarning)
"""Warnings about code; the words of others may quote a value."""


def set_up_logs(level: str, **always: str) -> None:
    """Make every logger of the process, and Python's warnings, write JSON lines.

    Arguments:
        level: DEBUG, INFO, WARNING or ERROR.
        always: fields that every line carries, as the process's name.
    """
    number = logging.getLevelNamesMapping()[level]

    def with_always(_: object, __: str, line: _Line) -> _Line:
        # Not bound to a context: libraries also log from threads of their own.
        return {**always, **line}

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            with_always,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", key="at"),
            _without_messages,
            structlog.processors.JSONRenderer(serializer=_to_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=False,
    )
    # The libraries' own lines are many, so only their warnings are wanted.
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[_AsOurs()], force=True)
    for noisy in ("aio_pika", "aiormq"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    warnings.showwarning = _show_warning


class _AsOurs(logging.Handler):
    """Writes a library's line as one of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            error = record.exc_info[1] if record.exc_info else None
            line = {"logger": record.name, "message": _message(record), "exc_info": error}
            told = {name: value for name, value in line.items() if value is not None}
            structlog.get_logger().log(record.levelno, "library", **told)
        except Exception:  # noqa: BLE001 - as every handler of the standard library does
            self.handleError(record)


def _message(record: logging.LogRecord) -> str:
    """Return what a library says; of one that may quote a resident, only the words of its own source."""
    if record.name.partition(".")[0] in _OPEN:
        given = record.args if isinstance(record.args, tuple) else ()
        words = str(record.msg) % tuple(map(_named, given)) if given else str(record.msg)
        return _PASSWORD.sub("***", words)[:_MESSAGE_CHARS_MAX]
    return str(record.msg)[:_MESSAGE_CHARS_MAX] if record.args else "(masked)"


def _named(given: object) -> object:
    """Return what a message may show of a thing it speaks of: a returned message would show its body."""
    if isinstance(given, BaseException):
        return given if all(isinstance(part, str | int) for part in given.args) else type(given).__name__
    shown = isinstance(given, str | int | float) or type(given).__name__.endswith(("Connection", "Channel"))
    return given if shown or given is None else type(given).__name__


def _show_warning(  # noqa: PLR0917 - the standard library's own
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Write a warning of Python's as a line of ours."""
    words = str(message)[:_MESSAGE_CHARS_MAX] if issubclass(category, _OURS) else "(masked)"
    structlog.get_logger().warning(
        "library",
        logger="py.warnings",
        message=f"{category.__name__}: {words}",
        where=[f"{filename}:{lineno}"],
    )


def _without_messages(_: object, __: str, line: _Line) -> _Line:
    """Say what went wrong and where, but not in its own words: they may quote what a resident wrote."""
    error = line.pop("exc_info", None)
    if isinstance(error, BaseException):
        line["exception"] = type(error).__qualname__
        frames = traceback.extract_tb(error.__traceback__)
        line["where"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]]
    return line


def _to_json(line: dict[str, Any], **_: object) -> bytes:
    return orjson.dumps(line, default=str)
