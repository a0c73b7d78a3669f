"""Printing goes on beside the loop: one sheet at a time, few that wait, and none for ever."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.chassis.http.rejections import Unavailable
from services.chassis.printing import NOTHING_TO_PRINT_WITH, PRESS, press
from services.chassis.printing.printer import WAITING_MAX, PdfNotAvailable, Printer, PrintFailed
from services.chassis.write_queue import TooManyWaiting
from tests.support.prints import pages_of, skip_without_press
from tests.support.running import eventually

ALONE = """
import os, sys, time
place = sys.argv[1]
os.mkdir(place + "/busy")  # fails where another press is at work
open(place + "/began", "a").write("x")
for _ in range(3000):
    if os.path.exists(place + "/go"):
        break
    time.sleep(0.01)
os.rmdir(place + "/busy")
sys.stdout.write("%PDF")
"""


def acting(program: str, seconds_max: float = 60.0) -> Printer:
    """Return a printer whose press is another program."""
    return Printer((sys.executable, "-c", program), seconds_max)


async def written(file: Path) -> None:
    """Return once a press has written something."""

    def has_words() -> bool:
        return file.exists() and bool(file.read_text())

    async def is_there() -> bool:
        return has_words()

    await eventually(is_there)


async def test_one_is_printed_at_a_time_some_wait_and_the_rest_is_refused(tmp_path: Path) -> None:
    printer = acting(ALONE)
    sheets = [asyncio.create_task(printer.pdf(str(tmp_path), {})) for _ in range(WAITING_MAX)]
    await written(tmp_path / "began")  # the loop goes on meanwhile
    with pytest.raises(TooManyWaiting) as refused:
        await printer.pdf(str(tmp_path), {})
    assert refused.value.facts["retry_after_seconds"] == 5
    assert (tmp_path / "began").read_text() == "x"
    (tmp_path / "go").touch()
    assert await asyncio.gather(*sheets) == [b"%PDF"] * WAITING_MAX
    assert (tmp_path / "began").read_text() == "x" * WAITING_MAX
    assert await printer.pdf(str(tmp_path), {}) == b"%PDF"


async def test_a_press_that_hangs_is_ended_and_makes_room(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    hangs = f"import os, time\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)"
    printer = acting(hangs, seconds_max=1.0)
    with pytest.raises(Unavailable):
        await printer.pdf("sheet", {})
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert printer._waiting == 0


async def test_a_press_whose_sheet_nobody_wants_any_more_is_ended(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    hangs = f"import os, time\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)"
    sheet = asyncio.create_task(acting(hangs).pdf("sheet", {}))
    await written(pid)
    sheet.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sheet
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


async def test_a_machine_that_cannot_print_says_so_and_one_that_fails_is_a_fault() -> None:
    with pytest.raises(PdfNotAvailable) as refused:
        await acting(f"import sys; sys.exit({NOTHING_TO_PRINT_WITH})").pdf("sheet", {})
    assert (refused.value.slug, refused.value.title) == ("pdf_not_available", "本机缺少 PDF 组件")
    with pytest.raises(PrintFailed, match="status 1: ValueError: ink"):
        await acting("raise ValueError('ink')").pdf("sheet", {})
    with pytest.raises(PrintFailed, match="status -9"):
        await acting("import os; os.kill(os.getpid(), 9)").pdf("sheet", {})


async def test_a_press_is_given_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDAN_MONGO_URL", "mongodb://user:secret@database/")
    said = await acting("import os; print([name for name in os.environ if 'SANDAN' in name])").pdf("x", {})
    assert said.strip() == b"[]"


async def test_a_template_without_a_value_is_a_fault_and_no_empty_place(tmp_path: Path) -> None:
    skip_without_press()
    template = tmp_path / "sheet.html"
    template.write_text("<p>{{ name }}")
    assert pages_of(await Printer().pdf(str(template), {"name": "<b>医明"})) == ["<b>医明"]
    with pytest.raises(PrintFailed, match="'name' is undefined"):
        await Printer().pdf(str(template), {})


def test_without_a_chinese_font_or_the_libraries_a_press_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(press.Missing, match="fontconfig"):
        press.look_for_font()
    program = tmp_path / "fc-list"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    done = subprocess.run(PRESS, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (NOTHING_TO_PRINT_WITH, b"missing: a Chinese font\n")
    program.write_text("#!/bin/sh\necho A Font\n")
    press.look_for_font()
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(press.Missing, match="Pango"):
        press.pdf_of("<p>好")


def test_a_service_loads_nothing_of_what_prints() -> None:
    program = (
        "import sys, services.composition; print(sorted({'weasyprint', 'jinja2', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
