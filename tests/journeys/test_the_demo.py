"""`make demo`, the first thing that anybody sees of the house."""

from io import StringIO

import pytest
from rich.console import Console

from services.chassis.mongo import open_client
from services.cli.cases import CASES
from services.cli.demo import run_demo
from services.devserver import Servers


async def test_the_demo_plays_every_case_right_and_leaves_nothing_on_servers_that_are_given(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDAN_AMQP_URL", servers.amqp_url)
    monkeypatch.setenv("SANDAN_MONGO_URL", servers.mongo_url)
    printed = StringIO()
    assert await run_demo(Console(file=printed, width=120), once=True) == 0, printed.getvalue()
    assert f"{len(CASES)}/{len(CASES)} 件到了真正办事的人手里" in printed.getvalue()
    assert "✗" not in printed.getvalue()
    client = open_client(servers.mongo_url)
    try:
        assert [name for name in await client.list_database_names() if name.startswith("demo_")] == []
    finally:
        client.close()
