"""A throw-away deployment per test: names of its own on the broker and in the database."""

import base64
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from services.chassis.bus import BrokerConnection
from services.chassis.clock import now
from services.chassis.http.identity import Issuer, new_private_key
from services.chassis.mongo import Store, open_client
from services.chassis.together import all_of
from services.chassis.ways import purge
from services.composition import SERVICES, Settings
from services.contracts.community_file import CommunityFile
from services.contracts.words import Role
from services.devserver import Servers
from services.intake.community_file import parse_community_file

COMMUNITIES = Path(__file__).parents[2] / "deploy" / "communities"
VAULT_KEY = base64.b64encode(bytes(range(32))).decode()
HOUR = timedelta(hours=1)
NO_LIMITS = {
    "limit_resident_per_minute": 0,
    "limit_grid_worker_per_minute": 0,
    "limit_staff_per_minute": 0,
    "limit_provider_per_minute": 0,
    "limit_operator_per_minute": 0,
    "limit_address_per_minute": 0,
    "limit_community_per_second": 0.0,
}


def jiwang_text() -> str:
    """Return the sample community's file as it is written."""
    return (COMMUNITIES / "jiwang.yaml").read_text(encoding="utf-8")


@cache
def _parsed() -> CommunityFile:
    return parse_community_file(jiwang_text(), "jiwang.yaml")


def jiwang(community: str = "jiwang", **points: Any) -> CommunityFile:
    """Return the sample community, under another id if need be, with parts of the points rule changed."""
    file = _parsed()
    rule = file.points.model_copy(update=points) if file.points else None
    named = file.community.model_copy(update={"id": community})
    return file.model_copy(update={"community": named, "points": rule})


def roomy(file: CommunityFile) -> CommunityFile:
    """Return a community whose providers have room for all the orders of a module's tests."""
    units = tuple(unit.model_copy(update={"capacity": 10_000}) for unit in file.units)
    partners = tuple(partner.model_copy(update={"capacity": 10_000}) for partner in file.partners)
    return file.model_copy(update={"units": units, "partners": partners})


@dataclass(frozen=True)
class Keys:
    """Signs tokens that the deployments under test believe."""

    issuer: Issuer = field(default_factory=lambda: Issuer(new_private_key(), "sandan", "sandan"))

    def token(
        self,
        subject: str,
        role: Role,
        *communities: str,
        life: timedelta = HOUR,
        age: timedelta = timedelta(),
    ) -> str:
        """Return a token for the communities given, Jiwang when there are none."""
        return self.issuer.issue(subject, role, communities or ("jiwang",), at=now() - age, life=life)


@dataclass
class Deployments:
    """Makes deployments on the servers of the session and removes them afterwards."""

    servers: Servers
    keys: Keys
    made: list[Settings] = field(default_factory=list)

    def new(self, **changes: Any) -> Settings:
        """Return the settings of a new deployment: two partitions, short waits, names nobody else has."""
        name = f"t{secrets.token_hex(5)}"
        settings = Settings.model_validate(
            {
                "amqp_url": self.servers.amqp_url,
                "mongo_url": self.servers.mongo_url,
                "database_prefix": name,
                "bus_prefix": name,
                "partitions": 2,
                "http_port": 0,
                "token_public_keys": self.keys.issuer.public_key,
                "vault_key": VAULT_KEY,
                "retry_tiers_seconds": (0.05, 0.1),
                "attempts_max": 4,
                "outbox_grace_seconds": 0.5,
                "member_seconds": 1.5,
                "timers_seconds": 0.1,
                "places_seconds": 0.1,
                "lessons_seconds": 0.1,
                "drain_seconds": 10.0,
                "http_pace_seconds": 0.0,
                "same_demand_seconds": 0,
                "bus_pace_seconds": 0.005,
                "audit_seconds": 0.5,
                "ways_seconds": 2.0,
                # Tests ask much in the name of few; those of the limits themselves set their own.
                **NO_LIMITS,
                **changes,
            }
        )
        self.made.append(settings)
        return settings

    async def remove(self) -> None:
        """Remove what the deployments left on broker and database."""
        client = open_client(self.servers.mongo_url)
        try:
            for settings in self.made:
                straight = settings.model_dump() | {"amqp_url": self.servers.amqp_url}
                whole = Settings.model_validate(straight)
                link = BrokerConnection(whole, "a test cleans up")
                try:
                    await purge(link, whole)
                finally:
                    await link.close()
                names = [f"{settings.database_prefix}_{service}" for service in SERVICES]
                await all_of(Store(client, name).drop() for name in names)
        finally:
            client.close()
            self.made.clear()
