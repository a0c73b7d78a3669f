"""The order's domain values in the words of the messages."""

from services.contracts.orders import CandidateRef, ReasonPart
from services.contracts.words import Milestone, Proof, ProviderRef
from services.matching.domain.parts import Choice, Evidence, Stage, Who


def provider_ref(who: Who) -> ProviderRef:
    """Return a provider as others may speak of it."""
    return ProviderRef.model_validate({"id": who.id, "name": who.name, "kind": who.kind})


def candidate_ref(choice: Choice) -> CandidateRef:
    """Return a candidate with its reasons."""
    parts = tuple(ReasonPart(name=p.name, value=p.value, because=p.because) for p in choice.parts)
    return CandidateRef(provider=provider_ref(choice.provider), score=choice.score, parts=parts)


def proof_of(evidence: Evidence) -> Proof:
    """Return a proof."""
    return Proof.model_validate({"kind": evidence.kind, "ref": evidence.ref, "note": evidence.note})


def milestone_of(stage: Stage) -> Milestone:
    """Return a milestone."""
    return Milestone(
        id=stage.id,
        title=stage.title,
        due_on=stage.due_on,
        done_at=stage.done_at,
        note=stage.note,
        figures=stage.figures,
        proof=tuple(proof_of(evidence) for evidence in stage.proof),
    )


def evidence_of(given: Proof) -> Evidence:
    """Return a proof as an order keeps it."""
    return Evidence(given.kind, given.ref, given.note)
