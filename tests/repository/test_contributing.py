"""The table "to add X, edit Y, run Z" of CONTRIBUTING.md, walked.

An entry of each kind is made in a copy of the package, in the files that the table names and in no
others; what uses it is then run to the end, in one process.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import city_resilience
from made_up_entries import ENTRIES, make
from pipeline_inputs import EXPERIMENT, small_frame, write_experiment
from places import ROOT

PACKAGE = Path(city_resilience.__file__).parent
ROW = re.compile(r"^\| (.+?) \| (.+?) \| `pytest (.+?)` \|$", re.MULTILINE)
NAMED = re.compile(r"`(src/[^`]+)`")
PATENTS = "Patents granted (count)"
CHANGES = {
    'name = "small"': 'name = "made_up"',
    "simulated = true": 'simulated = true\ngroups = ["region"]',
    "first_origin = 2010": "first_origin = 2010\nmin_group = 5",
    "[outcome]\n": '[outcome]\nmeasure = "made_up_lead"\n',
    "horizons = [1, 2]": "horizons = [1]",
    "[model.parameters.xgboost]\n": '[model]\nmembers = ["persistence", "made_up_mean"]\n\n'
    "[search]\ntrials = 2\n\n[model.parameters.xgboost]\n",
}
RUN = """
import contextlib, io, json, sys
from city_resilience.commands.main import run
found = []
for words in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(words.split())
    found.append((code, out.getvalue(), err.getvalue()))
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Walked:
    """What the verbs wrote and said."""

    folder: Path
    said: dict[str, str]

    def text(self, name: str) -> str:
        return (self.folder / name).read_text("utf-8")

    def table(self, name: str) -> pd.DataFrame:
        path = self.folder / name
        return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)


