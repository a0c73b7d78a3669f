"""`sandan` itself: its version, its reference, tokens, keys, and what it says when it cannot start."""

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services import __version__
from services.chassis.clock import now
from services.chassis.http.identity import Tokens
from services.cli import main
from services.cli.local import Keys
from services.cli.main import app
from services.composition import Settings, serve
from services.contracts.words import Role
from services.devserver.home import Home

ROOT = Path(__file__).parents[2]
NO_SERVERS = {"SANDAN_AMQP_URL": "", "SANDAN_MONGO_URL": ""}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and data are kept where the command is run; the log stays the tests' own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(main, "set_up_logs", lambda *_, **__: None)


def sandan(*words: str) -> Result:
    return CliRunner().invoke(app, words, env=NO_SERVERS)


def test_it_says_its_version_and_the_build_if_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SANDAN_BUILD", raising=False)
    assert sandan("--version").output == f"sandan {__version__}\n"
    monkeypatch.setenv("SANDAN_BUILD", "abc")
    assert sandan("--version").output == f"sandan {__version__} (abc)\n"


def test_it_prints_the_reference_that_stands_in_the_docs() -> None:
    assert json.loads(sandan("openapi").output) == json.loads((ROOT / "docs" / "openapi.json").read_text())


@pytest.mark.parametrize(
    ("services", "why"),
    [
        ("matching,nobody", "nobody: there are intake"),
        (",", "none: there are intake"),
        ("points", "some services alone need SANDAN_AMQP_URL"),
    ],
)
def test_what_it_cannot_run_is_said_before_anything_starts(services: str, why: str) -> None:
    said = sandan("up", "--services", services)
    assert said.exit_code == 2
    assert why in " ".join(said.output.replace("│", " ").split())


def test_a_second_one_on_the_same_data_is_told_so_and_starts_nothing(tmp_path: Path) -> None:
    taken = [Home(tmp_path / "data" / server) for server in ("rabbitmq", "mongod")]
    for home in taken:
        home.take()
    said = sandan("up", "--data-dir", str(tmp_path / "data"))
    for home in taken:
        home.leave()
    assert said.exit_code == 2
    assert "is in use by another running Sandan" in " ".join(said.output.split())


class TestTokens:
    def test_one_is_issued_with_the_key_that_is_kept_here(self, tmp_path: Path) -> None:
        token = sandan("token", "issue", "s1", "staff", "jiwang").output.strip()
        keys = Keys.kept(tmp_path / ".sandan" / "keys", Settings())
        whose = Tokens(keys.issuer.public_key, "sandan", "sandan").verify(token, now())
        assert (whose.subject, whose.role, whose.communities) == ("s1", Role.STAFF, ("jiwang",))

    def test_one_is_issued_with_a_key_of_ones_own(self, tmp_path: Path) -> None:
        keys = Keys.kept(tmp_path / "other", Settings())
        pem = str(tmp_path / "other" / "token-key.pem")
        token = sandan("token", "issue", "o1", "operator", "--key", pem).output.strip()
        whose = Tokens(keys.issuer.public_key, "sandan", "sandan").verify(token, now())
        assert whose.belongs_to("any-there-will-be")

    def test_nobody_but_an_operator_belongs_to_every_community(self) -> None:
        said = sandan("token", "issue", "s1", "staff")
        assert said.exit_code == 2
        assert "name the communities" in said.output


def test_kept_keys_are_the_same_the_next_time_and_their_owners_alone(tmp_path: Path) -> None:
    first, again = [Keys.kept(tmp_path / "keys", Settings()) for _ in range(2)]
    assert first.vault_key == again.vault_key
    assert first.issuer.public_key == again.issuer.public_key
    for file in (tmp_path / "keys").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert Keys.fresh(Settings()).vault_key != first.vault_key


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"SANDAN_HTTP_PORT": "many"}, "http_port"),
        ({"SANDAN_AMQP_URL": "", "SANDAN_MONGO_URL": ""}, "set SANDAN_AMQP_URL and SANDAN_MONGO_URL"),
        ({"SANDAN_TOKEN_PUBLIC_KEYS": ""}, "set SANDAN_TOKEN_PUBLIC_KEYS"),
        ({"SANDAN_AMQP_URL": "amqp://sandan:secret@[/"}, "amqp_url"),
        ({"SANDAN_AMQP_URL": "127.0.0.1"}, "amqp_url"),
        ({"SANDAN_AMQP_URL": "amqp://one:5672,amqp://two:port"}, "amqp_url"),
        ({"SANDAN_MONGO_URL": "mongodb://sandan:secret@["}, "mongo_url"),
        ({"SANDAN_TOKEN_PUBLIC_KEYS": "secret"}, "SANDAN_TOKEN_PUBLIC_KEYS holds what is not the PEM"),
    ],
)
def test_a_service_that_cannot_use_a_setting_says_which_and_not_what_is_in_it(
    given: dict[str, str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = {"SANDAN_AMQP_URL": "amqp://127.0.0.1:9/", "SANDAN_MONGO_URL": "mongodb://127.0.0.1:9/"}
    for name, value in {**usual, "SANDAN_TOKEN_PUBLIC_KEYS": "", **given}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=why) as said:
        serve("points")
    assert "secret" not in str(said.value)
