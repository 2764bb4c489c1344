"""Bad input on the command line: exit code 2, one line that says what, where and what to do."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bundle_inputs
from city_resilience.commands.main import run
from city_resilience.experiment.training import Model
from city_resilience.models.bundle import save_bundle
from city_resilience.models.learners import LEARNERS
from pipeline_inputs import EXPERIMENT, small_frame, write_experiment

GDP = "Real GDP (100m yuan)"
ICT = "Employment in information transmission, computer services and software (10k persons)"
CITY = "Bradara"


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative paths in the messages then are what the user typed."""
    for name in ("MLFLOW_RUN_ID", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    forecaster = bundle_inputs.small_forecaster(bundle_inputs.small_panel(folder))
    return save_bundle(forecaster, folder / "bundle")


def refusal(capsys: pytest.CaptureFixture[str], *words: str, code: int = 2) -> str:
    """Run a command that must fail and leave no trace; returns its one line without the name."""
    before = {path: path.stat().st_mtime_ns for path in Path.cwd().rglob("*")}
    assert run(list(words)) == code
    after = {path: path.stat().st_mtime_ns for path in Path.cwd().rglob("*")}
    assert after == before
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("city-resilience: ")
    assert captured.err.endswith("\n")
    line, *pasted = captured.err.splitlines()
    assert tomllib.loads("\n".join(pasted)) or not pasted
    assert "Traceback" not in captured.err
    return line.removeprefix("city-resilience: ")


Edit = Callable[[pd.DataFrame], pd.DataFrame]


def cell(column: str, row: int, value: object) -> Edit:
    """Put a value into a row of the file, the header being row 1."""

    def edit(frame: pd.DataFrame) -> pd.DataFrame:
        frame = frame.astype({column: object})
        frame.loc[frame.index[row - 2], column] = value
        return frame

    return edit


def renamed(old: str, new: str) -> Edit:
    return lambda frame: frame.rename(columns={old: new})


def twice(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame.iloc[[20, 0, 7, 33]]])


def settled(kind: str, variable: str, year: int) -> str:
    """What says that a line of the experiment drops or accepts a cell."""
    return (
        rf'or set "{variable}/\w+/{year}" = "drop" in \[data\.corrections\] or '
        rf'"{kind}/{variable}/\w+/{year}" = "why it is right" in \[audit\.accept\]'
    )


PANELS: dict[str, tuple[Edit, str]] = {
    "city key misspelt": (
        renamed("city", "citty"),
        r"panel\.csv: no city column; nearest: 'citty'; rename it to 'city' or name it as city in "
        r"\[data\]; columns found: citty, year, .*",
    ),
    "year missing": (
        lambda frame: frame.drop(columns="year"),
        r"panel\.csv: no year column; rename it to 'year' or name it as year in \[data\]; columns "
        r"found: city, province, .*",
    ),
    "outcome misspelt": (
        renamed(GDP, "Reel GDPP"),
        r"panel\.csv: no column holds the outcome 'gdp_real'.*; variables found: .*population.*; "
        r"set variable in \[outcome\] to one of them or rename the column",
    ),
    "duplicates": (
        twice,
        r"panel\.csv: 4 city-years stand in more than one row: Bralune 2000 \(rows 2, 423\), "
        r"Bralune 2007 \(rows 9, 424\), Fenmirr 2006 \(rows 22, 422\), …; keep one row for each "
        r"city and year, or name the column that tells places of one name apart as code or "
        r"province in \[data\]",
    ),
    "no number": (
        cell(GDP, 5, "7O7.9"),
        r"panel\.csv: row 5, column 'Real GDP \(100m yuan\)': number expected, found '7O7\.9'; "
        r"correct the cell or leave it blank, " + settled("unreadable", "gdp_real", 2003),
    ),
    "negative output": (
        cell(GDP, 5, -3.5),
        r"panel\.csv: row 5, column 'Real GDP \(100m yuan\)': positive outcome expected, found "
        r"'-3\.5' for \w+ in 2003; correct the cell or leave it blank, "
        + settled("outcome", "gdp_real", 2003),
    ),
    "zero output": (
        cell(GDP, 16, 0),
        r"panel\.csv: row 16, column 'Real GDP \(100m yuan\)': positive outcome expected, found "
        r"'0\.0' for \w+ in 2000; correct the cell or leave it blank, "
        + settled("outcome", "gdp_real", 2000),
    ),
    "infinite": (
        cell(ICT, 4, np.inf),
        rf"panel\.csv: row 4, column '{re.escape(ICT)}': infinite value, found 'inf'; correct the "
        r"cell or leave it blank, " + settled("unreadable", "employment_ict", 2002),
    ),
    "one city": (
        lambda frame: frame[frame["city"] == frame["city"].iloc[0]],
        r"panel\.csv: only one city, found '\w+'; resilience is relative to a nation, bring at "
        r"least two cities",
    ),
    "too few years": (
        lambda frame: frame[frame["year"] <= 2008],
        r"evaluation\.first_origin = 2010: the panel starts in 2000 and its newest year .* is "
        r"2008, so it may lie between 2004 and 2006 .*; change it or the horizons",
    ),
}


