"""What was given to good causes, reckoned anew from the lines, beside what is said of causes and givers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.points.commands.rows import Row
from services.points.domain.accounts import CAUSE_PREFIX
from services.points.domain.transfers import Transfer
from services.points.domain.verification import Wrong
from services.points.store.giving import CAUSES, GIVERS


@dataclass(slots=True)
class Gifts:
    """Adds up pledges and what was spent of them, line by line."""

    _given: Counter[str] = field(default_factory=Counter)
    _to: Counter[str] = field(default_factory=Counter)
    _spent: Counter[str] = field(default_factory=Counter)

    def read(self, transfer: Transfer) -> None:
        """Look at the next transfer."""
        points = transfer.amount_points
        if transfer.kind == "pledge":
            self._given[transfer.debit] += points
            self._to[transfer.credit] += points
        elif transfer.kind == "spending":
            self._spent[transfer.debit] += points
        elif transfer.kind == "reversal" and transfer.debit.startswith(CAUSE_PREFIX):
            self._given[transfer.credit] -= points
            self._to[transfer.debit] -= points

    def compare(self, causes: Sequence[Row], givers: Sequence[Row]) -> list[Wrong]:
        """Return the causes and givers of which something else is said."""
        found: list[Wrong] = []
        for cause in map(CAUSES.decode, causes):
            due = (self._to[cause.account], self._spent[cause.account])
            said = (cause.pledged_points, cause.spent_points)
            if said != due:
                found.append(Wrong(0, cause.account, f"is said to have got and spent {said}, and did {due}"))
        for row in givers:
            name, points = row["_id"].removeprefix(f"{row['community']}/"), GIVERS.decode(row).points
            if points != self._given[name]:
                found.append(Wrong(0, name, f"is said to have given {points}, and gave {self._given[name]}"))
        return found
