"""The database: the only module that imports the driver, so that the driver can be changed in one place."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any, TypeVar

from bson.errors import InvalidDocument
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorClientSession
from pymongo import ReplaceOne
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DocumentTooLarge,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from services.chassis.failures import Away, Stale, Unwritable
from services.chassis.shelf import Due, Index, Kept, Ref, Shelf, from_document

T = TypeVar("T")
Document = dict[str, Any]
Client = AsyncIOMotorClient[Document]

COMMIT_BUDGET_SECONDS = 5.0
_MAJORITY = WriteConcern("majority", j=True, wtimeout=10_000)
_DUPLICATE_KEY = 11000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RETRIABLE_CODES = frozenset({6, 7, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436})


@dataclass(slots=True)
class Changes:
    """What one batch writes together: new documents, and documents that replace a known revision."""

    inserts: dict[str, list[Document]] = field(default_factory=dict)
    replaces: dict[str, list[tuple[int, Document]]] = field(default_factory=dict)

    def insert(self, collection: str, document: Document) -> None:
        """Add a document that must not exist yet."""
        self.inserts.setdefault(collection, []).append(document)

    def replace(self, collection: str, revision: int, document: Document) -> None:
        """Add a document that must exist with this revision."""
        self.replaces.setdefault(collection, []).append((revision, document))

    def __bool__(self) -> bool:
        return bool(self.inserts or self.replaces)


def open_client(url: str, answers_within_seconds: float = 3.0) -> Client:
    """Return a client of the running loop; it connects when it is first used and comes back by itself."""
    return AsyncIOMotorClient(
        url,
        tz_aware=True,
        serverSelectionTimeoutMS=round(1_000 * answers_within_seconds),
        connectTimeoutMS=3_000,
        socketTimeoutMS=10_000,
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
    with _failures_named():
        return dict(await client.admin.command(command, value, **options))


@contextmanager
def _failures_named() -> Any:
    """Turn the driver's errors into the four that the rest of the house knows."""
    try:
        yield
    except (DuplicateKeyError, BulkWriteError) as error:
        raise _of_write(error) from error
    except (DocumentTooLarge, InvalidDocument, OverflowError, UnicodeError) as error:
        raise Unwritable(type(error).__name__) from error
    except (ConnectionFailure, WTimeoutError) as error:
        raise Away(f"mongodb: {type(error).__name__}") from error
    except OperationFailure as error:
        raise _of_operation(error) from error
    except PyMongoError as error:
        if error.has_error_label("TransientTransactionError"):
            raise Stale(str(error)) from error
        raise Away(f"mongodb: {type(error).__name__}") from error


def _of_write(error: DuplicateKeyError | BulkWriteError) -> Exception:
    if isinstance(error, DuplicateKeyError):
        return Stale("duplicate key")
    rows = (error.details or {}).get("writeErrors", [])
    if any(row.get("code") == _DUPLICATE_KEY for row in rows) or not rows:
        return Stale("duplicate key")
    if error.has_error_label("TransientTransactionError"):
        return Stale("write conflict")
    return Unwritable(str([row.get("code") for row in rows]))


def _of_operation(error: OperationFailure) -> Exception:
    if error.has_error_label("TransientTransactionError"):
        return Stale(f"code {error.code}")
    if error.code in _RETRIABLE_CODES or error.has_error_label("RetryableWriteError"):
        return Away(f"mongodb: code {error.code}")
    return Unwritable(f"code {error.code}: {error}")


