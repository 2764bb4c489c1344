"""What `check` says of a panel is what every verb does with it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from city_resilience.audit.read_audited import read_audited
from city_resilience.commands.main import run
from city_resilience.errors import InputError
from city_resilience.experiment.load import experiment_from
from city_resilience.reading.issues import Issue
from city_resilience.reading.sheets.importer import import_sheets
from city_resilience.reading.sheets.options import Options
from pipeline_inputs import EXPERIMENT, small_frame, write_experiment

pytestmark = pytest.mark.usefixtures("copied_stores")

CITIES = tuple(f"City {name}" for name in "ABCDEF")
YEARS = tuple(range(2005, 2015))
VARIABLE, NUMBER = "loans", 7.25
UNREADABLE = ("abc", "5,97", "#VALUE!", "1,234", "12 of 13")
BLANK = ("无", "…", "不详")
cells = st.tuples(
    st.sampled_from(CITIES),
    st.sampled_from(YEARS),
    st.sampled_from((*UNREADABLE, *BLANK)),
    st.sampled_from(("leave", "accept", "drop", "replace")),
)


def frame_of(spoilt) -> pd.DataFrame:
    grid = pd.MultiIndex.from_product([CITIES, YEARS], names=["city", "year"]).to_frame(index=False)
    size = 10.0 + np.repeat(np.arange(len(CITIES)), len(YEARS))
    grown = size * 1.05 ** (grid["year"] - YEARS[0])
    frame = grid.assign(gdp_real=grown.round(4), **{VARIABLE: (grown / 2).round(4).astype(str)})
    for city, year, text, _ in spoilt:
        frame.loc[(frame["city"] == city) & (frame["year"] == year), VARIABLE] = text
    return frame


def experiment_of(spoilt):
    accept, corrections = {}, {}
    for city, year, _, settled in spoilt:
        key = f"{VARIABLE}/{city}/{year}"
        if settled == "accept":
            accept[f"unreadable/{key}"] = "the office never published it"
        elif settled != "leave":
            corrections[key] = "drop" if settled == "drop" else NUMBER
    return experiment_from(
        {
            "name": "x",
            "evaluation": {"first_origin": 2010},
            "data": {"corrections": corrections},
            "audit": {"accept": accept},
        },
        "here",
    )


def save(frame: pd.DataFrame, path: Path) -> Path:
    writers = {".csv": frame.to_csv, ".xlsx": frame.to_excel, ".parquet": frame.to_parquet}
    writers[path.suffix](path, index=False)
    return path


def lines_of(issues: tuple[Issue, ...]) -> list[str]:
    return [line for issue in issues for line in (issue.correction, issue.acceptance) if line]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
@given(st.lists(cells, max_size=4, unique_by=lambda cell: cell[:2]))
@example([("City A", 2005, "无", "leave"), ("City B", 2006, "abc", "accept")])
@example([("City A", 2005, "5,97", "replace"), ("City B", 2006, "abc", "drop")])
@example([("City C", 2014, "1,234", "leave")])
@settings(max_examples=12)
def test_verdict_and_verbs_agree(tmp_path_factory, suffix, spoilt):
    path = save(frame_of(spoilt), tmp_path_factory.mktemp("panel") / f"panel{suffix}")
    experiment = experiment_of(spoilt)
    unread = {(city, year) for city, year, text, _ in spoilt if text in UNREADABLE}
    left = [c for c in spoilt if c[2] in UNREADABLE and c[3] == "leave"]
    checked = read_audited(path, experiment, purpose="check")
    assert {(e.city, *e.years) for e in checked.audit.errors} == {c[:2] for c in left}
    for purpose in ("train", "predict", "measure"):
        if left:
            with pytest.raises(InputError, match=r"number expected|an error|numbers in one"):
                read_audited(path, experiment, purpose=purpose)
        else:
            panel = read_audited(path, experiment, purpose=purpose).panel
            values = panel.frame.set_index(["city", "year"])[VARIABLE]
            for city, year, _, settled in spoilt:
                found = values.loc[city, year]
                assert found == NUMBER if settled == "replace" else np.isnan(found)
    imported = import_sheets([path], Options(country="none"))
    lost = imported.listing().query("level == 'lost'")
    assert set(zip(lost["city"], lost["year"].astype(int), strict=True)) == unread
    same = imported.cells.query("variable == @VARIABLE").set_index(["city", "year"])["value"]
    plain = read_audited(path, None, purpose="check").panel.frame.set_index(["city", "year"])
    known = plain[VARIABLE].dropna()
    pd.testing.assert_series_equal(same.reindex(known.index), known, check_names=False)
    assert len(same) == len(known)


def test_a_line_that_check_prints_settles_the_cell(tmp_path, capsys):
    spoilt = [("City A", 2007, "abc", "leave"), ("City B", 2008, "5,97", "leave")]
    path = save(frame_of(spoilt), tmp_path / "panel.csv")
    checked = read_audited(path, experiment_of(spoilt), purpose="check")
    for line in range(2):
        text = 'name = "x"\n[evaluation]\nfirst_origin = 2010\n'
        for error in checked.audit.errors:
            table = ("[data.corrections]", "[audit.accept]")[line]
            text += f"{table}\n" * (table not in text) + (error.correction, error.acceptance)[line]
            text += "\n"
        (tmp_path / "experiment.toml").write_text(text, encoding="utf-8")
        words = ["check", str(path), "--experiment", str(tmp_path / "experiment.toml")]
        assert run([*words, "--out", str(tmp_path / "audit.json")]) == 0
        audit = json.loads((tmp_path / "audit.json").read_text("utf-8"))
        errors = [found for found in audit["issues"] if found["level"] == "error"]
        assert {found["id"] for found in errors} == set(audit["accepted"])
        assert "No error: train takes this panel" in capsys.readouterr().out


def test_what_only_the_file_can_mend_has_no_line(tmp_path):
    frame = frame_of([]).astype({"year": str})
    frame.loc[3, "city"] = ""
    frame.loc[14, "year"] = "soon"
    path = save(pd.concat([frame, frame.iloc[[20]]]), tmp_path / "panel.csv")
    checked = read_audited(path, experiment_of([]), purpose="check")
    assert len(checked.audit.errors) == 3
    assert lines_of(checked.audit.errors) == []
    everything = experiment_of([]).model_copy(
        update={"audit": experiment_of([]).audit.model_copy(update={"accept": {"*": "all of it"}})}
    )
    with pytest.raises(InputError, match="blank city; fill it in or delete the row"):
        read_audited(path, everything, purpose="train")


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
@pytest.mark.parametrize("line", ["", "accept", "correct"])
def test_whole_runs_agree(suffix, line, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    column = "Employment in manufacturing (10k persons)"
    frame = small_frame().astype({column: object})
    city, year = frame.loc[40, ["city", "year"]]
    frame.loc[40, column] = "12 of 13"
    save(frame.astype({column: str}), Path(f"panel{suffix}"))
    write_experiment(Path.cwd(), frame)
    cell = f"employment_manufacturing/{city}/{year}"
    settled = {
        "": "",
        "accept": f'[audit.accept]\n"unreadable/{cell}" = "not published"\n',
        "correct": f'[data.corrections]\n"{cell}" = "drop"\n',
    }[line]
    Path("experiment.toml").write_text(f"{EXPERIMENT}\n{settled}", encoding="utf-8")
    data, model = ["--data", f"panel{suffix}"], ["--model", "out/model"]
    assert run(["check", f"panel{suffix}", "--experiment", "experiment.toml"]) == 0
    assert ("train takes this panel" in capsys.readouterr().out) is bool(line)
    expected = 0 if line else 2
    assert run(["backtest", "experiment.toml", *data, "--out", "scores"]) == expected
    assert run(["train", "experiment.toml", *data, "--out", "out", "--store", "store"]) == expected
    if line:
        assert run(["predict", *data, "--out", "forecast.csv", *model]) == 0


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_grouped_thousands_are_one_number_to_every_verb(tmp_path, suffix):
    frame = frame_of([])
    numbers = (1e6 * frame[VARIABLE].astype(float)).round().astype(int)
    path = save(frame.assign(**{VARIABLE: numbers.map("{:,}".format)}), tmp_path / f"panel{suffix}")
    expected = frame.assign(number=numbers).set_index(["city", "year"])["number"].astype(float)
    for purpose in ("check", "train", "predict", "measure"):
        panel = read_audited(path, experiment_of([]), purpose=purpose).panel
        found = panel.frame.set_index(["city", "year"])[VARIABLE]
        pd.testing.assert_series_equal(found, expected, check_names=False)
    cells = import_sheets([path], Options(country="none")).cells.query("variable == @VARIABLE")
    imported = cells.set_index(["city", "year"])["value"].sort_index()
    pd.testing.assert_series_equal(imported, expected, check_names=False, check_index_type=False)