def rows() -> dict[str, tuple[list[str], str]]:
    """Kind → the files that the table names, and the test file."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    return {kind: (NAMED.findall(files), test) for kind, files, test in ROW.findall(text)}


def inputs(folder: Path) -> None:
    """Write the panel, its experiment and a sheet."""
    frame = small_frame()
    frame["Made-up lamps (10k)"] = np.linspace(1.0, 9.0, len(frame)).round(3)
    lent = np.random.default_rng(1).uniform(0.7, 0.9, len(frame)) * frame["Real GDP (100m yuan)"]
    frame["Lent by made-up banks (100m yuan)"] = lent.round(2)
    frame.loc[17, PATENTS] = 1234.0
    frame["Glimmer posts"] = np.random.default_rng(2).uniform(5.0, 6.0, len(frame)).round(3)
    text = EXPERIMENT
    for old, new in CHANGES.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    write_experiment(folder, frame, text)
    sheet = {"City": ["City A"], "made-up year": [2010], "loans (100m yuan)": [5.5]}
    pd.DataFrame(sheet).to_excel(folder / "sheet.xlsx", index=False)


VERBS = (
    "check panel.csv --experiment experiment.toml --out audit.html",
    "import sheet.xlsx --out imported.csv --headers id --gazetteer none",
    "new panel.csv --out drafted.toml",
    "train experiment.toml --out out --store store",
    "report --model made_up@champion --store store --out again.html",
    "predict --data panel.csv --model out/model --out forecast.csv",
    "measure panel.csv --measure made_up_lead --window 2005:2008 --out measured.csv",
)


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Walked:
    folder = tmp_path_factory.mktemp("walked")
    shutil.copytree(
        PACKAGE, folder / "src" / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__")
    )
    for edits in ENTRIES.values():
        make(edits, folder / "src" / PACKAGE.name)
    inputs(folder)
    environment = {key: own for key, own in os.environ.items() if not key.startswith("MLFLOW_")}
    done = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(VERBS)],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(folder / "src"), "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = {}
    for verb, (code, out, err) in zip(VERBS, json.loads(done.stdout), strict=True):
        assert (code, err) == (0, ""), verb
        said[verb.split()[0]] = out
    return Walked(folder, said)


def test_every_row_is_walked_in_the_files_that_it_names():
    assert list(rows()) == list(ENTRIES)
    for kind, (files, test) in rows().items():
        assert [name for name in (*files, test) if not (ROOT / name).exists()] == [], kind
        edited = {f"src/city_resilience/{edit.file}" for edit in ENTRIES[kind]}
        outside = [name for name in edited if not name.startswith(tuple(files))]
        assert outside == [], kind


def covered(run: Walked) -> set[str]:
    return {row["variable"] for row in json.loads(run.text("out/audit.json"))["coverage"]}


def indicator(run: Walked) -> None:
    drivers = run.table("out/drivers.parquet")
    assert "lent_per_head" in set(drivers["indicator"])
    page = run.text("out/report.html")
    assert "Made-up lending" in page
    assert "虚构的贷款" in page


def variable(run: Walked) -> None:
    assert "made_up_lamps" in covered(run)
    for name in ("audit.html", "out/audit.html"):
        assert "Made-up lamps" in run.text(name)
        assert "虚构路灯" in run.text(name)


def name_in_headers(run: Walked) -> None:
    assert "loans" in {
        row["variable"] for row in json.loads(run.text("out/audit.json"))["coverage"]
    }
    assert "Lent by made-up banks" not in run.said["check"]


def word_of_sheets(run: Walked) -> None:
    (row,) = run.table("imported.csv").to_dict("records")
    assert (row["city"], row["year"]) == ("City A", 2010)


def word_of_drafts(run: Walked) -> None:
    columns = tomllib.loads(run.text("drafted.toml"))["data"]["columns"]
    assert columns["Glimmer posts"]["family"] == "digital"


def measure(run: Walked) -> None:
    for name in ("out/report.html", "again.html"):
        page = run.text(name)
        assert "made-up lead" in page
        assert "虚构领先" in page
        assert re.search(r"\d\.\d\d\s%", page)
    assert "errors in %" in run.said["train"]
    assert "made_up_lead" in run.table("measured.csv").columns
    assert len(run.table("forecast.csv")) == len(run.table("out/forecast.csv"))


def learner(run: Walked) -> None:
    assert "made_up_mean" in set(run.table("out/scores.csv")["model"])
    manifest = json.loads(run.text("out/model/manifest.json"))
    assert "made_up_mean" in str(manifest["horizons"])
    assert 0.1 <= manifest["experiment"]["model"]["parameters"]["made_up_mean"]["shrink"] <= 0.9
    page = run.text("out/report.html")
    assert "made-up mean" in page
    assert "虚构的均值" in page


def audit_rule(run: Walked) -> None:
    kinds = {issue["kind"] for issue in json.loads(run.text("out/audit.json"))["issues"]}
    assert "made_up" in kinds
    assert "Made-up number" in run.said["check"]
    for name in ("audit.html", "out/audit.html"):
        assert "虚构的数字" in run.text(name)


def statistic(run: Walked) -> None:
    table = run.table("out/drivers_by_group.csv")
    known = table[table["withheld"].isna()]
    assert set(known["group"]) == {"region"}
    assert (known["made_up_largest"] >= known["mean_abs"]).all()


def figure(run: Walked) -> None:
    page = run.text("out/report.html")
    assert "97531" in page
    assert "A made-up figure" in page
    assert "虚构的图" in page


USES: dict[str, Callable[[Walked], None]] = dict(
    zip(
        ENTRIES,
        (
            *(indicator, variable, name_in_headers, word_of_sheets, word_of_drafts),
            *(measure, learner),
            *(audit_rule, statistic, figure),
        ),
        strict=True,
    )
)


@pytest.mark.slow
@pytest.mark.tracking
@pytest.mark.parametrize("kind", ENTRIES)
def test_what_uses_an_entry_runs_to_the_end(kind, walked):
    USES[kind](walked)


@pytest.mark.browser
def test_a_figure_is_drawn(walked, browser):
    page = browser.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto((walked.folder / "out/report.html").as_uri())
    page.click("#drivers summary")
    page.wait_for_selector('[data-figure="made_up"] .bars rect')
    page.close()
    assert problems == []
