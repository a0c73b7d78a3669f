"""For developing and showing only, months pass at once; no town's clock does."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import ValidationError

from services.chassis import clock
from services.chassis.clock import AHEAD_MAX, first_id_of, new_id, now, run_ahead
from services.chassis.settings import Settings
from tests.support.processes import ROOT

MONTH = timedelta(days=30)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(clock, "LOOKED_AT_SECONDS", 0.0)
    path = tmp_path / "ahead"
    run_ahead(path)
    yield path
    run_ahead(None)


def is_ahead(by: timedelta) -> bool:
    return abs(now() - datetime.now(UTC) - by) < timedelta(seconds=5)


def test_is_ahead_by_what_its_file_says_and_never_goes_back(file: Path) -> None:
    assert is_ahead(timedelta())
    for days, expected in ((30, 30), (60, 60), (10, 60)):
        file.write_text(str(days * 86_400))
        assert is_ahead(timedelta(days=expected))
    for nonsense in ("", "soon", "nan", "-5", "inf", "9" * 400):
        file.write_text(nonsense)
        assert now() - datetime.now(UTC) <= AHEAD_MAX
        assert now() - datetime.now(UTC) > timedelta(days=59)


def test_ids_sort_by_the_time_that_it_shows(file: Path) -> None:
    before = new_id()
    file.write_text(str(MONTH.total_seconds()))
    later = new_id() if is_ahead(MONTH) else ""
    assert before < first_id_of(datetime.now(UTC) + MONTH / 2) < later
    assert UUID(later).version == 7


def test_is_right_where_nobody_wants_it_otherwise(file: Path) -> None:
    file.write_text(str(MONTH.total_seconds()))
    assert is_ahead(MONTH)
    run_ahead(None)
    assert is_ahead(timedelta())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "sandan.example"])
def test_no_town_is_developed_in(host: str) -> None:
    with pytest.raises(ValidationError, match="loopback"):
        Settings(development=True, http_host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_a_clock_is_set_where_something_is_developed(host: str) -> None:
    assert Settings(development=True, http_host=host, clock_file="ahead").clock_file == "ahead"
    with pytest.raises(ValidationError, match="SANDAN_DEVELOPMENT=1"):
        Settings(http_host=host, clock_file="ahead")


def test_containers_are_for_towns() -> None:
    for name in ("deploy/compose.yaml", "deploy/Dockerfile", "deploy/.env.example"):
        assert "SANDAN_DEVELOPMENT" not in (ROOT / name).read_text()
        assert "SANDAN_CLOCK_FILE" not in (ROOT / name).read_text()
