"""The database: the only module that calls the driver, so that the driver can be changed in one place."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from time import monotonic
from typing import Any, TypeVar

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorClientSession
from pymongo import IndexModel, ReplaceOne, ReturnDocument
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from services.chassis.changes import Changes, Document
from services.chassis.documents import Backlog, Collection, Due, Index, Ref, Versioned, from_document
from services.chassis.failures import Stale
from services.chassis.held import HeldValues
from services.chassis.mongo_answers import OpenCalls, failures_named
from services.chassis.pages import page_bounds

T = TypeVar("T")
Client = AsyncIOMotorClient[Document]
PlainIndex = tuple[str, ...]
"""Fields of an index of a plain collection, ascending."""
NO_INDEXES: Mapping[str, Sequence[PlainIndex]] = {}
NOTHING_LEFT_OUT: Mapping[str, object] = {}
BACKLOG_MAX = 10_000
"""So many are counted at most: beyond, the figure says "very many"."""
_MAJORITY = WriteConcern("majority", j=True, wtimeout=10_000)
_NAMESPACE_EXISTS = 48
"""Server code NamespaceExists: another replica made the collection meanwhile."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def open_client(url: str, answers_within_seconds: float = 3.0, call_seconds: float = 10.0) -> Client:
    """Return a client of the running loop; it connects when it is first used and comes back by itself.

    Arguments:
        answers_within_seconds: for a server to be found.
        call_seconds: for a call to be answered; after that it is not known whether it was done.
    """
    return AsyncIOMotorClient(
        url,
        tz_aware=True,
        serverSelectionTimeoutMS=round(1_000 * answers_within_seconds),
        connectTimeoutMS=round(1_000 * min(3.0, call_seconds)),
        socketTimeoutMS=round(1_000 * call_seconds),
        maxPoolSize=32,
        w="majority",
        journal=True,
        retryWrites=True,
        appname="sandan",
    )


async def administer(client: Client, command: str, value: object = 1, **options: Any) -> Document:
    """Run an administrative command of the server.

    Raises:
        Away: it does not answer.
        Unwritable: it says no.
    """
    with failures_named():
        return dict(await client.admin.command(command, value, **options))


