"""Pages of a list: where one begins, and what of a community comes after it."""

from typing import Any

from services.chassis.changes import Document
from services.chassis.documents import Versioned


def position_of(kept: Versioned[Any], first: str | None) -> str:
    """Return where the page after a value begins, as `Store.page` takes it; `first` as it was asked for."""
    own: str = getattr(kept.value, "id", "")
    return own if first is None else f"{getattr(kept.value, first)}.{own}"


def page_bounds(community: str, after: str | None, first: str | None) -> Document:
    """What of a community comes after a position."""
    all_of_it: Document = {"_id": {"$gt": f"{community}/", "$lt": f"{community}0"}}
    if after is None:
        return all_of_it
    rank, dot, own = after.partition(".")
    if first is None or not (dot and rank.isdecimal()):
        return {"_id": {"$gt": f"{community}/", "$lt": f"{community}/{after}"}}
    behind = {"_id": {"$gt": f"{community}/", "$lt": f"{community}/{own}"}}
    lower = {first: {"$lt": int(rank)}, **all_of_it}
    return {"$or": [{first: int(rank), **behind}, lower, {first: None, **behind}]}