@pytest.mark.parametrize("verb", ["train", "backtest"])
@pytest.mark.parametrize("case", PANELS)
def test_bad_panel(case, verb, tmp_path, capsys):
    edit, expected = PANELS[case]
    write_experiment(tmp_path, edit(small_frame()))
    line = refusal(capsys, verb, "experiment.toml", "--out", "out")
    assert re.fullmatch(expected, line), line


def without(text: str, part: str) -> str:
    assert part in text
    return text.replace(part, "")


EXPERIMENTS = {
    "unknown key": (
        EXPERIMENT.replace("horizons =", "horizonts ="),
        "experiment.toml: key 'outcome.horizonts' does not exist; nearest: 'horizons'; remove it "
        "or use one of: column, composite, counterfactual, deflator, direction, floor, horizons, "
        "label_en, label_zh, measure, publication_delay_days, scale, unit, variable, weight, "
        "windows",
    ),
    "unknown section": (
        EXPERIMENT.replace("[outcome]", "[outcomes]"),
        "experiment.toml: key 'outcomes' does not exist; nearest: 'outcome'; remove it or use one "
        "of: actionable, audit, data, early, evaluation, features, gate, issued, mechanisms, "
        "model, monitor, name, noun, outcome, search, sheets, title, title_zh",
    ),
    "missing key": (
        without(EXPERIMENT, "first_origin = 2010\n"),
        "experiment.toml: key 'evaluation.first_origin' is missing; add it",
    ),
    "value not allowed": (
        EXPERIMENT.replace("[1, 2]", "[2, 1]"),
        "experiment.toml: key 'outcome': horizons must be ascending years from 1 on, found (2, 1); "
        "change the value",
    ),
    "no TOML": (
        EXPERIMENT.replace("[data]", "[data"),
        "experiment.toml: not valid TOML: Expected ']' at the end of a table declaration (at line "
        "4, column 6); mend that line",
    ),
    "misspelt group": (
        EXPERIMENT.replace("[data]", '[data]\ngroups = ["regoin"]'),
        "panel.csv: no column 'regoin', named in [data] groups; nearest: 'region', 'province'; "
        "correct the name",
    ),
    "required without input": (
        EXPERIMENT.replace("[features]", '[features]\nrequired = ["broadband_per_capita"]'),
        "features.required: indicator 'broadband_per_capita' enters no forecast (no such "
        "indicator; nearest: 'broadband_ports_per_100', 'broadband_ports_growth', "
        "'road_area_per_head'); bring its data or take it off the list",
    ),
    "unknown learner": (
        EXPERIMENT + '\n[model]\nmembers = ["ridge", "xgbost"]\n',
        "model.members: no learner 'xgbost'; nearest: 'xgboost', 'xgboost_all_years'; choose among "
        + ", ".join(LEARNERS),
    ),
    "unknown parameter": (
        EXPERIMENT.replace("rounds =", "round ="),
        "model.parameters.xgboost: no parameter 'round'; nearest: 'rounds'; choose among rounds, "
        "learning_rate, max_depth, min_child_weight, subsample, colsample_bytree, reg_lambda, "
        "max_bin, num_parallel_tree, recency",
    ),
    "unknown candidate": (
        EXPERIMENT + '\n[model]\nserve = "blendd"\n',
        "model.serve: no candidate 'blendd'; nearest: 'blend'; choose among "
        + ", ".join(["blend", *Model().members, "zero", "last", "mean5", "damped"]),
    ),
    "misspelt exclusion": (
        EXPERIMENT.replace("[features]", '[features]\nexclude = ["gap_lag_1"]'),
        "features.exclude: no indicator 'gap_lag_1'; nearest: 'gap_lag1', 'gap_lag4', 'gap_lag3'; "
        "remove it or correct its name",
    ),
    "no panel named": (
        without(EXPERIMENT, 'path = "panel.csv"\n'),
        "experiment.toml: data.path is empty, this experiment runs on a panel you bring; name it "
        "with --data PATH",
    ),
}


