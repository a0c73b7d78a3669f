#!/usr/bin/env python3
"""核对存折: checks a passbook that was downloaded from the points bank, without asking anybody.

    python3 check_passbook.py passbook.csv [line:code …]

Every line is sealed with a hash over all that it says and over the seal of the line before it. This script
reckons each of them anew. Behind the file you may give lines as they stood in your notices, for example
12:kdabocpfgmnhabcd (存折第 12 行，校验码 kdabocpfgmnhabcd): so you see whether anybody has written the whole
passbook anew, or cut off its end. It needs nothing but Python 3, and sends nothing anywhere.
"""

import csv
import hashlib
import sys
from pathlib import Path

SAID = (
    *("id", "流水号", "kind", "order", "debit", "credit", "amount", "事由", "时间"),
    *("cause_kind", "cause_id", "rule", "rule_version", "actor", "lots", "until"),
)
"""What a line's hash is made of, in this order."""
COUNTS_ALL = "budget"
"""The account whose lines have the numbers of all transfers, so that some are left out."""


def hashed(*parts: str) -> str:
    """Return the hash of words, one after the other."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def code_of(seal: str) -> str:
    """Return a seal as notices tell it: sixteen letters."""
    return seal[:16].translate(str.maketrans("0123456789abcdef", "abcdefghijklmnop"))


def wrong_in(rows: list[dict[str, str]], told: dict[int, str]) -> list[str]:
    """Return what does not agree, the first first.

    Arguments:
        rows: lines of one passbook, in their order.
        told: line → its code, as somebody was told.
    """
    found: list[str] = []
    left = dict(told)
    previous: str | None = ""
    line = balance = 0
    for number, row in enumerate(rows):
        if row["sealed"] == "1":  # an earlier release sealed the receiver's line alone
            line, balance = line + 1, balance + int(row["积分"])
            previous = previous if row["debit"] == row["账户"] else row["校验码"]
            continue
        expected, line = line + 1, int(row["行"])
        if number == 0 and line != 1:
            previous = None  # the file begins in the midst
        elif line != expected and row["账户"] != COUNTS_ALL:
            found.append(f"第 {line} 行: 前面少了行")
            previous = None
        seal = hashed(
            previous or "", row["账户"], row["行"], row["余额"], hashed(*(row[name] for name in SAID))
        )
        if previous is not None and seal != row["校验码"]:
            found.append(f"第 {line} 行: 校验码不符，这一行或上一行被改过")
        if previous is not None and balance + int(row["积分"]) != int(row["余额"]):
            found.append(f"第 {line} 行: 余额不符")
        if (code := left.pop(line, None)) is not None and code_of(row["校验码"]) != code:
            found.append(f"第 {line} 行: 与通知里的校验码不同")
        previous, balance = row["校验码"], int(row["余额"])
    found += [f"第 {line} 行: 通知里有，存折里没有" for line in sorted(left)]
    return found


def words(cell: str) -> str:
    """Return a cell as it was before it was kept from being a formula."""
    return cell[1:] if cell[:1] == "'" else cell


def tell(words: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{words}\n")


def main(arguments: list[str]) -> int:
    """Check a file; return 0 where everything agrees, 1 where not, 2 where it cannot be read."""
    if not arguments or arguments[0] in ("-h", "--help"):
        tell(__doc__)
        return 2
    try:
        with Path(arguments[0]).open(encoding="utf-8-sig", newline="") as file:
            rows = [{name: words(cell or "") for name, cell in row.items()} for row in csv.DictReader(file)]
        told = {int(one.partition(":")[0]): one.partition(":")[2].lower() for one in arguments[1:]}
        found = wrong_in(rows, told)
    except (OSError, KeyError, ValueError) as error:
        tell(f"读不了: {error}")
        return 2
    for one in found:
        tell(one)
    tell(f"{len(rows)} 行，{'有不符' if found else '全部相符'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
