"""Logs say what happened and where, and nothing that a resident wrote."""

import asyncio
import json
import sys
from pathlib import Path

from services.composition import Settings

SECRET = "王小明的电话是13912345678"
CODE = f"""
import structlog
from services.chassis.logs import set_up_logs
set_up_logs("INFO", process="test")
log = structlog.get_logger()
try:
    raise ValueError("{SECRET}")
except ValueError as error:
    log.error("internal_error", exc_info=error)
log.info("handled", correlation=["d1"])
log.debug("noise")
import logging
logging.getLogger("asyncio").warning("{SECRET}")
"""


async def test_an_error_is_logged_by_kind_and_place_and_without_its_words() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        CODE,
        stderr=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    _, said = await process.communicate()
    lines = [json.loads(line) for line in said.decode().splitlines()]
    assert [line["event"] for line in lines] == ["internal_error", "handled", "library"]
    assert lines[0]["exception"] == "ValueError"
    assert lines[0]["where"][-1].endswith("<module>")
    assert lines[1] == {**lines[1], "correlation": ["d1"], "process": "test", "level": "info"}
    assert SECRET not in said.decode()


def test_settings_say_their_defaults_and_keep_their_secrets() -> None:
    settings = Settings(vault_key="c2VjcmV0")
    assert "c2VjcmV0" not in repr(settings)
    assert settings.retry_tiers_seconds == (1.0, 10.0, 60.0, 600.0)


LIBRARIES = f"""
import asyncio, gc, logging, threading, warnings
from types import SimpleNamespace
import structlog
from services.chassis.logs import set_up_logs
set_up_logs("INFO", process="test")
structlog.get_logger().info("ours")
line = logging.getLogger("aiormq.connection").error
line("Unexpected close from %s: %r", "amqp://u:geheim@host/", "CONNECTION_FORCED")
class ReturnedMessage:
    body = "{SECRET}"
    def __repr__(self):
        return self.body
logging.getLogger("aiormq.channel").error("Unhandled message %r returning", ReturnedMessage())
robust = logging.getLogger("aio_pika.robust")
robust.error("Connection attempt failed: %r", ConnectionRefusedError(111, "refused"))
robust.error("Returned: %r", ValueError(ReturnedMessage()))
topology = logging.getLogger("pymongo.topology")
thread = threading.Thread(target=lambda: topology.warning("no primary for %d s", 3))
thread.start(); thread.join()
logging.getLogger("aiohttp.server").error("Error handling request from %s", "{SECRET}")
logging.getLogger("asyncio").error("{SECRET}")
try:
    raise ValueError("{SECRET}")
except ValueError:
    logging.getLogger("aiohttp.server").exception("Unhandled exception")
async def never():
    pass
never()
gc.collect()
warnings.warn("{SECRET}", UserWarning)
logging.getLogger("aiormq.connection").warning("many of these, not wanted")
"""


async def test_libraries_lines_are_json_with_the_fields_of_ours_and_with_what_they_say() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LIBRARIES, stderr=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    _, said = await process.communicate()
    ours, *lines = [json.loads(line) for line in said.decode().splitlines()]
    assert ours["event"] == "ours"
    for line in lines:
        assert line["event"] == "library"
        assert line["process"] == "test"
        assert set(ours) <= set(line), "at, level and process as ours have"
        assert line["at"][:10] == ours["at"][:10]
    assert [(line["logger"], line["level"], line["message"]) for line in lines] == [
        ("aiormq.connection", "error", "Unexpected close from amqp://***@host/: 'CONNECTION_FORCED'"),
        ("aiormq.channel", "error", "Unhandled message 'ReturnedMessage' returning"),
        ("aio_pika.robust", "error", "Connection attempt failed: ConnectionRefusedError(111, 'refused')"),
        ("aio_pika.robust", "error", "Returned: 'ValueError'"),
        ("pymongo.topology", "warning", "no primary for 3 s"),
        ("aiohttp.server", "error", "Error handling request from %s"),
        ("asyncio", "error", "(masked)"),
        ("aiohttp.server", "error", "(masked)"),
        ("py.warnings", "warning", "RuntimeWarning: coroutine 'never' was never awaited"),
        ("py.warnings", "warning", "UserWarning: (masked)"),
    ]
    assert lines[7]["exception"] == "ValueError"
    assert SECRET not in said.decode()
    assert "geheim" not in said.decode()
