"""Where intake keeps issues, and by which words demands are found."""

from services.chassis.documents import Collection, Index, Ref
from services.contracts.ids import DemandId
from services.intake.domain.voices.issues import Issue
from services.intake.domain.voices.kin import Holders, Kin

HOLDERS = Collection("holders", Holders)
KIN = Collection("kin", Kin)
ISSUES = Collection("issues", Issue, Index(("hot_at", "-_id")), Index(("-heat", "-_id")))


def holders_ref(community: str, pair: str) -> Ref[Holders]:
    """Return where it is kept which demands hold a pair of characters."""
    return Ref(HOLDERS, community, pair)


def kin_ref(community: str, demand: DemandId) -> Ref[Kin]:
    """Return where it is kept what a demand is like."""
    return Ref(KIN, community, demand)


def issue_ref(community: str, issue: str) -> Ref[Issue]:
    """Return where an issue is kept."""
    return Ref(ISSUES, community, issue)
