"""Makes MongoDB ready: a replica set of one, an administrator, a user for each service and for the operator.

Runs once beside the database, in its network: MongoDB lets a stranger in there while it knows no users.
Running it again makes users that are missing, changes passwords that differ, and nothing else.

Environment: MONGO_HOST (the name under which the services find it, with port), MONGO_ADMIN_PASSWORD,
MONGO_PASSWORD_INTAKE, …_MATCHING, …_POINTS, …_NOTIFY, …_OPERATOR.
"""

import os
import sys
import time
from collections.abc import Sequence
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

SERVICES = ("intake", "matching", "points", "notify")
OPERATOR = "operator"
ADMIN = "admin"
REPLICA_SET = "sandan"
WAIT_SECONDS_MAX = 60.0
_ALREADY_INITIALIZED = 23
_AUTHENTICATION_FAILED = 18
_UNAUTHORIZED = 13
_USER_EXISTS = 51003

Client = MongoClient[dict[str, Any]]


def main() -> None:
    """Wait for the server, form the set, create the users."""
    password = os.environ["MONGO_ADMIN_PASSWORD"]
    if not knows(password):
        with stranger() as client:
            form_replica_set(client, os.environ["MONGO_HOST"])
            wait_for_primary(client)
            client.admin.command("createUser", ADMIN, pwd=password, roles=["root"])
    with administrator(password) as client:
        wait_for_primary(client)
        for user, services in owners().items():
            keep_user(client, user, os.environ[f"MONGO_PASSWORD_{user.upper()}"], services)
    say("ready")


def owners() -> dict[str, tuple[str, ...]]:
    """Return each user and the services whose databases it may use: its own, or all for the operator."""
    return {**{service: (service,) for service in SERVICES}, OPERATOR: SERVICES}


def stranger() -> Client:
    """Return a client without a name, which MongoDB trusts on localhost while it has no users."""
    return MongoClient(
        "127.0.0.1", directConnection=True, serverSelectionTimeoutMS=int(WAIT_SECONDS_MAX * 1000)
    )


def administrator(password: str) -> Client:
    """Return a client that may create users."""
    return MongoClient(
        "127.0.0.1",
        directConnection=True,
        username=ADMIN,
        password=password,
        serverSelectionTimeoutMS=int(WAIT_SECONDS_MAX * 1000),
    )


def knows(password: str) -> bool:
    """Tell whether the administrator exists already (with another password, what follows fails loudly)."""
    try:
        with administrator(password) as client:
            client.admin.command("usersInfo", ADMIN)
    except OperationFailure as refused:
        if refused.code in (_AUTHENTICATION_FAILED, _UNAUTHORIZED):
            return False
        raise
    return True


def form_replica_set(client: Client, host: str) -> None:
    """Make the server a replica set of one, known by the name the services use."""
    try:
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [{"_id": 0, "host": host}]})
        say(f"replica set {REPLICA_SET} formed with {host}")
    except OperationFailure as refused:
        if refused.code != _ALREADY_INITIALIZED:
            raise


def wait_for_primary(client: Client) -> None:
    """Wait until the set takes writes."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not client.admin.command("hello").get("isWritablePrimary"):
        if time.monotonic() > deadline:
            raise TimeoutError("the replica set found no primary")
        time.sleep(0.2)


def keep_user(client: Client, user: str, password: str, services: Sequence[str]) -> None:
    """Let a user read and write the databases of services, and no other."""
    prefix = os.environ.get("SANDAN_DATABASE_PREFIX", "sandan")
    roles = [{"role": "readWrite", "db": f"{prefix}_{service}"} for service in services]
    try:
        client.admin.command("createUser", user, pwd=password, roles=roles)
        say(f"user {user} may use {', '.join(role['db'] for role in roles)}")
    except OperationFailure as refused:
        if refused.code != _USER_EXISTS:
            raise
        client.admin.command("updateUser", user, pwd=password, roles=roles)


def say(what: str) -> None:
    """Tell the log of the container."""
    sys.stdout.write(f"replica_set: {what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        main()
    except (PyMongoError, TimeoutError) as failed:
        sys.exit(f"replica_set: {failed}")