class Store:
    """The database of one service.

    Arguments:
        client: shared by the services of a process.
        name: of the database.
        commit_seconds: within which the outcome of a commit has to be known.
    """

    def __init__(self, client: Client, name: str, commit_seconds: float = 5.0) -> None:
        self._client = client
        self._database = client.get_database(name, read_concern=ReadConcern("majority"))
        self._commit_seconds = commit_seconds
        self._calls = OpenCalls()
        self._held: dict[str, HeldValues] = {}
        self.name = name

    @property
    def oldest_call_seconds(self) -> float:
        """Return for how long the oldest call that is not answered yet has been waiting; 0 without one."""
        return self._calls.oldest_seconds

    async def ping(self) -> None:
        """Raise Away unless the database answers."""
        with self._calls.named():
            await self._client.admin.command("ping")

    async def clock(self) -> datetime:
        """Return what time it is by the database's clock."""
        with self._calls.named():
            answer = await self._client.admin.command("hello")
            at: datetime = answer["localTime"]
            return at.replace(tzinfo=UTC)

    async def prepare(
        self, collections: Iterable[Collection[Any]], plain: Mapping[str, Sequence[PlainIndex]] = NO_INDEXES
    ) -> None:
        """Make the collections and indexes; transactions need them to be there. Repeating it is harmless.

        Arguments:
            collections: where values are kept.
            plain: the machinery's own collections, each with its indexes.
        """
        with self._calls.named():
            present = set(await self._database.list_collection_names())
            for name in (*[collection.name for collection in collections], *plain):
                if name not in present:
                    await self._create(name)
            for collection in collections:
                for index in collection.indexes:
                    await self._index(collection.name, index)
            for name, indexes in plain.items():
                for fields in indexes:
                    await self._database[name].create_index([(field, 1) for field in fields])

    async def _create(self, name: str) -> None:
        try:
            await self._database.create_collection(name, check_exists=False)
        except OperationFailure as error:
            if error.code != _NAMESPACE_EXISTS:  # another replica made it meanwhile
                raise

    async def _index(self, name: str, index: Index) -> None:
        collection, first = self._database[name], index.fields[0]
        if index.expires:
            await collection.create_index(first, expireAfterSeconds=0)
            return
        if index.due:
            only = {first: {"$gt": _EPOCH}, **index.only}
            named = {"name": "_".join((first, *index.only, "due"))} if index.only else {}
            model = IndexModel([(first, 1), ("_id", 1)], partialFilterExpression=only, **named)
            await collection.create_indexes([model])
            return
        fields = [(part.lstrip("-"), -1 if part[0] == "-" else 1) for part in index.fields]
        options: Document = {"partialFilterExpression": dict(index.only)} if index.only else {}
        await collection.create_index([("community", 1), *fields], unique=index.unique, **options)

    async def drop(self) -> None:
        """Drop the whole database: for throw-away deployments and tests."""
        with self._calls.named():
            await self._client.drop_database(self.name)

    async def load(self, refs: Iterable[Ref[Any]]) -> dict[Ref[Any], Versioned[Any]]:
        """Return everything asked for, one query per collection; what is not there comes as revision 0."""
        wanted: dict[Collection[Any], dict[str, Ref[Any]]] = {}
        loaded: dict[Ref[Any], Versioned[Any]] = {}
        for ref in refs:
            wanted.setdefault(ref.collection, {})[ref.key] = ref
            loaded[ref] = Versioned(None)
        with self._calls.named():
            for collection, by_key in wanted.items():
                if collection.seldom_changes:
                    found = await self._load_held(collection, list(by_key))
                else:
                    found = await self._load_fresh(collection, list(by_key))
                for key, kept in found.items():
                    loaded[by_key[key]] = kept
        return loaded

    async def _load_fresh(self, collection: Collection[Any], keys: list[str]) -> dict[str, Versioned[Any]]:
        query = {"_id": {"$in": keys}}
        documents = await self._database[collection.name].find(query).to_list(None)
        return {document["_id"]: from_document(collection, document) for document in documents}

    async def _load_held(self, collection: Collection[Any], keys: list[str]) -> dict[str, Versioned[Any]]:
        """Return values as they are kept; of those held that have not changed, only the revision is read."""
        query = {"_id": {"$in": keys}}
        heads = await self._database[collection.name].find(query, ["_rev"]).to_list(None)
        revisions = {head["_id"]: head["_rev"] for head in heads}
        held = self._held.setdefault(collection.name, HeldValues())
        if changed := held.changed(revisions):
            held.put(await self._load_fresh(collection, changed))
        return held.of(revisions)

    async def find(self, ref: Ref[T]) -> Versioned[T]:
        """Return one value as it is kept; what is not there comes as revision 0."""
        return (await self.load([ref]))[ref]

    async def page(
        self,
        collection: Collection[T],
        community: str,
        where: Mapping[str, object],
        *,
        limit: int,
        after: str | None = None,
        by: str = "_id",
        first: str | None = None,
        without: Mapping[str, object] = NOTHING_LEFT_OUT,
    ) -> list[Versioned[T]]:
        """Return up to `limit` values of a community, newest first.

        Arguments:
            where: what they must be like.
            after: the id that they come after, or what `position_of` says of it.
            by: the field that grows with time.
            first: the field by which some stand before all others, the greatest first; whole numbers from 0.
            without: fields that are not read, and what the values hold in their place.
        """
        query: Document = {"$and": [where, page_bounds(community, after, first)], "community": community}
        order = [(by, -1)] if first is None else [(first, -1), ("_id", -1)]
        fields = dict.fromkeys(without, 0) or None
        with self._calls.named():
            cursor = self._database[collection.name].find(query, fields).sort(order).limit(limit)
            documents = await cursor.to_list(None)
        return [from_document(collection, {**document, **without}) for document in documents]

    async def due(
        self,
        collection: Collection[Any],
        field: str,
        until: datetime,
        *,
        limit: int,
        after: Due | None = None,
    ) -> list[Due]:
        """Return what is due in any community, oldest first.

        Arguments:
            field: of an index that says `due`.
            until: the moment up to which it is due, included.
            after: the last of the portion before: what cannot be done does not hold up the rest.
        """
        query: Document = {field: {"$gt": _EPOCH, "$lte": until}}
        if after is not None:
            later = [{field: {"$gt": after.at}}, {field: after.at, "_id": {"$gt": after.key}}]
            query["$or"] = later
        with self._calls.named():
            cursor = self._database[collection.name].find(query, {field: 1, "community": 1})
            rows = await cursor.sort([(field, 1), ("_id", 1)]).limit(limit).to_list(None)
        return [Due(row[field], row["_id"], row["community"]) for row in rows]

    async def backlog(self, collection: Collection[Any], field: str, **only: object) -> Backlog:
        """Return how much there is under an index that says `due`, in all communities, and since when.

        Arguments:
            field, only: of that index.
        """
        query = {field: {"$gt": _EPOCH}, **only}
        with self._calls.named():
            raw = self._database[collection.name]
            count = await raw.count_documents(query, limit=BACKLOG_MAX)
            first = await raw.find(query, {field: 1}).sort(field, 1).limit(1).to_list(None)
        return Backlog(count, first[0][field] if first else None)

    async def commit(self, changes: Changes) -> None:
        """Write all of it or none of it, durably, on a majority.

        Raises:
            Stale: a document was there already, or had another revision.
            Unwritable: the database refuses one of them whatever the state.
            TooSlow: no answer in time; it may have been written all the same.
            Away: no answer, or one that nobody expected; it may have been written all the same.
        """
        with self._calls.named(writing=True):
            async with (
                await self._client.start_session() as session,
                _transaction(session, self._commit_seconds),
            ):
                await self._write(changes, session)

    async def _write(self, changes: Changes, session: AsyncIOMotorClientSession) -> None:
        for name, documents in changes.inserts.items():
            await self._database[name].insert_many(documents, session=session)
        for name, rows in changes.replaces.items():
            requests = [ReplaceOne({"_id": new["_id"], "_rev": seen}, new) for seen, new in rows]
            result = await self._database[name].bulk_write(requests, ordered=True, session=session)
            if result.matched_count != len(requests):
                raise Stale(f"{name}: another revision")

    async def together(self, asked: Sequence[tuple[str, Document]]) -> list[list[Document]]:
        """Return what matches in several collections, by name and query, as all stood at one moment."""
        database = self._client.get_database(self.name)
        with self._calls.named():
            async with await self._client.start_session(snapshot=True) as one:
                return [await database[name].find(query, session=one).to_list(None) for name, query in asked]

    def plain(self, name: str) -> "RawCollection":
        """Return a collection that keeps no values of the domain: outbox, parked messages, members."""
        return RawCollection(self._database, name, self._calls)


