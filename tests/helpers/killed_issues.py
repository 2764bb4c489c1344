"""Issue a forecast again and again, each time killed at another of its file operations.

Run as a program, as `killed_steps`. It prints as JSON at how many operations the issuing was
killed, how often it had been issued by then, and what was wrong.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from city_resilience.issued.record import read_issues
from issued_inputs import add_made_up, sums_of
from killed_steps import in_child


def main() -> None:
    faults: list[str] = []
    number = issued = 0
    with tempfile.TemporaryDirectory() as place:
        record = Path(place) / "issued"
        for seed in range(3):
            add_made_up(record, seed)
        while True:
            number += 1
            kept, before = sums_of(record), len(read_issues(record).issued)
            code = in_child(lambda out, seed=number: add_made_up(out, seed), record, number)
            now = {name: own for name, own in sums_of(record).items() if "/." not in name}
            if not kept.items() <= now.items():
                faults.append(f"{number}: an earlier issue is changed")
            added = len(read_issues(record).issued) - before
            if code == 0:
                break
            if code != 9 or added not in (0, 1):
                faults.append(f"{number}: code {code}, {added} issues of one")
            issued += added
            one = add_made_up(record, seed=100 + number)
            if read_issues(record).issued[-1] != one:
                faults.append(f"{number}: the next one is not the last")
            if left := [own.name for own in (record / "demo").glob(".*")]:
                faults.append(f"{number}: left {left}")
    json.dump({"killed": number - 1, "issued": issued, "faults": faults}, sys.stdout)


if __name__ == "__main__":
    main()