@pytest.mark.parametrize("case", EXPERIMENTS)
def test_bad_experiment(case, tmp_path, capsys):
    text, expected = EXPERIMENTS[case]
    write_experiment(tmp_path, text=text)
    assert refusal(capsys, "train", "experiment.toml", "--out", "out") == expected


def test_required_indicator_that_enters_no_forecast(tmp_path, capsys):
    frame = small_frame()
    index = "Digital inclusive finance index (index)"
    frame.loc[frame["year"] > 2001, index] = np.nan
    frame.loc[frame["year"] == 2001, index] = 100.0
    text = EXPERIMENT.replace("[features]", '[features]\nrequired = ["digital_finance_index"]')
    write_experiment(tmp_path, frame, text)
    assert run(["train", "experiment.toml", "--out", "out", "--store", "store"]) == 2
    err = capsys.readouterr().err
    assert err == (
        "city-resilience: features.required: indicator 'digital_finance_index' enters no "
        "forecast (never observed at an origin); bring its data or take it off the list\n"
    )
    assert not (tmp_path / "out").exists()
    assert run(["models", "list", "--store", "store"]) == 0
    assert "small" not in capsys.readouterr().out


def write_book(path: Path) -> None:
    with pd.ExcelWriter(path) as book:
        for name in ("notes", "panel 2013"):
            small_frame().head(40).to_excel(book, sheet_name=name, index=False)