class RawCollection:
    """A collection of plain documents, for the machinery's own books."""

    def __init__(self, database: Any, name: str, calls: OpenCalls) -> None:
        self._collection = database[name]
        self._calls = calls

    async def find(
        self,
        query: Document,
        *,
        sort: str | Sequence[str] = "_id",
        limit: int = 0,
        fields: Sequence[str] | None = None,
    ) -> list[Document]:
        """Return the documents that match, in the order of fields (`-name`: the greatest first).

        Arguments:
            fields: all that is wanted of each; everything without.
        """
        names = [sort] if isinstance(sort, str) else sort
        order = [(name.lstrip("-"), -1 if name[0] == "-" else 1) for name in names]
        with self._calls.named():
            cursor = self._collection.find(query, fields).sort(order).limit(limit)
            found: list[Document] = await cursor.to_list(None)
            return found

    async def aggregate(self, stages: Sequence[Document]) -> list[Document]:
        """Return what a pipeline of stages makes of the documents."""
        with self._calls.named():
            found: list[Document] = await self._collection.aggregate(list(stages)).to_list(None)
            return found

    async def insert_if_absent(self, document: Document) -> Document:
        """Keep a document unless one with its id is there; return the one that is there now."""
        given = {name: value for name, value in document.items() if name != "_id"}
        with self._calls.named(writing=True):
            found: Document = await self._collection.find_one_and_update(
                {"_id": document["_id"]},
                {"$setOnInsert": given},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
            return found

    async def count(self, query: Document) -> int:
        """Return how many documents match."""
        with self._calls.named():
            return int(await self._collection.count_documents(query))

    async def put_many(self, documents: Sequence[Document]) -> None:
        """Keep documents, each in place of one with the same id, in one call."""
        if documents:
            requests = [ReplaceOne({"_id": one["_id"]}, one, upsert=True) for one in documents]
            with self._calls.named(writing=True):
                await self._collection.bulk_write(requests, ordered=False)

    async def put(self, document: Document) -> None:
        """Keep a document, in place of one with the same id."""
        with self._calls.named(writing=True):
            await self._collection.replace_one({"_id": document["_id"]}, document, upsert=True)

    async def update(
        self, query: Document, change: Document | list[Document], *, upsert: bool = False
    ) -> int:
        """Change the documents that match; returns how many there were."""
        with self._calls.named():
            result = await self._collection.update_many(query, change, upsert=upsert)
            return int(result.matched_count)

    async def delete(self, query: Document) -> int:
        """Delete the documents that match; returns how many there were."""
        with self._calls.named():
            return int((await self._collection.delete_many(query)).deleted_count)


@asynccontextmanager
async def _transaction(session: AsyncIOMotorClientSession, commit_seconds: float) -> AsyncIterator[None]:
    session.start_transaction(read_concern=ReadConcern("snapshot"), write_concern=_MAJORITY)
    try:
        yield
    except BaseException:
        await asyncio.shield(_aborted(session))
        raise
    # Cancelling a commit half-way would leave its outcome unknown, so it is shielded.
    await asyncio.shield(_committed(session, commit_seconds))


async def _aborted(session: AsyncIOMotorClientSession) -> None:
    try:
        await session.abort_transaction()
    except PyMongoError:
        return  # the server gives an abandoned transaction up by itself


async def _committed(session: AsyncIOMotorClientSession, seconds: float) -> None:
    """Commit until the outcome is known, within the time given: committing again is harmless."""
    end = monotonic() + seconds
    while True:
        try:
            await session.commit_transaction()
        except PyMongoError as error:
            if not error.has_error_label("UnknownTransactionCommitResult") or monotonic() > end:
                raise
            await asyncio.sleep(0.1)
        else:
            return
