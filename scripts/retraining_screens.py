"""Write the three screens of docs/retraining.md: what ``compare`` says on the demo panel.

    python scripts/retraining_screens.py

Four trainings of the first hundred cities with one horizon and five scored origins: on the panel to
the year before the last, on the whole panel, with the digital family left out, and with the outcome
of five cities revised. It takes some minutes.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

import pandas as pd

from city_resilience.commands.main import run
from city_resilience.commands.train import train

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "retraining.md"
EXPERIMENT = ROOT / "experiments" / "demo" / "experiment.toml"
SHORT = ("outcome.horizons=[1]", "evaluation.first_origin=2014")
CITIES = 100
FAMILIES = "innovation,green_innovation,talent,structure,agglomeration,place,history,control"
WITHOUT_DIGITAL = f"features.families={FAMILIES.split(',')}"
REVISED_CITIES, REVISED_YEARS, FACTOR = 5, 2, 1.02
SCREEN = re.compile(r"(<!-- screen: (\w+) -->\n```text\n).*?(```\n)", re.DOTALL)


def main() -> None:
    """Train, compare, and put what is shown into the page."""
    with tempfile.TemporaryDirectory() as folder:
        shown = screens(Path(folder))
    page = PAGE.read_text(encoding="utf-8")
    page = SCREEN.sub(lambda found: f"{found[1]}{shown[found[2]]}{found[3]}", page)
    PAGE.write_text(page, encoding="utf-8")


def screens(folder: Path) -> dict[str, str]:
    """Return what ``compare`` shows of a newer panel, another recipe and a revised panel."""
    store, panel = str(folder / "store"), pd.read_csv(EXPERIMENT.with_name("panel.csv"))
    whole = panel[panel["city"].isin(sorted(panel["city"].unique())[:CITIES])]
    last = int(whole["year"].max())
    train(EXPERIMENT, whole[whole["year"] < last], overrides=SHORT, store=store)
    train(EXPERIMENT, whole, overrides=SHORT, store=store)
    shown = {"newer": compared("demo/2", "demo/1", store)}
    said("promote", "demo/2", store)
    train(EXPERIMENT, whole, overrides=[*SHORT, WITHOUT_DIGITAL], store=store)
    shown["recipe"] = compared("demo/3", "demo/2", store)
    train(EXPERIMENT, revised(whole, last), overrides=SHORT, store=store)
    return shown | {"revised": compared("demo/4", "demo/2", store)}


def revised(panel: pd.DataFrame, last: int) -> pd.DataFrame:
    """Return the panel with the outcome of some cities raised by 2 % in the newest years."""
    cities = sorted(panel["city"].unique())[:REVISED_CITIES]
    rows = panel["city"].isin(cities) & (panel["year"] > last - REVISED_YEARS)
    [column] = [name for name in panel if str(name).startswith("Real GDP")]
    return panel.assign(**{column: panel[column].where(~rows, panel[column] * FACTOR)})


def compared(challenger: str, champion: str, store: str) -> str:
    """Return the screen of ``compare``."""
    return said("compare", challenger, store, champion)


def said(verb: str, reference: str, store: str, *more: str) -> str:
    """Run a verb and return what it shows."""
    out = io.StringIO()
    with redirect_stdout(out):
        code = run([verb, reference, *more, "--store", store])
    if code:
        sys.exit(code)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


if __name__ == "__main__":
    main()
