"""The files that containers are made and run with: what a stranger may break in them without noticing."""

import os
import re
import stat
import subprocess
import sys
from importlib import util
from pathlib import Path
from shutil import copy
from types import ModuleType
from typing import Any

import pytest
import yaml
from pymongo import MongoClient
from typer.testing import CliRunner

from services.cli.main import app
from services.cli.tools import PIPED_WIDTH, wide_console
from services.cli.topology import OPERATOR
from services.composition import SERVICES, Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
_UNITS = {"m": 2**20, "g": 2**30}


def bytes_of(written: str) -> int:
    """Return what a size of compose.yaml means."""
    return int(written[:-1]) * _UNITS[written[-1]]


# --- compose.yaml ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_is_bounded_confined_and_its_log_goes_round(name: str) -> None:
    given = CONTAINERS[name]
    assert bytes_of(given["mem_limit"]) <= 2 * 2**30
    assert given["cpus"]
    assert 0 < given["pids_limit"] <= 2_048
    assert given["logging"]["driver"] == "json-file"
    assert set(given["logging"]["options"]) == {"max-size", "max-file"}
    assert given["read_only"] is True
    assert given["cap_drop"] == ["ALL"]
    assert "cap_add" not in given
    assert given["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", CONTAINERS)
def test_what_ends_is_started_again(name: str) -> None:
    # A service that cannot go on ends with a status that is not 0.
    assert CONTAINERS[name]["restart"] == ("no" if name == OPERATOR else "unless-stopped")


def test_nobody_works_as_root() -> None:
    for name, given in CONTAINERS.items():
        if "localhost/sandan" not in given["image"]:
            assert given["user"].split(":")[0] not in {"", "0", "root"}, name
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d+:[1-9]\d+$", last, flags=re.MULTILINE)


def test_the_gateway_reaches_the_services_and_nothing_behind_them() -> None:
    writes = set(CONTAINERS["gateway"]["networks"])
    assert COMPOSE["networks"]["back"] == {"internal": True}
    for name in ("broker", "database", OPERATOR):
        assert not writes & set(CONTAINERS[name]["networks"]), name
        assert "ports" not in CONTAINERS[name]
    for name in SERVICES:
        assert set(CONTAINERS[name]["networks"]) == {"front", "back"}


@pytest.mark.parametrize("name", [*SERVICES, OPERATOR])
def test_each_comes_with_a_name_and_a_password_of_its_own(name: str) -> None:
    given = CONTAINERS[name]["environment"]
    assert given["SANDAN_BUS_DECLARES"] == "own"
    for server, variable in (("AMQP", "RABBITMQ"), ("MONGO", "MONGO")):
        url = given[f"SANDAN_{server}_URL"]
        assert re.search(rf"://{name}:\$\{{{variable}_PASSWORD_{name.upper()}:\?[^}}]+\}}@", url), url
    assert ("SANDAN_VAULT_KEY" in given) == (name == "intake")


def test_the_broker_refuses_publishers_well_before_its_container_ends() -> None:
    conf = (DEPLOY / "rabbitmq" / "sandan.conf").read_text(encoding="utf-8")
    mark = re.search(r"^vm_memory_high_watermark\.absolute = (\d+)MiB$", conf, flags=re.MULTILINE)
    assert mark is not None
    assert int(mark[1]) * 2**20 <= 0.6 * bytes_of(CONTAINERS["broker"]["mem_limit"])
    assert "vm_memory_high_watermark.relative" not in conf


def test_the_broker_loads_just_the_file_that_is_written_for_it() -> None:
    conf = (DEPLOY / "rabbitmq" / "sandan.conf").read_text(encoding="utf-8")
    loaded = re.search(r"^load_definitions = (\S+)$", conf, flags=re.MULTILINE)
    assert loaded is not None
    (writes,) = CONTAINERS["broker-definitions"]["command"]
    assert f"mv /definitions/new.json {loaded[1]}" in writes
    assert "definitions:/definitions" in CONTAINERS["broker-definitions"]["volumes"]
    assert "definitions:/definitions:ro" in CONTAINERS["broker"]["volumes"]
    (starts,) = CONTAINERS["broker"]["command"]
    assert f"until [ -s {loaded[1]} ]" in starts, "not every compose waits for a healthy container"


def test_the_databases_cache_leaves_room_in_its_container() -> None:
    (starts,) = CONTAINERS["database"]["command"]
    cache = re.search(r"--wiredTigerCacheSizeGB (\d+)", starts)
    assert cache is not None
    assert int(cache[1]) * 2**30 <= bytes_of(CONTAINERS["database"]["mem_limit"]) / 2


