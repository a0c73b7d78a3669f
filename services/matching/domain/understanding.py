"""What a resident says, understood: kind, urgency, and whether it is one matter or several."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.matching.domain.affairs import Affairs, Heard

Kind = Literal["enquiry", "help", "suggestion", "complaint", "report"]


@dataclass(frozen=True, slots=True)
class Understanding:
    kind: Kind
    urgent: bool
    call: str
    matters: tuple[str, ...]


def understand(text: str, title: str | None, heard: Mapping[int, Heard], affairs: Affairs) -> Understanding:
    return Understanding("help", False, "", ())
