"""The doctor: what it finds, what it advises, and when it says that Sandan cannot run."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from services.cli import doctor
from services.cli.doctor import Finding
from services.devserver.ports import free_port


@pytest.fixture
def listening_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def no_version(_: Path) -> str:
    return "1.0"


def test_a_machine_without_a_broker_is_told_to_run_setup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SANDAN_AMQP_URL", raising=False)
    found = doctor.server("RabbitMQ", "SANDAN_AMQP_URL", lambda: None, no_version)
    assert found.fatal
    assert "make setup" in found.mend
    assert "SANDAN_AMQP_URL" in found.mend


def test_a_url_that_answers_is_enough(monkeypatch: pytest.MonkeyPatch, listening_port: int) -> None:
    monkeypatch.setenv("SANDAN_AMQP_URL", f"amqp://user:secret@127.0.0.1:{listening_port}/")
    found = doctor.server("RabbitMQ", "SANDAN_AMQP_URL", lambda: None, no_version)
    assert found.mend == ""
    assert "secret" not in found.seen


def test_a_url_that_is_silent_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDAN_MONGO_URL", f"mongodb://user:secret@127.0.0.1:{free_port()}/?replicaSet=x")
    found = doctor.server("MongoDB", "SANDAN_MONGO_URL", lambda: None, no_version)
    assert found.fatal
    assert "no answer from 127.0.0.1" in found.seen
    assert "secret" not in found.seen


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("amqp://u:p@one/", [("one", 5672)]),
        ("amqp://u:p@one:1/,amqp://u:p@two:2/", [("one", 1), ("two", 2)]),
        ("mongodb://one:1,two:2/?replicaSet=x", [("one", 1), ("two", 2)]),
        ("mongodb://one/?replicaSet=x", [("one", 27017)]),
    ],
)
def test_every_host_of_a_url_is_asked(url: str, expected: list[tuple[str, int]]) -> None:
    assert doctor.addresses(url) == expected


def test_a_package_that_is_missing_is_fatal_and_another_version_is_not(tmp_path: Path) -> None:
    pins = tmp_path / "requirements.txt"
    pins.write_text("pytest==0.0.1\n")
    other = doctor.packages(pins)
    pins.write_text("no-such-package==1.0\n")
    missing = doctor.packages(pins)
    assert (bool(other.mend), other.fatal) == (True, False)
    assert (bool(missing.mend), missing.fatal) == (True, True)


def test_a_machine_that_cannot_print_is_told_what_to_install_and_may_run() -> None:
    missing = "import sys; sys.stderr.write('x\\nmissing: Pango\\n'); sys.exit(3)"
    found = doctor.pdf((sys.executable, "-c", missing))
    assert (found.seen, found.fatal) == ("missing: Pango", False)
    assert "libpango-1.0-0" in found.mend
    assert doctor.pdf((sys.executable, "-c", "raise SystemExit(4)")).seen == "status 4"
    assert doctor.pdf((sys.executable, "-c", "pass")).mend == ""


def test_a_taken_port_is_said_but_does_not_stop_anybody(listening_port: int) -> None:
    found = doctor.port(listening_port)
    assert "taken" in found.seen
    assert doctor.is_well([found])


def test_the_pinned_packages_are_the_installed_ones() -> None:
    assert doctor.packages(Path(__file__).parents[2] / "requirements.txt").mend == ""


def test_a_well_machine_gets_status_0(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "examine", lambda: iter([Finding("Python", "3.11")]))
    doctor.doctor()
    assert "can run here" in capsys.readouterr().out


def test_a_machine_that_lacks_something_gets_status_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "examine", lambda: iter([Finding("RabbitMQ", "none", "get one", fatal=True)]))
    with pytest.raises(typer.Exit) as left:
        doctor.doctor()
    assert left.value.exit_code == 1
    assert "get one" in capsys.readouterr().out


def test_it_looks_at_everything_that_is_needed_and_this_machine_is_well() -> None:
    findings = list(doctor.examine())
    names = [finding.what for finding in findings]
    assert names == ["Python", "packages", "RabbitMQ", "MongoDB", "PDF", "memory", "disk", "port"]
    assert doctor.is_well(findings)


def test_what_is_too_old_stops_and_what_is_too_small_only_warns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "PYTHON_MIN", (99, 0))
    monkeypatch.setattr(doctor, "MEMORY_MB_MIN", 10**9)
    monkeypatch.setattr(doctor, "DISK_MB_MIN", 10**12)
    old, little, full = doctor.python(), doctor.memory(), doctor.disk(tmp_path)
    assert (old.fatal, little.fatal, full.fatal) == (True, False, False)
    assert all(finding.mend for finding in (old, little, full))
    assert doctor.packages(tmp_path / "requirements.txt").mend == ""


def test_the_versions_are_those_of_the_programs_themselves(tmp_path: Path) -> None:
    script = tmp_path / "sbin" / "rabbitmq-server"
    (tmp_path / "plugins" / "rabbit-3.10.8").mkdir(parents=True)
    script.parent.mkdir()
    script.touch()
    assert doctor.rabbitmq_version(script) == "3.10.8"
    mongod = tmp_path / "mongod"
    mongod.write_text("#!/bin/sh\necho db version v7.0.4\n")
    mongod.chmod(0o700)
    assert doctor.mongod_version(mongod) == "7.0.4"
    mongod.write_text("#!/bin/sh\nexit 3\n")
    assert doctor.mongod_version(mongod) == "does not run (status 3)"
