"""Logs: one JSON object a line on standard error, with the correlation id of the demand it is about."""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog


def set_up_logs(level: str, **always: str) -> None:
    """Make every logger of the process write JSON lines.

    Arguments:
        level: DEBUG, INFO, WARNING or ERROR.
        always: fields that every line carries, as the service's name.
    """
    number = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            _without_messages,
            structlog.processors.JSONRenderer(serializer=_to_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(**always)
    # The libraries' own lines may quote what passes through them, so only their warnings are wanted.
    logging.basicConfig(
        level=max(number, logging.WARNING), stream=sys.stderr, format=_LIBRARY_LINE, force=True
    )
    for noisy in ("aio_pika", "aiormq"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


_LIBRARY_LINE = '{"event": "library", "logger": "%(name)s", "level": "%(levelname)s", "at": "%(asctime)s"}'


def _without_messages(_: object, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say what went wrong and where, but not in its own words: they may quote what a resident wrote."""
    error = line.pop("exc_info", None)
    if isinstance(error, BaseException):
        line["exception"] = type(error).__qualname__
        frames = traceback.extract_tb(error.__traceback__)
        line["where"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]]
    return line


def _to_json(line: dict[str, Any], **_: object) -> bytes:
    return orjson.dumps(line, default=str)
