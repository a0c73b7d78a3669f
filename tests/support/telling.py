"""Notify alone, over either kind of documents, with a count of what it writes."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import bson
from bson.codec_options import CodecOptions

from services.chassis.batches import Batches
from services.chassis.changes import Changes
from services.chassis.clock import new_id
from services.chassis.documents import Collection, Due, Ref, Versioned
from services.chassis.mongo import Store
from services.chassis.work import Work
from services.contracts.envelope import Envelope
from services.contracts.ids import DemandId
from services.contracts.orders import OrderAccepted
from services.contracts.words import Actor, Message, ProviderRef, Role
from services.notify.consumers import consumes
from services.notify.domain.following import Following
from services.notify.domain.notices import Notice
from services.notify.handlers.tellings import Notifier
from services.notify.jobs.tellings import TellMany
from services.notify.store.followings import following_ref
from services.notify.store.notices import NOTICES
from tests.support.post import Post

UNIT = ProviderRef(id="u1", name="某局", kind="unit")


NOON = datetime.fromisoformat("2026-03-02T04:00:00+00:00")


HEARD = consumes(Notifier(console=False))


def accepted(by: str = "某局") -> OrderAccepted:
    """Return that an order was accepted."""
    provider = UNIT.model_copy(update={"name": by})
    return OrderAccepted(order="d1-1", demand="d1", asked_by="asker", provider=provider)


@dataclass
class Counting:
    """Documents that count what each transaction writes and each load brings."""

    inner: Any
    written: list[Counter[str]] = field(default_factory=list)
    read: Counter[str] = field(default_factory=Counter)

    async def load(self, refs: Iterable[Ref[Any]]) -> dict[Ref[Any], Versioned[Any]]:
        loaded: dict[Ref[Any], Versioned[Any]] = await self.inner.load(refs)
        self.read.update(ref.collection.name for ref, kept in loaded.items() if kept.value is not None)
        return loaded

    async def commit(self, changes: Changes) -> None:
        await self.inner.commit(changes)
        counted = Counter({name: len(documents) for name, documents in changes.inserts.items()})
        counted.update({name: len(documents) for name, documents in changes.replaces.items()})
        self.written.append(counted)

    async def due(
        self,
        collection: Collection[Any],
        named: str,
        until: datetime,
        *,
        limit: int,
        after: Due | None = None,
    ) -> list[Due]:
        found: list[Due] = await self.inner.due(collection, named, until, limit=limit, after=after)
        return found

    @property
    def most(self) -> int:
        """Return what the largest transaction wrote."""
        return max(sum(rows.values()) for rows in self.written)


@dataclass
class Notify:
    """Notify alone, told facts by hand."""

    documents: Counting
    community: str = field(default_factory=lambda: f"town-{new_id()[-12:]}")
    now: datetime = NOON

    def batches(self) -> Batches:
        """Return a writer, as each replica has one."""
        return Batches(self.documents, Post(), 4, lambda: self.now)

    def teller(self) -> TellMany:
        """Return a teller, as each replica has one."""
        return TellMany(self.documents, self.batches(), lambda: self.now)

    async def run(self, works: list[Work[Any]]) -> None:
        """Run works together; none of them may fail."""
        for outcome in await self.batches().run(works):
            assert not isinstance(outcome, Exception), outcome

    def hears(self, fact: Message, number: int = 1) -> Work[Any]:
        """Return what notify does about a fact."""
        envelope = Envelope(
            id=new_id(),
            kind=fact.kind,
            community=self.community,
            stream="demands/d1",
            version=number,
            at=self.now,
            actor=Actor(subject="u1", role=Role.UNIT),
            correlation="d1",
            body=fact,
        )
        return HEARD[fact.kind](envelope)

    async def hear(self, *facts: Message) -> None:
        """Hear facts, each in a transaction of its own."""
        for fact in facts:
            await self.run([self.hears(fact)])
            self.now += timedelta(seconds=1)

    async def kept_by_an_earlier_release(self, *people: str) -> None:
        """Keep who follows as earlier releases did: all names on one record."""
        ref = following_ref(self.community, DemandId("d1"))
        await self.run(
            [Work(self.hears(accepted()).origin, (ref,), lambda uow: uow.put(ref, Following(people)))]
        )
        self.documents.written.clear()

    async def tell_all(self) -> int:
        """Tell until nobody is left; return in how many portions."""
        return await self.teller().look()

    async def notices(self) -> list[Notice]:
        """Return every notice of the community."""
        kept = [NOTICES.decode(row) for row in await rows_of(self.documents.inner, NOTICES, self.community)]
        return [notice for notice in kept if notice.recipient.startswith("person:")]

    async def told(self) -> Counter[tuple[str, str]]:
        """Return how often which person has been told which text."""
        return Counter((notice.recipient, notice.text) for notice in await self.notices())


async def rows_of(documents: Any, collection: Collection[Any], community: str) -> list[dict[str, Any]]:
    if isinstance(documents, Store):
        return await documents.plain(collection.name).find({"community": community})
    raw: Iterable[bytes] = documents.rows.get(collection.name, {}).values()
    options: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
    rows = [bson.decode(one, options) for one in raw]
    return [row for row in rows if row["community"] == community]
