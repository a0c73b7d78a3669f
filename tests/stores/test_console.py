"""The console channel: every notice is printed once, however many there are, and a crash loses none."""

from datetime import UTC, datetime

import pytest

from services.chassis.mongo import Store
from services.notify.jobs import console
from services.notify.jobs.console import ConsoleChannel
from services.notify.store.notices import NOTICES

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


async def kept(store: Store, count: int, state: str = "pending") -> None:
    for number in range(count):
        row = {"_id": f"jiwang/{state}-{number}", "community": "jiwang", "recipient": "person:r1", "at": AT}
        await store.plain(NOTICES.name).put({**row, "text": f"第{number}条", "console": state})


async def test_what_is_pending_is_printed_once_portion_by_portion(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "PORTION", 3)
    await kept(store, 7)
    assert await ConsoleChannel(store).look() == 7
    lines = capsys.readouterr().out.splitlines()
    assert sorted(lines) == sorted(f"[jiwang] person:r1: 第{number}条" for number in range(7))
    assert await ConsoleChannel(store).look() == 0
    assert capsys.readouterr().out == ""


async def test_what_is_not_for_the_console_is_left_alone(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    await kept(store, 2, "off")
    assert await ConsoleChannel(store).look() == 0
    assert capsys.readouterr().out == ""
    assert await store.plain(NOTICES.name).count({"console": "off"}) == 2


async def test_a_crash_after_printing_prints_again_and_loses_none(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await kept(store, 1)

    async def crash(*_: object) -> int:
        raise ConnectionError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr("services.chassis.mongo.RawCollection.update", crash)
        with pytest.raises(ConnectionError):
            await ConsoleChannel(store).look()
    assert await ConsoleChannel(store).look() == 1
    assert capsys.readouterr().out.splitlines() == ["[jiwang] person:r1: 第0条"] * 2