class Store:
    """The database of one service.

    Arguments:
        client: shared by the services of a process.
        name: of the database.
    """

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._database = client.get_database(name, read_concern=ReadConcern("majority"))
        self.name = name

    async def ping(self) -> None:
        """Raise Away unless the database answers."""
        with _failures_named():
            await self._client.admin.command("ping")

    async def prepare(self, shelves: Iterable[Shelf[Any]], plain: Sequence[str] = ()) -> None:
        """Make the collections and indexes; transactions need them to be there. Repeating it is harmless."""
        with _failures_named():
            present = set(await self._database.list_collection_names())
            for name in (*[shelf.name for shelf in shelves], *plain):
                if name not in present:
                    await self._create(name)
            for shelf in shelves:
                for index in shelf.indexes:
                    await self._index(shelf.name, index)

    async def _create(self, name: str) -> None:
        try:
            await self._database.create_collection(name, check_exists=False)
        except OperationFailure as error:
            if error.code != 48:  # another replica made it meanwhile
                raise

    async def _index(self, name: str, index: Index) -> None:
        collection, first = self._database[name], index.fields[0]
        if index.expires:
            await collection.create_index(first, expireAfterSeconds=0)
            return
        if index.due:
            await collection.create_index(
                [(first, 1), ("_id", 1)], partialFilterExpression={first: {"$gt": _EPOCH}}
            )
            return
        fields = [(part.lstrip("-"), -1 if part[0] == "-" else 1) for part in index.fields]
        await collection.create_index([("community", 1), *fields], unique=index.unique)

    async def drop(self) -> None:
        """Drop the whole database: for throw-away deployments and tests."""
        with _failures_named():
            await self._client.drop_database(self.name)

    async def load(self, refs: Iterable[Ref[Any]]) -> dict[Ref[Any], Kept[Any]]:
        """Return everything asked for, one query per shelf; what is not there comes as revision 0."""
        wanted: dict[Shelf[Any], dict[str, Ref[Any]]] = {}
        loaded: dict[Ref[Any], Kept[Any]] = {}
        for ref in refs:
            wanted.setdefault(ref.shelf, {})[ref.key] = ref
            loaded[ref] = Kept(None)
        with _failures_named():
            for shelf, by_key in wanted.items():
                query = {"_id": {"$in": list(by_key)}}
                for document in await self._database[shelf.name].find(query).to_list(None):
                    loaded[by_key[document["_id"]]] = from_document(shelf, document)
        return loaded

    async def page(
        self,
        shelf: Shelf[T],
        community: str,
        where: Mapping[str, object],
        *,
        limit: int,
        after: str | None = None,
        by: str = "_id",
    ) -> list[Kept[T]]:
        """Return up to `limit` values of a community, newest first.

        Arguments:
            where: what they must be like.
            after: the id that they come after.
            by: the field that grows with time.
        """
        query: Document = {"community": community, **where}
        bounds: Document = {
            "$gt": f"{community}/",
            "$lt": f"{community}/{after}" if after else f"{community}0",
        }
        query["_id"] = bounds
        with _failures_named():
            cursor = self._database[shelf.name].find(query).sort(by, -1).limit(limit)
            return [from_document(shelf, document) for document in await cursor.to_list(None)]

    async def due(
        self, shelf: Shelf[Any], field: str, until: datetime, *, limit: int, after: Due | None = None
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
        with _failures_named():
            cursor = self._database[shelf.name].find(query, {field: 1, "community": 1})
            rows = await cursor.sort([(field, 1), ("_id", 1)]).limit(limit).to_list(None)
        return [Due(row[field], row["_id"], row["community"]) for row in rows]

    async def commit(self, changes: Changes) -> None:
        """Write all of it or none of it, durably, on a majority.

        Raises:
            Stale: a document was there already, or had another revision.
            Unwritable: the database refuses one of them whatever the state.
            Away: no answer; it may have been written all the same.
        """
        with _failures_named():
            async with await self._client.start_session() as session, _transaction(session):
                await self._write(changes, session)

    async def _write(self, changes: Changes, session: AsyncIOMotorClientSession) -> None:
        for name, documents in changes.inserts.items():
            await self._database[name].insert_many(documents, session=session)
        for name, rows in changes.replaces.items():
            requests = [ReplaceOne({"_id": new["_id"], "_rev": seen}, new) for seen, new in rows]
            result = await self._database[name].bulk_write(requests, ordered=True, session=session)
            if result.matched_count != len(requests):
                raise Stale(f"{name}: another revision")

    def plain(self, name: str) -> "Collection":
        """Return a collection that keeps no values of the domain: outbox, parked messages, members."""
        return Collection(self._database, name)


class Collection:
    """A collection of plain documents, for the machinery's own books."""

    def __init__(self, database: Any, name: str) -> None:
        self._collection = database[name]

    async def find(self, query: Document, *, sort: str = "_id", limit: int = 0) -> list[Document]:
        """Return the documents that match, in the order of a field."""
        with _failures_named():
            found: list[Document] = (
                await self._collection.find(query).sort(sort, 1).limit(limit).to_list(None)
            )
            return found

    async def count(self, query: Document) -> int:
        """Return how many documents match."""
        with _failures_named():
            return int(await self._collection.count_documents(query))

    async def put(self, document: Document) -> None:
        """Keep a document, in place of one with the same id."""
        with _failures_named():
            await self._collection.replace_one({"_id": document["_id"]}, document, upsert=True)

    async def update(
        self, query: Document, change: Document | list[Document], *, upsert: bool = False
    ) -> int:
        """Change the documents that match; returns how many there were."""
        with _failures_named():
            result = await self._collection.update_many(query, change, upsert=upsert)
            return int(result.matched_count)

    async def delete(self, query: Document) -> int:
        """Delete the documents that match; returns how many there were."""
        with _failures_named():
            return int((await self._collection.delete_many(query)).deleted_count)


@asynccontextmanager
async def _transaction(session: AsyncIOMotorClientSession) -> AsyncIterator[None]:
    session.start_transaction(read_concern=ReadConcern("snapshot"), write_concern=_MAJORITY)
    try:
        yield
    except BaseException:
        await asyncio.shield(_aborted(session))
        raise
    # Cancelling a commit half-way would leave its outcome unknown, so it is shielded.
    await asyncio.shield(_committed(session))


async def _aborted(session: AsyncIOMotorClientSession) -> None:
    try:
        await session.abort_transaction()
    except PyMongoError:
        return  # the server gives an abandoned transaction up by itself


async def _committed(session: AsyncIOMotorClientSession) -> None:
    """Commit until the outcome is known, within the budget: committing again is harmless."""
    end = monotonic() + COMMIT_BUDGET_SECONDS
    while True:
        try:
            await session.commit_transaction()
        except PyMongoError as error:
            if not error.has_error_label("UnknownTransactionCommitResult") or monotonic() > end:
                raise
            await asyncio.sleep(0.1)
        else:
            return
