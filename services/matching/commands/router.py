"""A community's router made from its file alone, taught from a history, asked demand by demand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from services.chassis.lines import Fault
from services.contracts.community_file import COMMUNITY_SELF, CommunityFile
from services.contracts.values import replace
from services.contracts.words import Reading
from services.matching.commands.lines import DemandLine, LabelledLine, matter_of
from services.matching.domain.caution import Heard, Names, held_back, not_candidates
from services.matching.domain.circumstances import Circumstances
from services.matching.domain.lessons import Lesson, Teaching, retained
from services.matching.domain.matter import Matter, Ranking
from services.matching.domain.ranking import Ranker
from services.matching.routing.catalogue import catalogue_of
from services.matching.routing.experience import Learning
from services.matching.routing.readings import heard_in


@dataclass(frozen=True, slots=True)
class Routed:
    """What becomes of a demand.

    Arguments:
        ranking: who should do it, without those who must not.
        plain: the same by what everybody does, whatever else the words say.
        said: what its words say.
        held: a person decides because of what they say.
        accused: providers that are accused.
    """

    ranking: Ranking
    plain: Ranking
    said: Reading
    held: bool
    accused: tuple[str, ...]


class FileRouter:
    """The router of a community file.

    Arguments:
        file: the community.
        read: what a text and its title say, as intake reads them.
        at: the moment that counts for demands that carry none.
    """

    def __init__(
        self, file: CommunityFile, read: Callable[[str, str | None], Reading], at: datetime | None = None
    ) -> None:
        self.file = file
        self._read = read
        self._catalogue = catalogue_of(file)
        self._ranker = Ranker(self._catalogue)
        self._zone = ZoneInfo(file.community.timezone)
        self._at = at or datetime.now(UTC)
        self._experience: Learning | None = None
        self._names = Names(self._catalogue.providers)
        self._providers = {provider.id: provider for provider in self._catalogue.providers}
        self.places = {
            name: place.id
            for place in self._catalogue.places
            for name in (*place.aliases, place.name, place.id)
        }
        self.providers = {*self._ranker.provider_ids, COMMUNITY_SELF}

    @property
    def names(self) -> dict[str, str]:
        """Return the providers' names by id."""
        return {provider.id: provider.name for provider in self._catalogue.providers}

    def fault_of(self, line: LabelledLine, number: int, source: str) -> Fault | None:
        """Return what keeps a labelled line from being learnt, if anything does."""
        if line.provider not in self.providers:
            return Fault(source, number, f"provider: 社区文件里没有“{line.provider}”，这一行没有学习")
        return None

    def learn(self, history: Sequence[LabelledLine]) -> None:
        """Learn a history in its order, instead of whatever was learnt before."""
        lessons = [self._lesson(number, line) for number, line in enumerate(history, start=1)]
        self._experience = self._learning(retained(lessons)) if lessons else None

    def _lesson(self, number: int, line: LabelledLine) -> Lesson:
        matter, _ = self._heard(line, self._read(line.text, line.title))
        return Lesson(
            str(number),
            matter.text,
            matter.title,
            matter.compound,
            line.provider,
            Teaching.CHOSEN,
            number,
            line.at or self._at,
            wishes=matter.wishes,
        )

    def _learning(self, lessons: Sequence[Lesson]) -> Learning:
        return Learning(self._ranker, lessons, self._catalogue.wanted_precision, len(lessons), self._zone)

    def route(self, line: DemandLine) -> Routed:
        """Return who should do it, what its words say, and whether a person decides because of that."""
        local = (line.at or self._at).astimezone(self._zone)
        now = Circumstances(local.date(), at=local if line.at else None)
        said = self._read(line.text, line.title)
        matter, heard = self._heard(line, said)
        plain = self._rank(matter, now)
        excluded = not_candidates(heard, self._providers)
        ranking = self._rank(matter, now, excluded) if excluded else plain
        decided, held = held_back(ranking, heard, self._providers)
        return Routed(decided, plain, said, held, heard.accused)

    def _heard(self, line: DemandLine, said: Reading) -> tuple[Matter, Heard]:
        matter = matter_of(line, self.places)
        heard = heard_in(self._names, matter, said, "help", urgent=said.danger == "now")
        return replace(matter, wishes=heard.wishes), heard

    def _rank(self, matter: Matter, now: Circumstances, excluded: frozenset[str] = frozenset()) -> Ranking:
        return self._ranker.rank(
            matter, {}, now.on, circumstances=now, experience=self._experience, excluded=excluded
        )

    def able(self) -> tuple[str, ...]:
        """Return the providers that may take an order today."""
        return self._ranker.able(self._at.astimezone(self._zone).date())
