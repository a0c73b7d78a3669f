"""What intake shows of a community and its file."""

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from services.chassis.http.bodies import View


class CommunityView(View):
    """A community as its people know it."""

    in_full: ClassVar[bool] = True

    id: str
    name: str
    compounds: dict[str, str] = Field(description="id → name")
    venues: dict[str, str] = Field(description="id → name")


class ChangeView(View):
    """One difference between the file before and the file now."""

    section: str
    id: str
    field: str | None
    text: str


class LoadedView(View):
    """What a load changed, or would change."""

    in_full: ClassVar[bool] = True

    community: str
    version: int
    changed: bool
    dry_run: bool
    changes: list[ChangeView]


class FileView(View):
    """The community file on record."""

    in_full: ClassVar[bool] = True

    version: int
    loaded_at: datetime
    file: dict[str, object]
