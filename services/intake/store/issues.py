"""Where intake keeps issues, and what was found to be alike."""

from services.chassis.documents import Collection, Index, Ref
from services.contracts.ids import DemandId
from services.intake.domain.duplicates import Similar
from services.intake.domain.issues import Issue

SIMILAR = Collection("kin", Similar)
"""The collection keeps the name that earlier releases gave it."""
ISSUES = Collection("issues", Issue, Index(("hot_at", "-_id")), Index(("-heat", "-_id")))


def similar_ref(community: str, demand: DemandId) -> Ref[Similar]:
    """Return where it is kept what a demand is like."""
    return Ref(SIMILAR, community, demand)


def issue_ref(community: str, issue: str) -> Ref[Issue]:
    """Return where an issue is kept."""
    return Ref(ISSUES, community, issue)
