"""The envelope: who says what, about which thing, as its n-th fact (`version`); and its form on the wire."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from services.contracts.catalogue import KINDS
from services.contracts.words import Actor, CommunityId, Message

EVENTS_PER_PARCEL_MAX = 32
PARCEL_BYTES_MAX = 256 * 1024

Key = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Unreadable(Exception):
    """The bytes are no message of ours and never will be.

    Arguments:
        reason: not_json, not_a_parcel, not_an_envelope, unknown_kind, wrong_body, wrong_community …
        detail: what exactly was wrong, for the operator; holds no text of a resident.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Envelope(BaseModel):
    """One fact on its way.

    `stream` names the thing it is about; `version` counts the facts of that stream from one, without
    gaps, so that a consumer knows a repetition from a gap.
    """

    model_config = ConfigDict(frozen=True)

    id: Key
    kind: Key
    community: CommunityId
    stream: Key
    version: int = Field(ge=1, le=2**53 - 1)
    at: datetime
    actor: Actor
    correlation: Key
    cause: str | None = None
    body: Any


def to_wire(envelope: Envelope) -> bytes:
    """Return the envelope as one JSON object; of one that was read, what this release knows of it."""
    return orjson.dumps(
        {
            "id": envelope.id,
            "kind": envelope.kind,
            "community": envelope.community,
            "stream": envelope.stream,
            "version": envelope.version,
            "at": envelope.at,
            "actor": {"subject": envelope.actor.subject, "role": envelope.actor.role.value},
            "correlation": envelope.correlation,
            "cause": envelope.cause,
            "body": orjson.Fragment(envelope.body.__pydantic_serializer__.to_json(envelope.body)),
        }
    )


def parcel_of(envelopes: Iterable[bytes]) -> bytes:
    """Return one message body for several envelopes: a JSON array, in their order."""
    return b"[" + b",".join(envelopes) + b"]"


def open_parcel(body: bytes) -> list[dict[str, Any]]:
    """Return the raw envelopes of a message body: a JSON array of them, or a single one.

    Raises:
        Unreadable: the bytes are not JSON, or neither an array nor an object.
    """
    try:
        parcel = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unreadable("not_json", str(error)) from error
    if isinstance(parcel, dict):
        return [parcel]
    if isinstance(parcel, list):
        return parcel
    raise Unreadable("not_a_parcel", f"a JSON {type(parcel).__name__}")


def read_envelope(raw: object) -> Envelope:
    """Return the envelope with its body as the model of its kind.

    Raises:
        Unreadable: the envelope or its body does not have the published shape, or nobody knows the kind.
    """
    envelope = read_outside(raw)
    model = KINDS.get(envelope.kind)
    if model is None:
        raise Unreadable("unknown_kind", envelope.kind)
    try:
        body: Message = model.model_validate(envelope.body)
    except ValidationError as error:
        raise Unreadable("wrong_body", _where(error)) from error
    return envelope.model_copy(update={"body": body})


def read_outside(raw: object) -> Envelope:
    """Return the envelope with its body as it came, unread.

    Raises:
        Unreadable: it does not have the published shape.
    """
    try:
        return Envelope.model_validate(raw)
    except ValidationError as error:
        raise Unreadable("not_an_envelope", _where(error)) from error


def _where(error: ValidationError) -> str:
    """Name fields and rules, never values: they may be a resident's words."""
    rows = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, row['loc']))}: {row['type']}" for row in rows[:5])
