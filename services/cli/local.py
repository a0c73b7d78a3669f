"""A deployment of one's own on this machine: servers, keys and settings under one directory."""

import base64
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from services.chassis.clock import now
from services.chassis.http.identity import EVERY_COMMUNITY, Issuer, new_private_key
from services.composition import Settings
from services.contracts.words import Role
from services.devserver import Servers, servers_from

DATA_DIR = Path(".sandan")
_OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a local deployment: the one that signs tokens, the one that seals contacts."""

    issuer: Issuer
    vault_key: str

    @classmethod
    def fresh(cls, settings: Settings) -> "Keys":
        """Return keys that nobody keeps."""
        return cls(_issuer(new_private_key(), settings), _new_vault_key())

    @classmethod
    def kept(cls, directory: Path, settings: Settings) -> "Keys":
        """Return the keys kept in a directory, made when they are not there yet."""
        private = _kept(directory / "token-key.pem", new_private_key)
        return cls(_issuer(private, settings), _kept(directory / "vault-key", _new_vault_key))

    def token(self, subject: str, role: Role, *communities: str, hours: float = 12) -> str:
        """Return a token; an operator without communities named belongs to every one."""
        belongs = communities or (EVERY_COMMUNITY,)
        return self.issuer.issue(subject, role, belongs, at=now(), life=timedelta(hours=hours))


def _issuer(private_key: str, settings: Settings) -> Issuer:
    return Issuer(private_key, settings.token_audience, settings.token_issuer)


def _new_vault_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def _kept(path: Path, make: Callable[[], str]) -> str:
    if path.exists():
        return path.read_text()
    path.parent.mkdir(parents=True, exist_ok=True)
    made = make()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(descriptor, "w") as file:
        file.write(made)
    return made


@dataclass(frozen=True, slots=True)
class Deployment:
    """What is needed to run services here: complete settings, keys, and the servers."""

    settings: Settings
    keys: Keys
    servers: Servers


@asynccontextmanager
async def deployment(data_dir: Path, *, keep: bool, **overrides: object) -> AsyncIterator[Deployment]:
    """Provide broker, database and keys: those the environment names, our own where it names none.

    Arguments:
        data_dir: where everything local lives.
        keep: whether data and keys outlive the run.
        overrides: settings that differ from the environment's.

    Raises:
        ServersUnavailable: a server cannot be had; the message says what to do.
    """
    given = Settings()
    keys = Keys.kept(data_dir / "keys", given) if keep else Keys.fresh(given)
    async with servers_from(given.amqp_url, given.mongo_url, data_dir, keep=keep) as servers:
        local = {
            "amqp_url": servers.amqp_url,
            "mongo_url": servers.mongo_url,
            "token_public_keys": given.token_public_keys or keys.issuer.public_key,
            "vault_key": given.vault_key.get_secret_value() or keys.vault_key,
        }
        yield Deployment(Settings.model_validate({**given.model_dump(), **local, **overrides}), keys, servers)
