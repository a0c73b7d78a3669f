"""Idempotency keys: the same request twice is done once; answers are kept in the transaction of the write."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import orjson

from services.chassis.documents import Collection, Index, Ref
from services.chassis.work import UnitOfWork, Work
from services.contracts.refusal import Invalid, Refused
from services.contracts.words import Role

MEDIA_JSON = "application/json"
MEDIA_PROBLEM = "application/problem+json"
KEY_CHARS_MAX = 200
KEY_PATTERN = rf"[!-~]{{1,{KEY_CHARS_MAX}}}"
"""Of an idempotency key: visible ASCII."""


class IdempotencyKeyReused(Invalid):
    """The key was used for another request (draft-ietf-httpapi-idempotency-key-header, §2.6)."""

    slug = "idempotency_key_reused"
    title = "这个幂等键已经用于另一个请求"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a write answers: kept as it is, so that a repetition gets the very same."""

    status: int
    body: bytes
    media: str = MEDIA_JSON
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """The answer to a request that was done, until it expires."""

    fingerprint: str
    reply: Reply
    expires_at: datetime


ANSWERS = Collection("answers", Remembered, Index(("expires_at",), expires=True))


@dataclass(frozen=True, slots=True)
class OnceKey:
    """Whose key it is, for which request.

    Arguments:
        subject, role: who asks; the equal key of another subject, or in another role, is another key.
        key: as the client sent it.
        request: method, path, condition and body, of which the fingerprint is made.
        hours: how long the answer is remembered.
    """

    subject: str
    role: Role
    key: str
    request: bytes
    hours: int

    @property
    def digest(self) -> str:
        """Return under what the answer is kept.

        A resident's is as it was before roles counted: a repetition across an upgrade finds its answer.
        """
        role = "" if self.role is Role.RESIDENT else f"\0{self.role}"
        return sha256(f"{self.subject}\0{self.key}{role}".encode()).hexdigest()[:32]


def problem(refusal: Refused) -> Reply:
    """Return a refusal as problem+json (RFC 9457); `code` is stable, `detail` is for people."""
    body = {
        **refusal.facts,
        "type": f"urn:sandan:problem:{refusal.slug}",
        "title": refusal.title,
        "status": refusal.status,
        "code": refusal.slug,
        "detail": refusal.detail,
    }
    return Reply(refusal.status, orjson.dumps(body, default=str), MEDIA_PROBLEM)


def once(work: Work[Reply], key: OnceKey) -> Work[Reply]:
    """Return the work that is done once under its key. A refusal is an answer, and is kept as well."""
    fingerprint = sha256(key.request).hexdigest()
    ref = Ref(ANSWERS, work.origin.community, key.digest)

    def done_once(uow: UnitOfWork) -> Reply:
        known = uow.find(ref)
        if known is not None:
            if known.fingerprint != fingerprint:
                raise IdempotencyKeyReused
            return known.reply
        reply = answered(uow, work)
        uow.put(ref, Remembered(fingerprint, reply, uow.at + timedelta(hours=key.hours)))
        return reply

    return Work(work.origin, (ref, *work.reads), done_once, work.more_reads, work.ahead)


def answered(uow: UnitOfWork, work: Work[Reply]) -> Reply:
    """Return the decision's reply; a refusal as its problem, with nothing changed."""
    branch = uow.branch()
    try:
        reply = work.decide(branch)
    except Refused as refusal:
        return problem(refusal)
    uow.adopt(branch)
    return reply
