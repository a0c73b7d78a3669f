"""Logs say what happened and where, and nothing that a resident wrote."""

import asyncio
import json
import sys
from pathlib import Path

from services.chassis.settings import Settings

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
