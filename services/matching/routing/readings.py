"""What a demand's text says, from the words of the messages to what the router is careful about."""

from services.contracts.literals import DemandKind
from services.contracts.values import replace
from services.contracts.words import Reading
from services.language.wishes import Wish
from services.matching.domain.caution import Heard, Names, those
from services.matching.domain.matter import Matter


def heard_in(
    names: Names, matter: Matter, reading: Reading | None, about: DemandKind, *, urgent: bool
) -> Heard:
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
