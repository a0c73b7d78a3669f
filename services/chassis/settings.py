"""What an operator can set (`SANDAN_…`) for the machinery; each service adds what it alone uses."""

from functools import cached_property
from ipaddress import ip_address, ip_network
from typing import Annotated, Literal, Self

from pydantic import AmqpDsn, Field, MongoDsn, TypeAdapter, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Seconds = Annotated[float, Field(gt=0, le=86_400)]
_BROKER = TypeAdapter(AmqpDsn)
_DATABASE = TypeAdapter(MongoDsn)


class Misconfigured(Exception):
    """The settings cannot be used, or are not those that this deployment was made with."""


class Settings(BaseSettings):
    """Everything that differs between deployments. A wrong value stops the start with its name."""

    model_config = SettingsConfigDict(
        env_prefix="SANDAN_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    amqp_url: str | None = Field(
        default=None, description="RabbitMQ, several nodes separated by commas; empty: a local one is started"
    )
    mongo_url: str | None = Field(
        default=None, description="MongoDB replica set; empty: a local one is started"
    )
    database_prefix: str = Field(
        default="sandan", pattern=r"^[a-z][a-z0-9_]{0,30}$", description="each service has PREFIX_SERVICE"
    )
    bus_prefix: str = Field(
        default="sandan", pattern=r"^[a-z][a-z0-9_]{0,30}$", description="begins every exchange and queue"
    )
    partitions: int = Field(
        default=8, ge=1, le=64, description="queues per service; the same everywhere, changed only when empty"
    )
    http_host: str = Field(default="127.0.0.1", description="address to listen on")
    http_port: int = Field(default=8080, ge=0, le=65_535, description="port to listen on; 0: any free one")
    http_body_bytes_max: int = Field(default=1_048_576, ge=1_024, description="a larger body gets 413")
    http_waiting_max: int = Field(
        default=2_000, ge=1, description="writes of one community waiting in one process; more get 429"
    )
    http_connections_max: int = Field(
        default=900,
        ge=1,
        description="connections open in one process, fewer than the file descriptors allowed; more get 503",
    )
    http_header_seconds: Seconds = Field(
        default=10.0, description="time for a request's headers; a half-sent request is closed"
    )
    http_body_seconds: Seconds = Field(default=30.0, description="time for a request's body; then 408")
    http_request_seconds: Seconds = Field(
        default=60.0, description="time for a whole request, and for a client to take its answer; then 503"
    )
    http_idle_seconds: Seconds = Field(
        default=75.0, description="a connection without a request is closed after this time"
    )
    http_trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="networks (CIDR, separated by commas) whose X-Forwarded-For is believed; empty: nobody's",
    )
    limit_resident_per_minute: int = Field(
        default=10, ge=0, description="writes of one resident, as many at once; 0: no limit, as below"
    )
    limit_grid_worker_per_minute: int = Field(default=120, ge=0, description="writes of one grid worker")
    limit_staff_per_minute: int = Field(default=300, ge=0, description="writes of one member of staff")
    limit_provider_per_minute: int = Field(default=300, ge=0, description="writes of one unit or partner")
    limit_operator_per_minute: int = Field(default=6_000, ge=0, description="writes of one operator")
    limit_address_per_minute: int = Field(
        default=600, ge=0, description="requests, reads included, from one address"
    )
    limit_community_per_second: float = Field(
        default=100.0, ge=0, description="writes of one community on the average"
    )
    limit_community_burst: int = Field(
        default=1_000, ge=1, description="writes of one community at once, after a rest"
    )
    token_public_keys: str = Field(
        default="", description="PEM of the Ed25519 keys whose tokens are believed, one after the other"
    )
    token_audience: str = Field(default="sandan", description="`aud` that a token must carry")
    token_issuer: str = Field(default="sandan", description="`iss` that a token must carry")
    batch_max: int = Field(default=128, ge=1, le=1_000, description="works that commit together at most")
    http_pace_seconds: float = Field(
        default=0.1, ge=0, le=1, description="while many come, batches of requests begin this far apart"
    )
    bus_pace_seconds: float = Field(
        default=0.12, ge=0, le=1, description="while many come, batches of messages begin this far apart"
    )
    prefetch: int = Field(default=256, ge=1, le=1_000, description="messages in hand per partition")
    keep_all_cursors: bool = Field(
        default=False,
        description="note how far each stream was heard in a cursor: while 0.3 runs beside, or may come back",
    )
    retry_tiers_seconds: Annotated[tuple[Seconds, ...], NoDecode] = Field(
        default=(1.0, 10.0, 60.0, 600.0), description="waits before a failed message is tried again"
    )
    attempts_max: int = Field(default=6, ge=1, le=100, description="tries of a message before it is parked")
    outbox_grace_seconds: Seconds = Field(
        default=10.0, description="age at which an announcement left behind is sent by whoever finds it"
    )
    timers_seconds: Seconds = Field(
        default=1.0, description="how often each replica looks for what is due: deadlines, alarms, ratings"
    )
    facts_kept_hours: float = Field(
        default=72.0, gt=0, le=24 * 365, description="how long what was announced is kept, to be said again"
    )
    actions_kept_days: int = Field(
        default=1_095,
        ge=0,
        le=36_500,
        description="how long it is kept what persons did with parked messages and gaps; 0: for ever",
    )
    audit_seconds: Seconds = Field(
        default=10.0, description="how often it is compared what was said and what was heard"
    )
    ways_seconds: Seconds = Field(
        default=15.0, description="how often a service declares its queues, exchanges and bindings again"
    )
    watch_seconds: Seconds = Field(
        default=15.0, description="how often what waits too long is counted for the metrics"
    )
    bus_declares: Literal["everything", "own"] = Field(
        default="everything",
        description="what a service declares at its start: own, where each has a broker user of its own",
    )
    broker_seconds: Seconds = Field(default=10.0, description="time for the broker to confirm or answer")
    heartbeat_seconds: int = Field(
        default=5,
        ge=1,
        le=600,
        description="a silent connection is given up after two to three of these",
    )
    database_seconds: Seconds = Field(default=10.0, description="time for the database to answer a call")
    commit_seconds: Seconds = Field(
        default=5.0, description="time within which the outcome of a commit has to be known"
    )
    member_seconds: Seconds = Field(
        default=6.0,
        description="silence after which a replica's partitions go to the others, and it lets them go itself",
    )
    drain_seconds: Seconds = Field(default=20.0, description="time to finish what is in hand on SIGTERM")
    idempotency_hours: int = Field(default=168, ge=1, description="how long an answer is remembered")
    build: str = Field(
        default="",
        max_length=80,
        pattern=r"^[A-Za-z0-9._+/-]*$",
        description="which build runs, as a commit; shown by /healthz, metrics and the line `ready`",
    )
    development: bool = Field(
        default=False, description="what is dangerous in a town may be used, on a loopback address alone"
    )
    clock_file: str = Field(
        default="", description="file that says by how many seconds the clock is ahead; with development only"
    )
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    @field_validator("amqp_url")
    @classmethod
    def _names_brokers(cls, given: str | None) -> str | None:
        for url in filter(None, (given or "").split(",")):
            _BROKER.validate_python(url.strip())
        return given

    @field_validator("mongo_url")
    @classmethod
    def _names_a_database(cls, given: str | None) -> str | None:
        if given:
            _DATABASE.validate_python(given)
        return given

    @field_validator("retry_tiers_seconds", mode="before")
    @classmethod
    def _split_tiers(cls, given: object) -> object:
        return [part for part in given.split(",") if part.strip()] if isinstance(given, str) else given

    @field_validator("http_trusted_proxies", mode="before")
    @classmethod
    def _split_proxies(cls, given: object) -> object:
        return tuple(p.strip() for p in given.split(",") if p.strip()) if isinstance(given, str) else given

    @field_validator("http_trusted_proxies")
    @classmethod
    def _are_networks(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for one in given:
            ip_network(one, strict=False)
        return given

    @model_validator(mode="after")
    def _is_no_town(self) -> Self:
        if self.clock_file and not self.development:
            raise ValueError("SANDAN_CLOCK_FILE: with SANDAN_DEVELOPMENT=1 only")
        if self.development and not _is_loopback(self.http_host):
            raise ValueError("SANDAN_DEVELOPMENT: with SANDAN_HTTP_HOST on a loopback address only")
        return self

    @cached_property
    def amqp_urls(self) -> tuple[str, ...]:
        """Return the nodes of the broker, in the order given."""
        return tuple(url.strip() for url in (self.amqp_url or "").split(",") if url.strip())


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
