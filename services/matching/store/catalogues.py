"""Where matching keeps communities as they were loaded, and which providers have left."""

from dataclasses import dataclass
from datetime import datetime

from services.chassis.documents import Collection, Index, Ref


@dataclass(frozen=True, slots=True)
class CatalogueOnRecord:
    """The community file that the catalogue is made from, as JSON."""

    text: str


@dataclass(frozen=True, slots=True)
class Departed:
    """A provider that has left the catalogue; `departed_at` is empty once nothing lies with it any more."""

    name: str
    departed_at: datetime | None


DEPARTED_AT = "departed_at"
DEPARTED = Collection("departed", Departed, Index((DEPARTED_AT,), due=True))
CATALOGUES = Collection("catalogues", CatalogueOnRecord, seldom_changes=True)


def catalogue_ref(community: str) -> Ref[CatalogueOnRecord]:
    """Return where a community's catalogue is kept."""
    return Ref(CATALOGUES, community, "catalogue")


def departed_ref(community: str, provider: str) -> Ref[Departed]:
    """Return where it is kept that a provider has left."""
    return Ref(DEPARTED, community, provider)
