"""`sandan topology`: what the broker has to hold, declared by whoever may declare everything."""

import base64
import json
import os
import secrets
from hashlib import sha256
from typing import Annotated, Any

import typer
from rich.console import Console

from services.chassis.topology import SERVICES, Ways, rights_of, ways_of
from services.chassis.ways import declare
from services.cli.tools import Tools, with_tools
from services.composition import Settings

app = typer.Typer(help="Queues, exchanges, bindings and users of the broker.", no_args_is_help=True)
console = Console()
OPERATOR = "operator"
_SALT_BYTES = 4


@app.command()
def apply() -> None:
    """Declare everything for all services; repeating it is harmless, what is there stays as it is."""

    async def action(given: Tools) -> None:
        made = await declare(given.link, given.settings, SERVICES)
        console.print(f"made {len(made)} queues" if made else "everything is there")

    with_tools(action)


@app.command()
def definitions(
    vhost: Annotated[str, typer.Option(help="virtual host that all of it belongs to")] = "/",
) -> None:
    """Print definitions for RabbitMQ (`load_definitions`): all of it, and a user per service with its rights.

    The passwords are read from RABBITMQ_PASSWORD_INTAKE, …_MATCHING, …_POINTS, …_NOTIFY and …_OPERATOR.
    """
    passwords = {}
    for user in (*SERVICES, OPERATOR):
        name = f"RABBITMQ_PASSWORD_{user.upper()}"
        if not os.environ.get(name):
            raise typer.BadParameter(f"set {name}")
        passwords[user] = os.environ[name]
    typer.echo(json.dumps(definitions_of(Settings(), passwords, vhost), indent=2))


def definitions_of(settings: Settings, passwords: dict[str, str], vhost: str = "/") -> dict[str, Any]:
    """Return the broker's definitions.

    Arguments:
        passwords: of the services and of the operator, in the clear; only hashes are put in.
    """
    prefix = settings.bus_prefix
    rights = {
        service: (r.configure, r.write, r.read) for service in SERVICES for r in (rights_of(service, prefix),)
    }
    rights[OPERATOR] = (rf"^{prefix}\.", rf"^{prefix}\.", rf"^{prefix}\.")
    return {
        "vhosts": [{"name": vhost}],
        "users": [_user(name, password) for name, password in passwords.items()],
        "permissions": [
            {"user": user, "vhost": vhost, "configure": configure, "write": write, "read": read}
            for user, (configure, write, read) in rights.items()
        ],
        **_ways([ways_of(service, settings) for service in SERVICES], vhost),
    }


def _user(name: str, password: str) -> dict[str, Any]:
    return {
        "name": name,
        "password_hash": password_hash(password, secrets.token_bytes(_SALT_BYTES)),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": [],
    }


def password_hash(password: str, salt: bytes) -> str:
    """Return a password as RabbitMQ keeps it (passwords.html#computing-password-hash).

    Arguments:
        salt: four random bytes.
    """
    return base64.b64encode(salt + sha256(salt + password.encode()).digest()).decode()


def _ways(ways: list[Ways], vhost: str) -> dict[str, list[dict[str, Any]]]:
    queues = [queue for each in ways for queue in each.queues]
    there = {"vhost": vhost, "durable": True, "auto_delete": False}
    return {
        "exchanges": [
            {"name": e.name, "type": e.type.value, "internal": False, "arguments": {}, **there}
            for each in ways
            for e in each.exchanges
        ],
        "queues": [{"name": queue.name, "arguments": queue.arguments, **there} for queue in queues],
        "bindings": [
            {
                "source": binding.exchange,
                "vhost": vhost,
                "destination": queue.name,
                "destination_type": "queue",
                "routing_key": binding.key,
                "arguments": {},
            }
            for queue in queues
            for binding in queue.bindings
        ],
    }
