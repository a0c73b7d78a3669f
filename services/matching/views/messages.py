"""The order's domain values in the words of the messages."""

from services.contracts import words
from services.contracts.orders import CandidateRef, ReasonPart
from services.contracts.words import Milestone, ProviderRef
from services.matching.domain.parts import Choice, Effort, Proof, Stage, Who


def provider_ref(who: Who) -> ProviderRef:
    """Return a provider as others may speak of it."""
    return ProviderRef.model_validate({"id": who.id, "name": who.name, "kind": who.kind})


def candidate_ref(choice: Choice) -> CandidateRef:
    """Return a candidate with its reasons."""
    parts = tuple(ReasonPart(name=p.name, value=p.value, because=p.because) for p in choice.parts)
    return CandidateRef(provider=provider_ref(choice.provider), score=choice.score, parts=parts)


def proof_of(proof: Proof) -> words.Proof:
    """Return a proof."""
    return words.Proof.model_validate({"kind": proof.kind, "ref": proof.ref, "note": proof.note})


def effort_of(effort: Effort) -> words.Effort:
    """Return how much a service was."""
    return words.Effort(minutes=effort.minutes, persons=effort.persons, sessions=effort.sessions)


def milestone_of(stage: Stage) -> Milestone:
    """Return a milestone."""
    return Milestone(
        id=stage.id,
        title=stage.title,
        due_on=stage.due_on,
        done_at=stage.done_at,
        note=stage.note,
        figures=stage.figures,
        proof=tuple(proof_of(proof) for proof in stage.proof),
    )


def proof_from(given: words.Proof) -> Proof:
    """Return a proof as an order keeps it."""
    return Proof(given.kind, given.ref, given.note)
