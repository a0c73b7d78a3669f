"""Who may see a demand, and who may learn whose it is.

| matter | seen by |
|---|---|
| public | everybody of the community, in masked words |
| private (health, family, money, danger, what is marked so) | the asker, staff, the compound's grid workers |
| says that somebody did wrong | the asker and staff; whose word it is: the confidential readers alone |
| says so of the community itself | the asker, the supervisor and the confidential readers |
| any, by a provider | whoever has the order, unless it accuses them |
| an alarm | besides, whoever has been told of it |
| what people add in words of their own | those concerned: the asker, the community, whoever has the order |

`where` is the same rule for the database; a test holds the two together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from services.contracts.ids import DemandId
from services.contracts.refusal import Forbidden
from services.intake.domain.demands import Demand, Line

RESIDENT, GRID_WORKER, STAFF = "resident", "grid_worker", "staff"
PROVIDERS = ("unit", "partner")
_WRONGDOING = "wrongdoing"
_SUGGESTION, _REPORT = "suggestion", "report"

_WITHOUT_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "supplemented": "居民补充了说明",
        "urged": "已催办",
        "withdrawn": "已撤回",
        "passed_on": "提出人已撤回；还有居民附议，继续办理",
        "rated": "居民已评单",
        "corrected": "社区更正了研判",
        # Their orders say again why somebody withdrew, or what they were not content with.
        "cancelled": "不再办理",
        "returned": "已发回重新办理",
    }
)
"""What a line says → what neighbours read of it: in its own words somebody may have told what is private."""


class MustBeRecorded(Forbidden):
    """Whose word an accusation is, is opened by a step that is recorded, and not merely looked at."""

    slug = "must_be_recorded"
    title = "举报人的联系方式须用“查看并记录”打开"


def told_to(line: Line, *, concerned: bool) -> str:
    """Return what somebody reads of a line of the timeline."""
    return line.text if concerned else _WITHOUT_WORDS.get(line.what, line.text)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks.

    Arguments:
        subject, role: as the token says.
        places: a grid worker's compounds and venues.
        is_confidential: named by the community file as a confidential reader.
        is_supervisor: named as the one who hears of accusations against the community.
        has_supervisor: whether the file names anybody for that.
        behind: of demands with many supporters, those that they support.
    """

    subject: str
    role: str
    places: frozenset[str] = frozenset()
    is_confidential: bool = False
    is_supervisor: bool = False
    has_supervisor: bool = False
    behind: frozenset[DemandId] = frozenset()

    def may_see(self, demand: Demand) -> bool:
        """Return whether a demand exists for them."""
        if self.role in PROVIDERS:
            is_theirs = demand.handler is not None and demand.handler.id == self.subject
            return is_theirs and not (demand.accuses and self.subject in (demand.meaning.accused or ()))
        if demand.asked_by == self.subject or self._was_called(demand):
            return True
        if demand.accuses:
            return self._may_see_accusation(against_community=demand.meaning.against_community)
        if self.role == STAFF:
            return True
        return not demand.is_private or (self.role == GRID_WORKER and demand.compound in self.places)

    def may_find(self, demand: Demand) -> bool:
        """Return whether a demand is offered to them as like what they are about to say."""
        is_somebodys_report = demand.accuses and demand.asked_by != self.subject
        return demand.is_open and not is_somebodys_report and self.may_see(demand)

    def is_concerned(self, demand: Demand) -> bool:
        """Return whether somebody who sees a demand has a part in it, and is not only a neighbour."""
        return demand.asked_by == self.subject or self.role in (STAFF, GRID_WORKER, *PROVIDERS)

    def supports(self, demand: Demand) -> bool:
        """Return whether they stand behind a demand (附议)."""
        return self.subject in demand.supporters or demand.id in self.behind

    def _was_called(self, demand: Demand) -> bool:
        """Whoever has been told of an alarm sees it, wherever it is."""
        is_of_the_community = self.role in (STAFF, GRID_WORKER)
        return is_of_the_community and demand.alarm is not None and self.subject in demand.alarm.told

    def _may_see_accusation(self, *, against_community: bool) -> bool:
        if self.role not in (STAFF, GRID_WORKER):
            return False
        if self.is_confidential or self.is_supervisor:
            return True
        return self.role == STAFF and not (against_community and self.has_supervisor)

    def may_contact(self, demand: Demand) -> bool:
        """Return whether they need the resident's name and phone for what they do."""
        if self.role not in (STAFF, GRID_WORKER, *PROVIDERS) or not self.may_see(demand):
            return False
        if demand.accuses or demand.is_confidential:
            return self.is_confidential
        return self.role not in PROVIDERS or not demand.contact_withheld

    def reads_in_full(self, demand: Demand) -> bool:
        """Return whether phone and identity numbers in the text are shown to them."""
        return demand.asked_by == self.subject or self.may_contact(demand)

    def where(self) -> Mapping[str, object]:
        """Return the condition under which a demand is listed for them; the same rule as `may_see`."""
        if self.role in PROVIDERS:
            accused = {"heard.accusation": _WRONGDOING, "heard.accused": self.subject}
            return {"handler.id": self.subject, "$nor": [accused]}
        mine: dict[str, object] = {"asked_by": self.subject}
        if self.role in (STAFF, GRID_WORKER):
            mine = {"$or": [mine, {"alarm.told": self.subject}]}
        accuses = {
            "$or": [
                {"heard.accusation": _WRONGDOING},
                {"heard": None, "about": _REPORT},
            ]
        }
        harmless = {"$nor": [accuses]}
        if self.role == STAFF:
            return self._where_of_staff(mine, harmless)
        public: list[object] = [{"private": False}, {"private": None, "about": _SUGGESTION}]
        if self.role == GRID_WORKER and self.places:
            public.append({"compound": {"$in": sorted(self.places)}})
        seen: list[object] = [mine, {"$and": [harmless, {"$or": public}]}]
        if self.role == GRID_WORKER and (self.is_confidential or self.is_supervisor):
            seen.append(accuses)
        return {"$or": seen}

    def _where_of_staff(
        self, mine: Mapping[str, object], harmless: Mapping[str, object]
    ) -> Mapping[str, object]:
        if self.is_confidential or self.is_supervisor or not self.has_supervisor:
            return {}
        return {"$or": [mine, harmless, {"heard.against_community": {"$ne": True}}]}
