"""What predict says of panels whose columns are off by a factor, and of honest newer ones.

Usage: python benchmarks/wrong_levels.py EXPERIMENT[:PANEL]... [--years N] [--csv FILE]

For each experiment the levels are those of the panel as it stood one year before its newest one.
Wrong panels are the newest one with a column times 10,000 in all years, or in the newest, and with
another unit in the header. Honest panels are those of the last N years, each beside the one
before. A wrong panel is seen if the audit refuses it or an alarm names the column, and the year
where only one is wrong; an honest one is to pass without a word. A newer panel that ``train`` would
refuse as well, for errors in its data, is no honest one; it is counted by itself.

    python benchmarks/wrong_levels.py experiments/demo experiments/us_states
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from city_resilience.audit.read_audited import read_audited
from city_resilience.audit.training_levels import ColumnLevel, level_doubts, training_levels
from city_resilience.errors import InputError
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.load import load_experiment
from city_resilience.reading.panel import Panel
from city_resilience.reading.read import read_panel

FACTOR = 10_000
LEAST_YEARS = 6
# A header's unit, and the one that it is exchanged for.
UNITS = {
    "100m yuan": "10k yuan",
    "10k persons": "persons",
    "million usd": "thousand usd",
    "thousand persons": "million persons",
    "fraction": "%",
    "%": "fraction",
    "亿元": "万元",
    "万元": "亿元",
    "万人": "人",
    "10k yuan": "100m yuan",
    "person": "10k persons",
    "persons": "10k persons",
}


def said(
    frame: pd.DataFrame | Panel,
    chosen: Experiment,
    levels: dict[str, ColumnLevel],
    cities: list[str],
) -> tuple[str, list[str]]:
    """Return why a panel is refused, and the alarms that it raises."""
    try:
        read = read_audited(frame, chosen, purpose="predict")
    except InputError as error:
        return str(error), []
    return "", [*read.panel.masked, *level_doubts(read.audit.panel, levels, cities)]


def refused_by_train(panel: Panel, chosen: Experiment) -> str:
    """Return why ``train`` would refuse a panel, "" where it would not."""
    try:
        read_audited(panel, chosen, purpose="train")
    except InputError as error:
        return str(error)
    return ""


def wrong(frame: pd.DataFrame, panel: Panel, year: str) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield what is wrong, the header and the panel."""
    newest = frame[year] == frame[year].max()
    for name, header in panel.headers.items():
        if header not in frame or name not in panel.variables:
            continue
        values = pd.to_numeric(frame[header], errors="coerce")
        if not (values.fillna(0) != 0).any():
            continue
        yield "all years", name, frame.assign(**{header: values * FACTOR})
        if values[newest].notna().any():
            yield (
                "newest year",
                name,
                frame.assign(**{header: values.where(~newest, values * FACTOR)}),
            )
        for unit, other in UNITS.items():
            if re.search(rf"[(（,，] *{re.escape(unit)}\b", header):
                yield "header", name, frame.rename(columns={header: header.replace(unit, other)})
                break


def main() -> int:
    """Count the wrong panels that are seen and the honest ones that are not let through."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiments", nargs="+")
    parser.add_argument("--years", type=int, default=10)
    options = parser.parse_args()
    missed = false = 0
    for name in options.experiments:
        folder, _, file = name.partition(":")
        chosen = load_experiment(Path(folder) / "experiment.toml")
        path = Path(file or Path(folder) / "panel.csv")
        whole = read_panel(path, chosen.data, outcome=chosen.outcome)
        last = whole.years[-1]
        honest, spoilt = [], []
        for year in range(max(last - options.years, whole.years[0] + LEAST_YEARS - 1), last):
            before = read_audited(whole.truncate(year), chosen, purpose="check").panel
            levels = training_levels(before, before.cities)
            if why := refused_by_train(whole.truncate(year + 1), chosen):
                spoilt.append((year + 1, why))
                continue
            refused, alarms = said(whole.truncate(year + 1), chosen, levels, before.cities)
            honest.append((year + 1, refused, alarms))
        frame = pd.read_csv(path)
        key = chosen.data.year or next(c for c in frame if c in ("year", "年份"))
        seen = []
        for kind, variable, changed in wrong(frame, whole, key):
            refused, alarms = said(changed, chosen, levels, before.cities)
            named = [a for a in [refused, *alarms] if variable in a or whole.headers[variable] in a]
            if kind == "newest year":
                named = [a for a in named if str(last) in a]
            seen.append((kind, variable, bool(named), (named or [refused or "nothing"])[0]))
        for kind in ("all years", "newest year", "header"):
            own = [one for one in seen if one[0] == kind]
            print(f"{chosen.name}: {kind}: {sum(o[2] for o in own)} of {len(own)} seen")
            for one in own:
                if not one[2]:
                    print("   missed", one[1], one[3][:200])
        stopped = [one for one in honest if one[1] or one[2]]
        print(f"{chosen.name}: {len(stopped)} of {len(honest)} honest panels refused or alarmed")
        for year, refused, alarms in stopped:
            print("  ", year, (refused or "; ".join(alarms))[:300], flush=True)
        for year, why in spoilt:
            print("   not counted, train refuses it too:", year, why[:1500], flush=True)
        missed += sum(not one[2] for one in seen)
        false += len(stopped)
    print(f"missed {missed}, false {false}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
