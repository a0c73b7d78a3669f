"""The two commands a newcomer types: the scripts parse, the help names every target, the pins are whole."""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted([*ROOT.glob("deploy/*.sh"), *ROOT.glob("deploy/*/*.sh"), ROOT / ".ci" / "run"])
REQUIREMENTS = sorted(ROOT.glob("requirements*.txt"))


def run(*command: str, cwd: Path = ROOT, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_parses_may_be_run_and_stops_at_the_first_error(script: Path) -> None:
    ran = run("bash", "-n", str(script))
    assert ran.returncode == 0, ran.stderr
    assert os.access(script, os.X_OK)
    assert re.search(r"^set -eu(o pipefail)?$", script.read_text(), flags=re.MULTILINE)


def test_make_without_a_target_lists_every_target() -> None:
    listed = set(re.findall(r"^  make (\S+) ", run("make").stdout, flags=re.MULTILINE))
    declared = set(re.findall(r"^\.PHONY: (\S+)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert listed == declared
    assert {"demo", "up", "down", "test", "bench", "check", "chaos", "docs", "clean"} <= listed


@pytest.mark.parametrize("file", REQUIREMENTS, ids=lambda path: path.name)
def test_every_requirement_is_exact_and_says_which_files_it_may_be(file: Path) -> None:
    text = file.read_text().replace(" \\\n    ", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", "-r "))]
    assert lines
    pin = r"[A-Za-z0-9_.-]+==[0-9][0-9A-Za-z.]*(?: --hash=sha256:[0-9a-f]{64})+"
    assert [line for line in lines if not re.fullmatch(pin, line)] == []


def test_nothing_is_pinned_twice_in_one_environment() -> None:
    together = [file for file in REQUIREMENTS if file.name != "requirements-audit.txt"]
    names = re.findall(r"(?m)^([A-Za-z0-9_.-]+)==", "".join(file.read_text().lower() for file in together))
    assert len(names) == len(set(names))


def test_down_with_nothing_up_says_so(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    script = tmp_path / "deploy" / "down.sh"
    script.write_text((ROOT / "deploy" / "down.sh").read_text())
    ran = run("bash", str(script), cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "nothing is up\n")


def test_down_leaves_a_stranger_with_the_remembered_pid_alone(tmp_path: Path) -> None:
    for directory in ("deploy", ".sandan"):
        (tmp_path / directory).mkdir()
    script = tmp_path / "deploy" / "down.sh"
    script.write_text((ROOT / "deploy" / "down.sh").read_text())
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (tmp_path / ".sandan" / "up.pid").write_text(f"{stranger.pid}\n")
        ran = run("bash", str(script), cwd=tmp_path)
        assert ran.stdout == "nothing is up\n"
        assert stranger.poll() is None
        stranger.kill()


def test_down_stops_what_was_started_here(tmp_path: Path) -> None:
    for directory in ("deploy", ".sandan"):
        (tmp_path / directory).mkdir()
    script = tmp_path / "deploy" / "down.sh"
    script.write_text((ROOT / "deploy" / "down.sh").read_text())
    sandan = tmp_path / "sandan"
    sandan.write_text("import time\ntime.sleep(60)\n")
    with subprocess.Popen(["python3", "sandan", "up"], cwd=tmp_path) as started:
        (tmp_path / ".sandan" / "up.pid").write_text(f"{started.pid}\n")
        while "sandan" not in Path(f"/proc/{started.pid}/cmdline").read_text():
            time.sleep(0.01)  # forked, and not yet what it is going to be
        # Reaped by us only after the script has seen it end, as a zombie has no command line any more.
        ran = run("bash", str(script), cwd=tmp_path)
        assert (ran.returncode, ran.stdout) == (0, "down\n")
        assert started.wait(timeout=5) != 0


@pytest.mark.slow
def test_setup_with_nothing_changed_is_silent_and_quick() -> None:
    if not (ROOT / ".sandan" / "setup-dev.stamp").is_file():
        pytest.skip("needs `make setup-dev` before")
    assert run("deploy/setup.sh", "dev").returncode == 0
