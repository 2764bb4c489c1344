"""Early releases on the command line: which files count, on which day, and what is said of them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bundle_inputs
from city_resilience.commands.backtest import backtest
from city_resilience.commands.check import check
from city_resilience.commands.early import as_day, named_files
from city_resilience.commands.main import run
from city_resilience.commands.predict import predict
from city_resilience.commands.source import load
from city_resilience.errors import InputError
from city_resilience.experiment.early import Release
from city_resilience.experiment.load import load_experiment
from city_resilience.files import write_table
from city_resilience.models.bundle import save_bundle
from city_resilience.models.forecaster import Forecaster
from pipeline_inputs import EXPERIMENT, LAST, small_frame, write_experiment

TABLE = """
[early.provinces]
group = "province"
column = "growth"
kind = "growth"
"""
RIDGE = '\n[model]\nmembers = ["ridge"]\nserve = "ridge"\n'
SHORT = EXPERIMENT.partition("[model")[0]
PROVINCES = sorted(small_frame()["province"].unique())


def growth(mean: float = 7.0, last: int = LAST + 2) -> pd.DataFrame:
    rng = np.random.default_rng(6)
    years = range(2001, last + 1)
    rows = [(name, year, rng.normal(mean, 2.0)) for year in years for name in PROVINCES]
    return pd.DataFrame(rows, columns=["province", "year", "growth"]).round(2)


def write_early(folder: Path, tables: str = TABLE, frame: pd.DataFrame | None = None) -> Path:
    """Write a panel, its experiment and release.csv to a folder; returns the experiment."""
    path = write_experiment(folder, text=SHORT + RIDGE + tables)
    (growth() if frame is None else frame).to_csv(folder / "release.csv", index=False)
    return path


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[str, str]:
    """Run a command that exits with 2; returns its message and the lines to paste."""
    assert run([str(word) for word in words]) == 2
    first, _, paste = capsys.readouterr().err.strip().partition("\n")
    return first, paste


def told(experiment: Path, **given: object) -> list[int]:
    """Return how many years ahead each release tells at the newest origin."""
    dataset = load(experiment, with_early=True, **given).dataset
    return [early.beyond.shape[1] for early in dataset.at(LAST).early]


def test_a_release_is_read_from_the_path_of_the_experiment(tmp_path):
    path = write_early(tmp_path, TABLE + 'path = "release.csv"\n')
    assert told(path) == [1]
    assert told(path, as_of="2016-03-01") == [2]
    assert told(path, as_of=dt.date(2015, 1, 31)) == [0]
    assert load(path).dataset.early == ()


def test_a_file_that_is_given_goes_before_the_experiments_own(tmp_path):
    path = write_early(tmp_path, TABLE + 'path = "release.csv"\n')
    other = growth(mean=4.0)
    other.to_csv(tmp_path / "other.csv", index=False)
    given = [
        tmp_path / "other.csv",
        str(tmp_path / "other.csv"),
        [f"provinces={tmp_path / 'other.csv'}"],
        other,
        {"provinces": other},
    ]
    found = [load(path, with_early=True, early=each).dataset.early[0].growth for each in given]
    for each in found:
        np.testing.assert_array_equal(each, found[0])
    assert np.nanmean(found[0]) < np.nanmean(load(path, with_early=True).dataset.early[0].growth)


def test_several_releases_are_told_apart_by_name(tmp_path, capsys):
    nation = growth()[growth()["province"] == PROVINCES[0]].drop(columns="province")
    nation.to_csv(tmp_path / "nation.csv", index=False)
    both = TABLE + TABLE.replace("provinces", "country").replace('"province"', '"nation"')
    path = write_early(tmp_path, both)
    file, whole = tmp_path / "release.csv", tmp_path / "nation.csv"
    assert told(path, early=[f"country={whole}", f"provinces={file}"]) == [1, 1]
    words = ("backtest", path, "--early")
    assert refused(capsys, *words, file)[0] == (
        f"city-resilience: --early {file}: the experiment names 2 releases; say which it is, "
        f"--early NAME={file} with a name of: provinces, country"
    )
    assert (
        "no release 'province'; nearest: 'provinces'"
        in refused(capsys, *words, f"province={file}")[0]
    )
    assert (
        "two files are given for the release 'country'"
        in refused(capsys, *words, f"country={whole}", "--early", f"country={whole}")[0]
    )
    assert refused(capsys, *words, f"country={whole}")[0] == (
        "city-resilience: early.provinces: no file is named for this release; give it with "
        "--early provinces=PATH, or as path in [early.provinces]"
    )


def test_a_file_that_is_not_there_is_refused_at_training(tmp_path, capsys):
    path = write_early(tmp_path, TABLE + 'path = "none.csv"\n')
    message, _ = refused(capsys, "backtest", path)
    assert message == (
        f"city-resilience: {tmp_path / 'none.csv'}: no such early release file; correct the path "
        "given with --early, or as path in [early.provinces]"
    )


def test_check_names_a_release_that_train_refuses(tmp_path):
    path = write_early(tmp_path, TABLE + 'path = "release.csv"\n')
    assert check(tmp_path / "panel.csv", path).refusal == ""
    changed = ['early.provinces.kind="index"']
    refusal = check(tmp_path / "panel.csv", path, overrides=changed).refusal
    assert "is said to hold an index of the previous year = 100" in refusal
    with pytest.raises(InputError, match=re.escape(refusal)):
        load(path, overrides=changed, with_early=True)


@pytest.mark.parametrize("name", ["", "mine="])
def test_a_file_for_an_experiment_without_releases_comes_with_lines_to_paste(
    tmp_path, capsys, name
):
    path = write_early(tmp_path, "")
    message, paste = refused(capsys, "train", path, "--early", f"{name}{tmp_path / 'release.csv'}")
    assert "experiment 'small' declares no early release; add a table for it" in message
    text = path.read_text("utf-8")
    path.write_text(f"{text}\n{paste}\n", "utf-8")
    assert told(path, early=tmp_path / "release.csv") == [1]
    assert (f"[early.{name.strip('=') or 'province'}]") == paste.splitlines()[0]


@pytest.mark.parametrize("day", ["2015-02-30", "15 March", ""])
def test_a_day_that_is_none_is_refused(tmp_path, capsys, day):
    path = write_early(tmp_path, TABLE + 'path = "release.csv"\n')
    assert refused(capsys, "backtest", path, "--as-of", day)[0] == (
        f"city-resilience: --as-of {day!r}: not a day; write it as 2020-03-31"
    )
    chosen = load_experiment(path)
    noon = dt.datetime(2015, 3, 1, 12)
    assert as_day(noon, chosen) == as_day("2015-03-01", chosen) == dt.date(2015, 3, 1)


def test_a_day_that_decides_nothing_is_refused(tmp_path, capsys):
    path = write_early(tmp_path, "")
    assert refused(capsys, "backtest", path, "--as-of", "2015-03-01")[0] == (
        "city-resilience: --as-of 2015-03-01: experiment 'small' declares no early release, and "
        "the day decides nothing else; leave it out, or declare the release as [early.NAME]"
    )


def test_a_release_is_not_written_over(tmp_path):
    path = write_early(tmp_path)
    write_table(growth(), tmp_path / "scores.csv")
    with pytest.raises(InputError, match=r"would overwrite .*which is read"):
        backtest(path, early=tmp_path / "scores.csv", out=tmp_path)


def test_a_path_with_an_equals_sign_is_a_path(tmp_path):
    file = tmp_path / "a=b.csv"
    file.touch()
    assert named_files([str(file), "x=y.csv"]) == [("", str(file)), ("x", "y.csv")]
    assert named_files(None) == []


def test_backtest_says_what_was_told_and_what_came_too_late(tmp_path, capsys):
    path = write_early(tmp_path)
    words = ["backtest", str(path), "--early", str(tmp_path / "release.csv")]
    assert run([*words, "--as-of", "2015-02-28"]) == 0
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Early: ")]
    count = len(PROVINCES)
    assert said == [
        f"Early: provinces: real growth by province of 2014 ({count} of {count}), as known on "
        "2015-02-28, revised vintage",
        f"Early: early.provinces: {count} figures of 2015 are published from 2016-02-14 on, after "
        "the day of the forecast, 2015-02-28, and are not used",
    ]


@pytest.fixture(scope="module")
def forecaster(tmp_path_factory: pytest.TempPathFactory) -> Forecaster:
    """Return a small forecaster whose experiment names a release."""
    fitted = bundle_inputs.small_forecaster(
        bundle_inputs.small_panel(tmp_path_factory.mktemp("panel"))
    )
    release = Release(group="nation", column="growth", kind="growth", path="elsewhere.csv")
    changed = fitted.experiment.model_copy(update={"early": {"country": release}})
    return replace(fitted, experiment=changed)


def nation(panel: pd.DataFrame) -> pd.DataFrame:
    years = range(int(panel["year"].min()), int(panel["year"].max()) + 2)
    return pd.DataFrame({"year": years, "growth": [6.0 + at % 3 for at, _ in enumerate(years)]})


def test_predict_reads_releases_that_are_given(forecaster, tmp_path):
    panel = bundle_inputs.write_panel(tmp_path)
    frame = nation(pd.read_csv(panel))
    found = predict(panel, save_bundle(forecaster, tmp_path / "bundle"), early=frame)
    (release,) = found.early.releases
    assert (release.name, found.early.missing) == ("country", ())
    assert found.news[0].startswith("country: real growth by nation of ")
    late = predict(panel, forecaster, early=frame, as_of=f"{found.origin + 1}-06-30")
    assert "are not used" in late.news[0]


def test_predict_goes_on_without_a_release_and_says_so(forecaster, tmp_path, capsys):
    panel = bundle_inputs.write_panel(tmp_path)
    bundle = save_bundle(forecaster, tmp_path / "bundle")
    found = predict(panel, bundle)
    assert found.early.missing == ("country",)
    words = ("predict", "--data", panel, "--model", bundle, "--out", tmp_path / "out.csv")
    assert run([str(word) for word in words]) == 0
    assert (
        "Alarm: early.country: no file of this release; give it with --early country=PATH"
        in capsys.readouterr().err
    )


def test_predict_refuses_a_release_that_the_model_does_not_know(forecaster, tmp_path):
    panel = bundle_inputs.write_panel(tmp_path)
    with pytest.raises(InputError, match="no release 'nation'; choose among country"):
        predict(panel, forecaster, early={"nation": nation(pd.read_csv(panel))})
    plain = replace(forecaster, experiment=forecaster.experiment.model_copy(update={"early": {}}))
    with pytest.raises(InputError, match="declares no early release"):
        predict(panel, plain, early=nation(pd.read_csv(panel)))
