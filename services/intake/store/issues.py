"""Where intake keeps issues, and by which words demands are found."""

from services.chassis.documents import Collection, Index, Ref
from services.contracts.ids import DemandId
from services.intake.domain.duplicates import Postings, Similar
from services.intake.domain.issues import Issue

POSTINGS, SIMILAR = Collection("holders", Postings), Collection("kin", Similar)
"""The collections keep the names that earlier releases gave them."""
ISSUES = Collection("issues", Issue, Index(("hot_at", "-_id")), Index(("-heat", "-_id")))


def postings_ref(community: str, pair: str) -> Ref[Postings]:
    """Return where it is kept which demands hold a pair of characters."""
    return Ref(POSTINGS, community, pair)


def similar_ref(community: str, demand: DemandId) -> Ref[Similar]:
    """Return where it is kept what a demand is like."""
    return Ref(SIMILAR, community, demand)


def issue_ref(community: str, issue: str) -> Ref[Issue]:
    """Return where an issue is kept."""
    return Ref(ISSUES, community, issue)
