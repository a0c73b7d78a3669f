"""Where points keeps each community's rule, as it was loaded."""

from dataclasses import dataclass
from datetime import datetime

from services.chassis.documents import Collection, Ref


@dataclass(frozen=True, slots=True)
class RuleOnRecord:
    """The community file that the rule is made from, as JSON.

    Arguments:
        funded_points: what files have approved so far; None where an earlier release kept the file.
        since: when its points rule came; None where an earlier release kept it first.
    """

    text: str
    funded_points: int | None = None
    since: datetime | None = None


RULES = Collection("rules", RuleOnRecord, seldom_changes=True)


def rule_ref(community: str) -> Ref[RuleOnRecord]:
    """Return where a community's rule is kept."""
    return Ref(RULES, community, "rule")