COMMANDS: dict[str, tuple[list[str], str]] = {
    "absent experiment": (
        ["train", "nowhere.toml"],
        "nowhere.toml: no such experiment file; name an experiment.toml, for example "
        "experiments/demo/experiment.toml",
    ),
    "absent data": (
        ["train", "experiment.toml", "--data", "absent.csv", "--out", "out"],
        "absent.csv: no such panel file; correct the path given with --data",
    ),
    "empty file": (
        ["train", "experiment.toml", "--data", "empty.csv"],
        "empty.csv: the file is empty; export it again",
    ),
    "sheets": (
        ["train", "experiment.toml", "--data", "book.xlsx"],
        "book.xlsx: 2 sheets and none is named; set sheet in [data] (or --sheet "
        "of new, check and predict) to one of: 'notes', "
        "'panel 2013'",
    ),
    "output is a file": (
        ["train", "experiment.toml", "--out", "empty.csv"],
        "--out empty.csv: is a file; name a folder",
    ),
    "backtest to a file": (
        ["backtest", "experiment.toml", "--out", "empty.csv"],
        "--out empty.csv: is a file; name a folder",
    ),
    "setting without a value": (
        ["train", "experiment.toml", "--set", "model.seed"],
        "--set 'model.seed': expected key=value, for example outcome.horizons=[1,2]",
    ),
    "setting of an unknown key": (
        ["train", "experiment.toml", "--set", "model.sead=1"],
        "experiment.toml: key 'model.sead' does not exist; nearest: 'seed'; "
        "remove it or use one of: interval, members, parameters, seed, serve",
    ),
    "predict, absent data": (
        ["predict", "--data", "absent.csv", "--out", "o.csv", "--model", "MODEL"],
        "absent.csv: no such panel file; correct the path given with --data",
    ),
    "predict, sheets": (
        ["predict", "--data", "book.xlsx", "--out", "o.csv", "--model", "MODEL"],
        "book.xlsx: 2 sheets and none is named; set sheet in [data] (or --sheet "
        "of new, check and predict) to one of: 'notes', "
        "'panel 2013'",
    ),
    "predict, unwritable": (
        ["predict", "--data", "model.csv", "--out", "empty.csv/o.csv", "--model", "MODEL"],
        "empty.csv/o.csv: the folder cannot be written to (File exists); choose another place",
    ),
    "predict, unknown suffix": (
        ["predict", "--data", "model.csv", "--out", "o.xls", "--model", "MODEL"],
        "o.xls: output suffix '.xls' is not known; nearest: '.xlsx', '.csv'; end the name in "
        ".csv, .xlsx, .parquet",
    ),
    "predict, unknown city": (
        [
            "predict",
            "--data",
            "model.csv",
            "--out",
            "o.csv",
            "--model",
            "MODEL",
            "--city",
            "Bradar",
        ],
        "--city 'Bradar': not among the 30 cities of the panel; nearest: 'Bradara', 'Tordara', "
        "'Bragast'; give a name as it stands in the panel",
    ),
    "predict, model name nowhere": (
        ["predict", "--data", "model.csv", "--out", "o.csv", "--model", "nowhere"],
        "--model 'nowhere': no such model folder, and as a registered model (NAME@alias or "
        "NAME/VERSION) not found: HERE/.city-resilience/mlflow.db: there is no store yet; run "
        "'city-resilience train' first, give --store, or name a model folder with --model",
    ),
    "predict, model folder nowhere": (
        ["predict", "--data", "model.csv", "--out", "o.csv", "--model", "models/nowhere"],
        "models/nowhere: no such model folder; name a folder that holds manifest.json, or a "
        "registered model as NAME@champion or NAME/VERSION",
    ),
    "predict, no model and no store": (
        ["predict", "--data", "model.csv", "--out", "o.csv"],
        "HERE/.city-resilience/mlflow.db: there is no store yet; run 'city-resilience train' "
        "first, give --store, or name a model folder with --model",
    ),
    "explain, unknown city": (
        ["explain", "Nowhere", "--data", "model.csv", "--model", "MODEL"],
        "'Nowhere': not among the 30 forecast cities; give a name as it stands in the panel",
    ),
    "explain, unknown horizon": (
        ["explain", "CITY", "--data", "model.csv", "--model", "MODEL", "--horizon", "7"],
        "--horizon 7: the model has [1, 2]; choose one of them",
    ),
    "report, unknown results": (
        ["report", "--results", "nowhere"],
        "nowhere/summary.json: not there; name a folder that 'train --out' wrote",
    ),
    "unknown verb": (
        ["trian", "experiment.toml"],
        "No such command 'trian'. Did you mean 'train'? Try --help.",
    ),
    "unknown option": (
        ["train", "experiment.toml", "--stor", "x"],
        "No such option '--stor'. (Did you mean one of: '--serve', '--set', '--store'?) "
        "Try --help.",
    ),
    "missing option": (["predict", "--out", "o.csv"], "Missing option '--data'. Try --help."),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_bad_command(case, model, tmp_path, capsys):
    words, expected = COMMANDS[case]
    write_experiment(tmp_path)
    (tmp_path / "empty.csv").touch()
    if "book.xlsx" in words:
        write_book(tmp_path / "book.xlsx")
    bundle_inputs.write_panel(tmp_path, "model.csv")
    known = {"MODEL": str(model), "CITY": CITY}
    line = refusal(capsys, *(known.get(word, word) for word in words))
    assert line.replace(str(tmp_path), "HERE") == expected


@pytest.mark.parametrize("verb", ["predict", "explain"])
def test_model_trained_on_other_indicators(verb, model, tmp_path, capsys):
    path = bundle_inputs.write_panel(tmp_path)
    frame = pd.read_csv(path)
    frame.drop(columns=ICT).to_csv(path, index=False)
    words = {"predict": ["--out", "o.csv"], "explain": [CITY]}[verb]
    line = refusal(capsys, verb, "--data", "panel.csv", "--model", str(model), *words)
    assert re.fullmatch(
        r"panel\.csv: \d of \d+ indicators that the model was trained on are not offered: "
        r"ict_employment_share \(.*employment_ict.*\); .*; add their columns or use a model "
        r"trained without them",
        line,
    ), line


def test_no_command_shows_the_help(capsys):
    assert run([]) == 2
    captured = capsys.readouterr()
    assert "Commands:" in captured.out
    assert captured.err == "city-resilience: no command given; choose one of the above\n"


def test_debug_shows_the_traceback(capsys):
    assert run(["--debug", "train", "nowhere.toml"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("Traceback (most recent call last):")
    assert err.splitlines()[-1].startswith("city-resilience: nowhere.toml: no such experiment")
    assert run(["train", "nowhere.toml", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_internal_error_ends_with_1_and_one_line(tmp_path, capsys, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("deep\ninside")

    monkeypatch.setattr("city_resilience.commands.source.load", fail)
    line = refusal(capsys, "backtest", "experiment.toml", code=1)
    assert line == ("internal error: ZeroDivisionError('deep\\ninside'); run again with --debug")
