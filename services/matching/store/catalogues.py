"""Where matching keeps communities as they were loaded, and which providers have left."""

from dataclasses import dataclass
from datetime import datetime

from services.chassis.documents import Collection, Index, Ref


@dataclass(frozen=True, slots=True)
class StarHeard:
    """A partner's star, as the points bank said it last.

    Arguments:
        month: for which, ISO 8601; a later one counts.
        said: how often it was said of that month; the later counts.
        is_rated: it had a star once; until then the first star of the community file stands.
    """

    partner: str
    stars: int
    month: str
    said: int
    is_rated: bool


@dataclass(frozen=True, slots=True)
class CatalogueOnRecord:
    """The community file that the catalogue is made from, as JSON, and stars that were reckoned since."""

    text: str
    stars: tuple[StarHeard, ...] = ()

    def star_of(self, partner: str) -> StarHeard | None:
        """Return what was heard of a partner's star."""
        return next((one for one in self.stars if one.partner == partner), None)

    @property
    def stars_by_partner(self) -> dict[str, int]:
        """Return the stars that take the place of the community file's."""
        return {one.partner: one.stars for one in self.stars if one.is_rated}


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
