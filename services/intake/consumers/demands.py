"""Intake hears its own demands, beside the way: what is alike, and whose voice counts into which issue."""

from collections.abc import Mapping, Sequence

from services.chassis.streams import origin_of
from services.chassis.work import Work
from services.contracts import demands as facts
from services.contracts.envelope import Envelope
from services.contracts.ids import DemandId
from services.intake.domain.duplicates import text_found_by
from services.intake.domain.voices.likeness import Traits, compared, traits_of, weighed
from services.intake.handlers.issues import count_voices, join_those_alike
from services.intake.likeness.indexes import LikenessIndexes, Lookup

COUNTED = frozenset(
    {
        facts.DemandEndorsed.kind,
        facts.DemandPassedOn.kind,
        facts.DemandJoined.kind,
        facts.DemandParted.kind,
        facts.DemandOptedOut.kind,
        facts.DemandWithdrawn.kind,
    }
)
"""After these other people stand behind a demand than before."""


class DemandsHeard:
    """What intake does about its own demands: the same, however often and in whatever order it hears of them.

    Arguments:
        indexes: know which demands are worth comparing.
    """

    family = "demand"

    def __init__(self, indexes: LikenessIndexes) -> None:
        self._indexes = indexes

    async def plan(self, envelopes: Sequence[Envelope]) -> list[Work[None] | None]:
        """Return of each envelope what is to be done about it, if anything.

        Raises:
            Away: the database does not answer.
        """
        submitted = [envelope for envelope in envelopes if envelope.kind == facts.DemandSubmitted.kind]
        await self._indexes.refresh({envelope.community for envelope in submitted})
        submitted = [one for one in submitted if not self._is_repeated(one)]
        lookups = {id(envelope): self._looked_up(envelope) for envelope in submitted}
        known = await self._indexes.traits(
            {(one.community, other) for one in submitted for other in lookups[id(one)].candidates}
        )
        return [self._work(envelope, lookups.get(id(envelope)), known) for envelope in envelopes]

    def done(self, envelope: Envelope) -> None:
        """Note that what an envelope asked for is kept."""
        if envelope.kind == facts.DemandSubmitted.kind:
            self._indexes.note_compared(envelope.community, envelope.body.demand)

    def _is_repeated(self, envelope: Envelope) -> bool:
        """Whether it was compared before: with more around, a repetition might find something else."""
        return self._indexes.is_compared(envelope.community, envelope.body.demand)

    def _looked_up(self, envelope: Envelope) -> Lookup:
        """Look a new demand up among the earlier ones, and add it to them."""
        fact: facts.DemandSubmitted = envelope.body
        traits = traits_of(fact.text, fact.title, fact.compound)
        sought = text_found_by(fact.text, fact.title, fact.compound)
        found = self._indexes.look_up(envelope.community, traits, fact.demand, sought)
        self._indexes.add(envelope.community, fact.demand, found)
        return found

    def _work(
        self, envelope: Envelope, found: Lookup | None, known: Mapping[tuple[str, DemandId], Traits]
    ) -> Work[None] | None:
        if envelope.kind in COUNTED:
            return count_voices(origin_of(envelope), envelope.body.demand)
        if found is None or not found.candidates:
            return None
        mine = weighed(found.traits, found.rarity)
        others = [(one, known.get((envelope.community, one))) for one in found.candidates]
        same = [
            other
            for other, theirs in others
            if theirs is not None and compared(mine, weighed(theirs, found.rarity)).same_matter
        ]
        if not same:
            return None
        return join_those_alike(origin_of(envelope), envelope.body.demand, found.traits, found.rarity, same)