def test_the_image_of_all_is_one_that_can_be_gone_back_from() -> None:
    images = {given["image"] for given in CONTAINERS.values() if "sandan" in given["image"]}
    assert images == {"localhost/sandan:${SANDAN_VERSION:-latest}"}
    assert CONTAINERS["intake"]["build"]["args"] == {"SANDAN_BUILD": "${SANDAN_VERSION:-}"}
    assert not any("SANDAN_BUILD" in given.get("environment", {}) for given in CONTAINERS.values())


def test_a_container_is_given_settings_that_exist() -> None:
    known = {f"SANDAN_{name.upper()}" for name in Settings.model_fields}
    for name, given in CONTAINERS.items():
        named = {key for key in given.get("environment", {}) if key.startswith("SANDAN_")}
        assert named <= known, name


# --- Secrets and versions --------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory `deploy` with the scripts alone."""
    (tmp_path / "deploy").mkdir()
    (tmp_path / "services").mkdir()
    for script in ("secrets.sh", "version.sh"):
        copy(DEPLOY / script, tmp_path / "deploy")
    (tmp_path / "services" / "__init__.py").write_text('__version__ = "1.2.3"\n')
    return tmp_path / "deploy"


def run(script: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a script as an operator does."""
    return subprocess.run(
        ["bash", str(script), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        # No git above the directory, whatever directory temporary files are in.
        env={**os.environ, "GIT_CEILING_DIRECTORIES": "/"},
    )


def variables(place: Path) -> dict[str, str]:
    """Return what stands in .env."""
    lines = (place / ".env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_secrets_are_made_once_for_everything_that_the_containers_ask_for(place: Path) -> None:
    assert run(place / "secrets.sh").returncode == 0
    made = variables(place)
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{(\w+)(?::\?[^}]*)?\}", text)) <= set(made)
    assert len(set(made.values())) == len(made), "no password twice"
    for path in (place / ".env", place / "keys" / "token-private.pem"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = run(place / "secrets.sh")
    assert (again.returncode, variables(place)) == (0, made)
    assert "nothing done" in again.stdout
    assert not (place / ".env.new").exists()


def test_an_older_deployment_gets_what_it_lacks_and_keeps_the_rest(place: Path) -> None:
    old = "RABBITMQ_PASSWORD=old\nMONGO_PASSWORD_INTAKE=kept\nSANDAN_VAULT_KEY=seal\nSANDAN_LISTEN=0.0.0.0:80"
    (place / ".env").write_text(old)  # without an end of its last line
    ran = run(place / "secrets.sh")
    assert ran.returncode == 0
    now = variables(place)
    assert (place / ".env").read_text().startswith(old + "\n")
    assert (now["MONGO_PASSWORD_INTAKE"], now["SANDAN_LISTEN"]) == ("kept", "0.0.0.0:80")
    assert len(now["RABBITMQ_PASSWORD_OPERATOR"]) == 48
    assert "SANDAN_VAULT_KEY" not in ran.stdout
    assert now["MONGO_PASSWORD_OPERATOR"] not in ran.stdout


def test_secrets_that_cannot_be_made_leave_everything_as_it_was(place: Path, tmp_path: Path) -> None:
    (place / ".env").write_text("RABBITMQ_PASSWORD=old\n")
    broken = tmp_path / "bin"
    broken.mkdir()
    (broken / "openssl").write_text("#!/bin/sh\nexit 1\n")
    (broken / "openssl").chmod(0o755)
    ran = subprocess.run(
        ["bash", str(place / "secrets.sh")],
        env={**os.environ, "PATH": f"{broken}:{os.environ['PATH']}"},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode != 0
    assert (place / ".env").read_text() == "RABBITMQ_PASSWORD=old\n"
    assert not (place / ".env.new").exists()


def test_secrets_are_not_for_git() -> None:
    ignored = (DEPLOY / ".gitignore").read_text().split()
    assert {".env", ".env.new", "keys/"} <= set(ignored)


def test_the_version_is_this_checkouts_or_the_one_to_go_back_to(place: Path) -> None:
    (place / ".env").write_text("A=1\n")
    assert run(place / "version.sh").stdout == "1.2.3\n"
    assert run(place / "version.sh", "1.2.2-abc").stdout == "1.2.2-abc\n"
    assert variables(place) == {"A": "1", "SANDAN_VERSION": "1.2.2-abc"}
    wrong = run(place / "version.sh", "two words")
    assert (wrong.returncode, variables(place)["SANDAN_VERSION"]) == (2, "1.2.2-abc")


def test_there_is_no_version_without_secrets(place: Path) -> None:
    ran = run(place / "version.sh")
    assert (ran.returncode, ran.stderr) == (1, "run deploy/secrets.sh first\n")


# --- The image -------------------------------------------------------------------------------------


def test_the_image_is_alike_when_it_is_built_twice() -> None:
    instructions = DOCKERFILE.replace("\\\n", " ")
    for line in instructions.splitlines():
        if "pip" in line and " install " in line:
            assert "--no-compile" in line, "bytecode made by pip carries times"
        for part in line.split("&&"):
            if "-m compileall" in part:
                assert "--invalidation-mode unchecked-hash" in part
                assert "-j 1" in part
    assert instructions.count("-m compileall") == 2
    assert "PYTHONHASHSEED=0" in instructions
    assert re.search(r'find /opt/sandan /app /definitions .*touch -h -d "@\$SOURCE_DATE_EPOCH"', instructions)


def test_the_image_holds_nothing_that_installs_or_tests() -> None:
    built, _, last = DOCKERFILE.rpartition("\nFROM ")
    assert "venv --without-pip" in built
    assert "-type d -name tests" in built
    assert "rm -rf site-packages/* ensurepip" in last
    assert " install " not in last


def test_the_image_brings_what_prints_passbooks_the_same_as_set_up_does() -> None:
    asked = re.search(
        r"^readonly PDF_PACKAGES=\((.+)\)$", (DEPLOY / "setup.sh").read_text(), flags=re.MULTILINE
    )
    assert asked is not None
    assert f"--download-only install \\\n       {asked[1]} " in DOCKERFILE
    assert "COPY --from=packages /printing /\n" in DOCKERFILE


def test_what_changes_with_every_commit_comes_last() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert last.index("ARG SANDAN_BUILD") > last.rindex("COPY --from=packages")
    assert "SANDAN_BUILD=$SANDAN_BUILD" in last
    assert 'org.opencontainers.image.version="$SANDAN_BUILD"' in last


def test_all_that_is_copied_is_sent_to_the_builder_and_no_secret_is() -> None:
    sent = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    copied = [words for words in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, flags=re.MULTILINE)]
    for source in (word for words in copied for word in words.split()[:-1]):
        assert f"!{source}" in sent
        assert (DEPLOY.parent / source).exists()
    assert sent[0] == "*"
    assert not any(word.startswith("!") and ("env" in word or "keys" in word) for word in sent)


def test_the_command_line_of_the_image_is_this_one(tmp_path: Path) -> None:
    written = re.search(r"printf '(#!/opt/sandan/bin/python.*?)' >/opt/sandan/bin/sandan", DOCKERFILE)
    assert written is not None
    script = tmp_path / "sandan"
    script.write_text(
        written[1].replace("\\n", "\n").replace("/opt/sandan/bin/python", "/usr/bin/env python")
    )
    ran = subprocess.run(
        [sys.executable, str(script), "parked", "--help"],
        cwd=DEPLOY.parent,
        env={**os.environ, "PYTHONPATH": str(DEPLOY.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    assert "Usage: sandan parked" in ran.stdout


# --- Users -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def replica_set() -> ModuleType:
    """The script that makes the database's users."""
    spec = util.spec_from_file_location("replica_set", DEPLOY / "replica_set.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_a_database_user_has_its_own_database_and_the_operator_all_four(
    settings: Settings, replica_set: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = settings.database_prefix
    monkeypatch.setenv("SANDAN_DATABASE_PREFIX", prefix)
    client: MongoClient[dict[str, Any]] = MongoClient(settings.mongo_url or "")
    made = [f"{prefix}_{user}" for user in replica_set.owners()]
    try:
        for _ in range(2):  # the next start of an existing deployment
            for name, services in zip(made, replica_set.owners().values(), strict=True):
                replica_set.keep_user(client, name, "made-up", services)
        for name, user in zip(made, replica_set.owners(), strict=True):
            (known,) = client.admin.command("usersInfo", name)["users"]
            allowed = {(role["role"], role["db"]) for role in known["roles"]}
            theirs = SERVICES if user == OPERATOR else (user,)
            assert allowed == {("readWrite", f"{prefix}_{service}") for service in theirs}
    finally:
        for name in made:
            client.admin.command("dropUser", name)
        client.close()


def test_every_user_of_the_database_is_given_a_password(replica_set: ModuleType) -> None:
    given = CONTAINERS["database-ready"]["environment"]
    assert {f"MONGO_PASSWORD_{user.upper()}" for user in replica_set.owners()} <= set(given)


def test_the_brokers_definitions_hold_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    given = CONTAINERS["broker-definitions"]["environment"]
    names = [name for name in given if name.startswith("RABBITMQ_PASSWORD_")]
    assert {name.rpartition("_")[2].lower() for name in names} == {*SERVICES, OPERATOR}
    for name in names:
        monkeypatch.setenv(name, f"secret-of-{name}")
    printed = CliRunner().invoke(app, ["topology", "definitions"])
    assert printed.exit_code == 0
    assert "secret-of" not in printed.stdout
    monkeypatch.delenv(names[0])
    assert CliRunner().invoke(app, ["topology", "definitions"]).exit_code == 2


def test_a_table_in_a_pipe_is_not_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert wide_console().width == PIPED_WIDTH
    monkeypatch.setenv("COLUMNS", "90")
    assert wide_console().width == 90
