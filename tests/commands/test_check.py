"""``check``, what ``train`` refuses, and what ``predict`` masks."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bundle_inputs
from city_resilience.audit import rules
from city_resilience.audit.read_audited import read_audited
from city_resilience.audit.rule import Rule
from city_resilience.commands.main import run
from city_resilience.experiment.load import experiment_from
from city_resilience.models.bundle import load_bundle, save_bundle
from city_resilience.reading.issues import Place
from pipeline_inputs import SHORT, as_words, small_frame, write_experiment

pytestmark = pytest.mark.usefixtures("copied_stores")

GDP = "Real GDP (100m yuan)"
ICT = "Employment in information transmission, computer services and software (10k persons)"


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_RUN_ID", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def spoilt(frame: pd.DataFrame | None = None) -> tuple[pd.DataFrame, str, int]:
    """A panel with one ICT cell typed a thousand times too large, and its city and year."""
    frame = small_frame() if frame is None else frame
    years = sorted(frame["year"].unique())
    city, year = sorted(frame["city"].unique())[3], int(years[len(years) // 2])
    chosen = (frame["city"] == city) & (frame["year"] == year)
    frame.loc[chosen, ICT] *= 1000
    return frame, city, year


def write(frame: pd.DataFrame, name: str = "panel.csv") -> Path:
    frame.to_csv(name, index=False, encoding="utf-8")
    return Path(name)


def experiment(**data):
    values = {"name": "x", "evaluation": {"first_origin": 2012}, "data": data}
    return experiment_from(values, "here")


def test_the_named_cell_is_shown_with_its_address_and_both_lines(capsys):
    frame, city, year = spoilt()
    write(frame)
    assert run(["check", "panel.csv", "--out", "audit.json"]) == 0
    audit = json.loads(Path("audit.json").read_text("utf-8"))
    (error,) = [f for f in audit["issues"] if f["level"] == "error"]
    row = frame.index[(frame["city"] == city) & (frame["year"] == year)][0] + 2
    assert (error["city"], error["years"], error["variable"]) == (city, [year], "employment_ict")
    assert str(Place(**error["place"])) == f"row {row}, column {ICT!r}"
    assert error["factor"] == 1000
    assert error["correction"] == f'"employment_ict/{city}/{year}" = "*0.001"'
    shown = capsys.readouterr().out
    assert error["correction"] in shown
    assert "1 error" in shown


def test_train_refuses_corrects_or_accepts(capsys):
    frame, city, year = spoilt()
    write_experiment(Path.cwd(), frame)
    words = ["train", "experiment.toml", "--out", "out", "--store", "store", *as_words(SHORT)]
    assert run(words) == 2
    refused = capsys.readouterr().err
    assert refused.count("\n") == 1
    assert f'"employment_ict/{city}/{year}" = "*0.001" in [data.corrections]' in refused
    assert not Path("out").exists()
    assert not Path("store").exists()
    text = Path("experiment.toml").read_text("utf-8")
    corrected = f'\n[data.corrections]\n"employment_ict/{city}/{year}" = "*0.001"\n'
    Path("experiment.toml").write_text(text + corrected, encoding="utf-8")
    assert run(words) == 0
    summary = json.loads(Path("out/summary.json").read_text("utf-8"))
    notes = " ".join(summary["run"]["notes"])
    assert f"correction employment_ict/{city}/{year} changed 1 cell" in notes
    assert summary["run"]["audit"]["error"] == 0
    page = Path("out/report.html").read_text("utf-8")
    assert "The audit found 0 errors" in page
    assert "审核发现：0 处错误" in page
    assert load_bundle("out/model").experiment.data.corrections == {
        f"employment_ict/{city}/{year}": "*0.001"
    }
    audit = json.loads(Path("out/audit.json").read_text("utf-8"))
    assert not [f for f in audit["issues"] if f["level"] == "error"]
    accepted = f'\n[audit.accept]\n"spike/employment_ict/{city}/{year}" = "a science park opened"\n'
    Path("experiment.toml").write_text(text + accepted, encoding="utf-8")
    assert run([*words, "--out", "accepted"]) == 0
    audit = json.loads(Path("accepted/audit.json").read_text("utf-8"))
    assert audit["accepted"] == {f"spike/employment_ict/{city}/{year}": "a science park opened"}


def test_an_error_corrected_is_the_panel_without_it():
    frame, city, year = spoilt()
    clean = write(small_frame(), "clean.csv")
    spoilt_file = write(frame)
    corrections = {f"employment_ict/{city}/{year}": "*0.001"}
    plain = read_audited(clean, experiment(), purpose="train").panel
    corrected = experiment(corrections=corrections)
    mended = read_audited(spoilt_file, corrected, purpose="train").panel
    for variable in plain.variables:
        np.testing.assert_allclose(mended.frame[variable], plain.frame[variable], rtol=1e-12)


def test_predict_masks_an_undecided_error_and_says_so(capsys):
    folder = Path.cwd()
    forecaster = bundle_inputs.small_forecaster(bundle_inputs.small_panel(folder))
    save_bundle(forecaster, folder / "bundle")
    frame, city, year = spoilt(pd.read_csv(io.StringIO(bundle_inputs.panel_text())))
    blank = frame.copy()
    blank.loc[(blank["city"] == city) & (blank["year"] == year), ICT] = np.nan
    write(frame, "wrong.csv")
    write(blank, "blank.csv")
    for name in ("wrong", "blank"):
        words = ["--data", f"{name}.csv", "--out", f"{name}_forecast.csv", "--model", "bundle"]
        assert run(["predict", *words]) == 0
    assert Path("wrong_forecast.csv").read_bytes() == Path("blank_forecast.csv").read_bytes()
    manifest = json.loads(Path("wrong_forecast.csv.manifest.json").read_text("utf-8"))
    (masked,) = manifest["masked_cells"]
    assert f"{city} {year}" in masked
    assert f"Alarm: {masked}" in capsys.readouterr().err
    assert (
        json.loads(Path("blank_forecast.csv.manifest.json").read_text("utf-8"))["masked_cells"]
        == []
    )


@pytest.mark.parametrize("verb", ["train", "backtest", "predict", "explain"])
def test_a_column_in_another_unit_in_one_year_refuses_the_panel_in_every_verb(verb, capsys):
    folder = Path.cwd()
    frame = pd.read_csv(io.StringIO(bundle_inputs.panel_text()))
    if verb in ("predict", "explain"):
        forecaster = bundle_inputs.small_forecaster(bundle_inputs.small_panel(folder))
        save_bundle(forecaster, folder / "bundle")
    year = int(frame["year"].median())
    frame.loc[frame["year"] == year, ICT] *= 1e4
    write_experiment(folder, frame)
    words = {
        "train": ["experiment.toml", "--out", "out", "--store", "store"],
        "backtest": ["experiment.toml", "--out", "out"],
        "predict": ["--data", "panel.csv", "--out", "forecast.csv", "--model", "bundle"],
        "explain": [frame["city"].iloc[0], "--data", "panel.csv", "--model", "bundle"],
    }[verb]
    assert run([verb, *words]) == 2
    refused = capsys.readouterr().err
    assert f"unit employment_ict {year}: all cities are 10,000 times" in refused
    assert f'"employment_ict/*/{year}" = "*0.0001" in [data.corrections]' in refused
    assert refused.count("\n") == 1
    assert not list(folder.glob("forecast*"))


@pytest.mark.parametrize(
    "settled",
    [
        {"data": {"corrections": {"employment_ict/*/YEAR": "*0.0001"}}},
        {"audit": {"accept": {"unit/employment_ict/*/YEAR": "persons in that year"}}},
    ],
)
def test_what_the_experiment_of_a_model_settled_stays_settled_in_predict(settled):
    folder = Path.cwd()
    frame = pd.read_csv(io.StringIO(bundle_inputs.panel_text()))
    year = int(frame["year"].median())
    plain = bundle_inputs.VALUES
    changes = json.loads(json.dumps(settled).replace("YEAR", str(year)))
    changes = {key: {**plain.get(key, {}), **value} for key, value in changes.items()}
    model = bundle_inputs.small_forecaster(
        bundle_inputs.small_panel(folder), bundle_inputs.small_experiment(**changes)
    )
    save_bundle(model, folder / "bundle")
    frame.loc[frame["year"] == year, ICT] *= 1e4
    write(frame, "other_unit.csv")
    words = ["--data", "other_unit.csv", "--out", "forecast.csv", "--model", "bundle"]
    assert run(["predict", *words]) == 0
    assert Path("forecast.csv").is_file()


def test_predict_needs_every_error_settled_or_masked(capsys):
    folder = Path.cwd()
    forecaster = bundle_inputs.small_forecaster(bundle_inputs.small_panel(folder))
    save_bundle(forecaster, folder / "bundle")
    frame, _, _ = spoilt(pd.read_csv(io.StringIO(bundle_inputs.panel_text())))
    city, year = sorted(frame["city"].unique())[7], int(frame["year"].median())
    # found with the years after it; as of its own year it is not far enough off to be masked
    frame.loc[(frame["city"] == city) & (frame["year"] == year), ICT] *= 12
    write(frame, "wrong.csv")
    words = ["--data", "wrong.csv", "--out", "forecast.csv", "--model", "bundle"]
    assert run(["predict", *words]) == 2
    refused = capsys.readouterr().err
    assert "found 1 error" in refused
    assert f"spike employment_ict {city} {year}" in refused
    assert "correct the file, or train the model again" in refused


def test_faults_of_reading_are_findings_all_at_once():
    frame = small_frame().astype({ICT: object, "year": object})
    rows = frame.index[:3]
    frame.loc[rows[0], ICT] = "5,97"
    frame.loc[rows[1], ICT] = "n.a.?"
    frame.loc[rows[2], "year"] = "soon"
    doubled = pd.concat([frame, frame.iloc[[10]]])
    read = read_audited(write(doubled), purpose="check", outcome="gdp_real")
    errors = [f for f in read.audit.issues if f.level == "error"]
    assert [f.kind for f in errors].count("unreadable") == 3
    assert [f.kind for f in errors].count("duplicate") == 1
    first = next(f for f in errors if "'5,97'" in f.reason)
    assert (first.variable, str(first.place)) == ("employment_ict", f"row 2, column {ICT!r}")
    assert (first.city, first.years) == (frame.loc[0, "city"], (int(frame.loc[0, "year"]),))
    assert len(read.panel.frame) == len(frame) - 1


def test_unknown_names_are_findings_under_a_gazetteer():
    names = ["石家庄", "石家壮市", "唐山市", "Suzhou"]
    rows = [(name, year, 10.0 + at + year) for at, name in enumerate(names) for year in (1, 2, 3)]
    frame = pd.DataFrame(rows, columns=["city", "year", "gdp_real"])
    frame["year"] += 2009
    read = read_audited(write(frame), experiment(gazetteer="china"), purpose="check")
    assert read.panel.cities == ["唐山市", "石家庄市"]
    text = " ".join(f.reason for f in read.audit.issues if f.kind == "unreadable")
    assert "石家壮市" in text
    assert "苏州市 (江苏省) or 宿州市 (安徽省)" in text


def test_a_new_rule_is_one_entry(monkeypatch, capsys):
    """It is in the findings, on the page in both languages, on the screen, and refuses training."""

    def round_numbers(view):
        for at in zip(*np.nonzero(view.values == 1234.0), strict=True):
            yield view.issue("error", "round", "1234 looks made up", at=at, correct="drop")

    made_up = Rule("round", "Round number", "整数", round_numbers)
    monkeypatch.setattr(rules, "RULES", (*rules.RULES, made_up))
    frame = small_frame()
    frame.loc[17, "Patents granted (count)"] = 1234.0
    write_experiment(Path.cwd(), frame)
    assert run(["check", "panel.csv", "--out", "audit.json"]) == 0
    (found,) = [
        i
        for i in json.loads(Path("audit.json").read_text("utf-8"))["issues"]
        if i["kind"] == "round"
    ]
    city, year = frame.loc[17, ["city", "year"]]
    assert found["id"] == f"round/patents_granted/{city}/{year}"
    assert found["correction"] == f'"patents_granted/{city}/{year}" = "drop"'
    shown = capsys.readouterr().out
    assert "Round number" in shown
    assert "1234 looks made up" in shown
    assert run(["check", "panel.csv", "--out", "audit.html"]) == 0
    page = Path("audit.html").read_text("utf-8")
    assert "Round number" in page
    assert "整数" in page
    capsys.readouterr()
    assert run(["train", "experiment.toml", "--out", "out", "--store", "store"]) == 2
    assert found["acceptance"] in capsys.readouterr().err


def test_a_file_that_is_no_panel_is_an_error(capsys):
    Path("panel.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert run(["check", "panel.csv"]) == 2
    assert "no city column" in capsys.readouterr().err
    assert run(["check", "panel.csv", "--out", "audit.pdf"]) == 2
    assert "end the name in .html, .json" in capsys.readouterr().err


def test_districts_are_read_where_the_experiment_says_so():
    rows = [
        (city, year, scope, size * (1 if scope == "全市" else 0.5))
        for city, size in (("A", 10.0), ("B", 20.0))
        for year in (2010, 2011)
        for scope in ("全市", "市辖区")
    ]
    frame = pd.DataFrame(rows, columns=["city", "year", "统计范围", "gdp_real"])
    path = write(frame)
    whole = read_audited(path, purpose="check").panel
    districts = read_audited(path, experiment(scope="districts"), purpose="check").panel
    assert whole.frame["gdp_real"].tolist() == [10.0, 10.0, 20.0, 20.0]
    assert districts.frame["gdp_real"].tolist() == [5.0, 5.0, 10.0, 10.0]
    assert "4 rows of another scope than whole_city left out" in whole.notes
