"""The field's words that appear in messages and on HTTP alike: roles, ratings, providers, proof."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.contracts.literals import AccusationKind, DangerLevel, ProviderKind, Want

CommunityId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")]
ThingId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]

TYPED = r"^[^\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F]*$"
"""What people type: no control characters but line ends and tabs."""

Note = Annotated[str, StringConstraints(max_length=1_000, strip_whitespace=True, pattern=TYPED)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True, pattern=TYPED)]


class Role(StrEnum):
    """Who somebody is, as the verified token says it."""

    RESIDENT = "resident"
    GRID_WORKER = "grid_worker"
    STAFF = "staff"
    UNIT = "unit"
    PARTNER = "partner"
    OPERATOR = "operator"


ProofKind = Literal["photo", "document", "signature", "other"]


class Word(BaseModel):
    """A frozen piece of a message or an HTTP body; unknown fields of a message are ignored."""

    model_config = ConfigDict(frozen=True)


class Message(Word):
    """A fact that one service tells the others. `kind` is its name, version included."""

    kind: ClassVar[str]
    in_full: ClassVar[bool] = False
    """It holds what everybody may call and read, and nobody's own numbers."""


class Wish(Word):
    """What may be wished for, and how likely, in thousandths.

    `name`: category and concept of the lexicon; `-` is what nobody in a community does.
    """

    name: str
    likely: int


class Reading(Word):
    """What a text was read to say, once, where it came in; nobody reads it again.

    `said`: what a danger rests on, in the words of the text. `elsewhere`: the place of another county or town
    that it is about. `against_community`: the community itself or its staff are accused.
    `accused`: providers that staff named; where empty, whoever knows the catalogue finds them.
    `unclear`: a person should look before anybody is sent, in case it is a danger.
    `wishes`: what it may be that is wished for, likeliest first.
    """

    danger: DangerLevel = "none"
    danger_kind: str = ""
    said: tuple[str, ...] = ()
    accusation: AccusationKind = "none"
    against_community: bool = False
    accused: tuple[str, ...] | None = None
    private: bool = False
    want: Want = "deed"
    elsewhere: str = ""
    unclear: bool = False
    wishes: tuple[Wish, ...] = ()

    @property
    def is_alarming(self) -> bool:
        """Return whether somebody is in danger now, or may be."""
        return self.danger in ("now", "perhaps")


class Proof(Word):
    """Where the evidence of work can be found; the file itself lives with whoever keeps it."""

    kind: ProofKind
    ref: Annotated[
        str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True, pattern=TYPED)
    ] = Field(description="file number, name or address of the photo or document")
    note: Note = ""


class Effort(Word):
    """How much a service was, as far as it was reported: minutes, people served, sessions; 0: not said."""

    minutes: int = 0
    persons: int = 0
    sessions: int = 0


class Actor(Word):
    """Who did it: a reference, never a name."""

    subject: str
    role: Role


class ProviderRef(Word):
    """A provider as others may speak of it: its public name, no person."""

    in_full: ClassVar[bool] = True

    id: str
    name: str
    kind: ProviderKind


class Milestone(Word):
    """A step of a project: planned, then done with note, figures and proof."""

    id: str
    title: str
    due_on: str | None = Field(default=None, description="ISO date")
    done_at: datetime | None = None
    note: str = ""
    figures: dict[str, float] = Field(default_factory=dict, description="what was counted, as 充电桩: 40")
    proof: tuple[Proof, ...] = ()
