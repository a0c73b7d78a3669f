"""What the driver's errors mean for us: each of them is one of our failures, named here and nowhere else."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from bson.errors import InvalidDocument
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DocumentTooLarge,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)

from services.chassis.failures import Away, Stale, TooSlow, Unwritable, cancellation_heeded

_DUPLICATE_KEY = 11000
_DOCUMENT_CODES = frozenset({2, 9, 14, 52, 53, 56, 57, 66, 121, 10334, 16755, 17280, 17419, 17420})
"""The server's answers that speak of the very document that is written (its error_codes.yml: BadValue,
FailedToParse, TypeMismatch, … DocumentValidationFailure, BSONObjectTooLarge, an index that cannot hold it).
Any other code says nothing about the document."""


@contextmanager
def failures_named(*, writing: bool = False) -> Iterator[None]:
    """Turn the driver's errors into those that the rest of the code knows.

    Arguments:
        writing: documents of the caller's own are written, so that the answer may be about one of them.
    """
    try:
        with cancellation_heeded("mongodb: the driver gave the call up"):
            yield
    except (DuplicateKeyError, BulkWriteError) as error:
        raise _of_write(error) from error
    except (DocumentTooLarge, InvalidDocument, OverflowError, UnicodeError) as error:
        raise Unwritable(type(error).__name__) from error
    except (NetworkTimeout, ExecutionTimeout, WTimeoutError) as error:
        raise TooSlow(f"mongodb: {type(error).__name__}") from error
    except ConnectionFailure as error:
        raise Away(f"mongodb: {type(error).__name__}") from error
    except OperationFailure as error:
        raise _of_operation(error, writing=writing) from error
    except PyMongoError as error:
        if error.has_error_label("TransientTransactionError"):
            raise Stale(str(error)) from error
        raise Away(f"mongodb: {type(error).__name__}") from error


def _of_write(error: DuplicateKeyError | BulkWriteError) -> Exception:
    if isinstance(error, DuplicateKeyError):
        return Stale("duplicate key")
    details = error.details or {}
    codes = {row.get("code") for row in details.get("writeErrors", [])}
    if _DUPLICATE_KEY in codes:
        return Stale("duplicate key")
    if error.has_error_label("TransientTransactionError"):
        return Stale("write conflict")
    if codes & _DOCUMENT_CODES:
        return Unwritable(f"codes {sorted(codes, key=str)}")
    return Away(f"mongodb: codes {sorted(codes, key=str)}")


def _of_operation(error: OperationFailure, *, writing: bool) -> Exception:
    if error.has_error_label("TransientTransactionError"):
        return Stale(f"code {error.code}")
    if writing and error.code in _DOCUMENT_CODES:
        return Unwritable(f"code {error.code}")
    return Away(f"mongodb: code {error.code}")


class OpenCalls:
    """The calls of a store that are not answered yet."""

    def __init__(self) -> None:
        self._began: dict[object, float] = {}

    @property
    def oldest_seconds(self) -> float:
        """Return how long the oldest of them has been waiting; 0 when there is none."""
        return monotonic() - next(iter(self._began.values())) if self._began else 0.0

    @contextmanager
    def named(self, *, writing: bool = False) -> Iterator[None]:
        """Count one call while it is open, and name its failure; see `failures_named`."""
        call = object()
        self._began[call] = monotonic()
        try:
            with failures_named(writing=writing):
                yield
        finally:
            del self._began[call]
