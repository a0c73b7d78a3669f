"""The order's domain values in the words of the messages."""

from dataclasses import replace

from services.contracts.orders import CandidateRef, ReasonPart
from services.contracts.words import Milestone, Proof, ProviderRef, Reading
from services.language.wishes import Wish
from services.matching.domain.caution import Heard, Names, those
from services.matching.domain.matter import Matter
from services.matching.domain.parts import Choice, Evidence, Stage, Who


def provider_ref(who: Who) -> ProviderRef:
    """Return a provider as others may speak of it."""
    return ProviderRef.model_validate({"id": who.id, "name": who.name, "kind": who.kind})


def candidate_ref(choice: Choice) -> CandidateRef:
    """Return a candidate with its reasons."""
    parts = tuple(ReasonPart(name=p.name, value=p.value, because=p.because) for p in choice.parts)
    return CandidateRef(provider=provider_ref(choice.provider), score=choice.score, parts=parts)


def proof(evidence: Evidence) -> Proof:
    """Return a proof."""
    return Proof.model_validate({"kind": evidence.kind, "ref": evidence.ref, "note": evidence.note})


def milestone(stage: Stage) -> Milestone:
    """Return a milestone."""
    return Milestone(
        id=stage.id,
        title=stage.title,
        due_on=stage.due_on,
        done_at=stage.done_at,
        note=stage.note,
        figures=stage.figures,
        proof=tuple(proof(evidence) for evidence in stage.proof),
    )


def evidence(given: Proof) -> Evidence:
    """Return a proof as an order keeps it."""
    return Evidence(given.kind, given.ref, given.note)


def heard_in(names: Names, matter: Matter, reading: Reading | None, about: str, *, urgent: bool) -> Heard:
    """Return what a demand's words say, with who of the community is accused.

    Of what an earlier release took in, a report accuses, and only a suggestion is for the neighbours.

    Arguments:
        names: of the community's providers.
        reading: as intake read it; None from an earlier release, which knew what is urgent.
        about: kind of the demand.
    """
    whole = f"{matter.title}。{matter.text}" if matter.title else matter.text
    if reading is None:
        plain = Heard(private=about != "suggestion")
        if urgent:
            plain = replace(plain, danger="now", kind="other")
        if about == "report":
            plain = replace(plain, accusation="wrongdoing", accused=those(None, names.accused(whole)))
        return plain
    accuses = reading.accusation != "none"
    found = names.accused(whole) if accuses and reading.accused is None else frozenset()
    return Heard(
        reading.danger,
        reading.danger_kind,
        reading.accusation,
        reading.against_community,
        those(reading.accused, found),
        reading.private,
        reading.want,
        reading.elsewhere,
        is_confirmed=reading.accused is not None,
        unclear=reading.unclear,
        wishes=tuple(Wish(wish.name, wish.likely) for wish in reading.wishes),
    )
