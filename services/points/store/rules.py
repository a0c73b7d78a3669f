"""Where points keeps each community's file, as it was loaded, and the versions of its rule."""

from dataclasses import dataclass
from datetime import datetime

from services.chassis.documents import Collection, Ref
from services.points.domain.rules import RuleBook


@dataclass(frozen=True, slots=True)
class RuleOnRecord:
    """The community file, as JSON.

    Arguments:
        funded_points: what files have approved so far; None where an earlier release kept the file.
        since: when its points rule came; None where an earlier release kept it first.
    """

    text: str
    funded_points: int | None = None
    since: datetime | None = None


RULES = Collection("rules", RuleOnRecord, seldom_changes=True)
RULE_BOOKS = Collection("rule_books", RuleBook, seldom_changes=True)


def rule_ref(community: str) -> Ref[RuleOnRecord]:
    """Return where a community's file is kept."""
    return Ref(RULES, community, "rule")


def rule_book_ref(community: str) -> Ref[RuleBook]:
    """Return where the versions of a community's rule are kept."""
    return Ref(RULE_BOOKS, community, "rule")
