"""From a panel file to a forecast file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from bundle_inputs import CITIES, panel_text, small_forecaster, small_panel, write_panel
from city_resilience.commands.predict import predict
from city_resilience.errors import InputError
from city_resilience.explain.contributions import contributions
from city_resilience.explain.forecast_table import add_drivers, forecast_table
from city_resilience.files import write_table
from city_resilience.models.bundle import save_bundle
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.group_forecast import forecast_groups
from city_resilience.reading.panel import Panel


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    return small_panel(tmp_path_factory.mktemp("panel"))


@pytest.fixture(scope="module")
def forecaster(panel: Panel) -> Forecaster:
    return small_forecaster(panel)


@pytest.fixture(scope="module")
def model(forecaster: Forecaster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bundle(forecaster, tmp_path_factory.mktemp("model") / "bundle")


def source() -> pd.DataFrame:
    import io

    return pd.read_csv(io.StringIO(panel_text()))


def read_exactly(path: Path) -> pd.DataFrame:
    """Read a forecast file with Python's own reading of floats, which loses no bit."""
    frame = pd.read_csv(path, dtype={"forecast": str})
    return frame.assign(forecast=[float(text) for text in frame["forecast"]])


def save(frame: pd.DataFrame, folder: Path) -> Path:
    path = folder / "changed.csv"
    frame.to_csv(path, index=False)
    return path


def test_output_is_the_forecast_of_the_run_to_the_last_bit(
    forecaster: Forecaster, panel: Panel, model: Path, tmp_path: Path
) -> None:
    rows = forecaster.rows(panel)
    table = forecast_table(forecaster, rows, contributions(forecaster, rows))
    run = write_table(table, tmp_path / "run.csv")
    predict(write_panel(tmp_path), model, out=tmp_path / "out.csv", drivers=3)
    assert (tmp_path / "out.csv").read_bytes() == run.read_bytes()
    expected = forecaster.forecast(rows)["forecast"]
    assert read_exactly(run)["forecast"].tolist() == expected.tolist()
    assert run.read_bytes().startswith(b"\xef\xbb\xbfcity,province,origin,horizon,")


def test_shuffled_rows_change_nothing(model: Path, tmp_path: Path) -> None:
    predict(write_panel(tmp_path), model, out=tmp_path / "a.csv")
    shuffled = save(source().sample(frac=1, random_state=1), tmp_path)
    predict(shuffled, model, out=tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_manifest_describes_the_output(
    forecaster: Forecaster, panel: Panel, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "out.csv"
    manifest = predict(write_panel(tmp_path), model, out=out).manifest
    assert json.loads(Path(f"{out}.manifest.json").read_text(encoding="utf-8")) == manifest
    assert manifest["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert (manifest["rows"], manifest["cities"]) == (2 * CITIES, CITIES)
    assert manifest["origin"] == 2013
    assert manifest["available_from"] == "2015-03-31"
    assert manifest["flags"].pop("target_year_over") == CITIES
    assert all(name.startswith("carried:") for name in manifest["flags"])
    assert manifest["simulated"] is True
    account = manifest["data"].pop("account")
    assert manifest["data"] == {"file": "panel.csv", "fingerprint": panel.fingerprint()}
    assert account == json.loads(json.dumps(panel.account.as_dict()))
    assert (account["rows"], account["kept"]) == (len(panel.frame), len(panel.frame))
    assert manifest["model"]["reference"] == str(model)
    assert manifest["model"]["data_fingerprint"] == forecaster.fingerprint
    assert {"city-resilience", "numpy", "xgboost"} <= manifest["versions"].keys()


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet"])
def test_other_formats_hold_the_same_table(suffix: str, model: Path, tmp_path: Path) -> None:
    data = write_panel(tmp_path)
    predict(data, model, out=tmp_path / "out.csv", drivers=2)
    predict(data, model, out=tmp_path / f"out{suffix}", drivers=2)
    plain = read_exactly(tmp_path / "out.csv")
    out = tmp_path / f"out{suffix}"
    other = (
        pd.read_parquet(out)
        if suffix == ".parquet"
        else pd.read_excel(out, "All rows", engine="openpyxl")
    )
    assert other.columns.tolist() == plain.columns.tolist()
    # A workbook keeps 16 significant digits, as openpyxl writes them.
    assert other["forecast"].tolist() == pytest.approx(plain["forecast"].tolist(), rel=1e-15)
    assert other[["lower", "upper"]].isna().all(axis=None)
    assert other["driver_1"].tolist() == plain["driver_1"].tolist()


def test_name_like_a_formula_stays_text_in_a_workbook(tmp_path: Path) -> None:
    import openpyxl

    path = write_table(pd.DataFrame({"city": ["=1+1"]}), tmp_path / "out.xlsx")
    cell = openpyxl.load_workbook(path)["forecast"]["A2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_city_filters_the_output_only(model: Path, tmp_path: Path) -> None:
    data = write_panel(tmp_path)
    predict(data, model, out=tmp_path / "all.csv")
    everything = pd.read_csv(tmp_path / "all.csv")
    city = everything["city"].iloc[4]
    predict(data, model, out=tmp_path / "one.csv", cities=[city])
    expected = everything[everything["city"] == city].reset_index(drop=True)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "one.csv"), expected)
    with pytest.raises(InputError, match=f"--city .*not among the 30 cities.*nearest: '{city}'"):
        predict(data, model, out=tmp_path / "no.csv", cities=[city[:-1]])
    assert not (tmp_path / "no.csv").exists()


def test_too_few_years(model: Path, tmp_path: Path) -> None:
    frame = source()
    data = save(frame[frame["year"] > 2008], tmp_path)
    with pytest.raises(InputError, match=r"changed\.csv: 5 year\(s\), 2009-2013; give the whole"):
        predict(data, model, out=tmp_path / "out.csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["changed.csv"]


def test_too_few_training_cities(model: Path, tmp_path: Path) -> None:
    frame = source()
    few = sorted(frame["city"].unique())[:10]
    data = save(frame[frame["city"].isin(few)], tmp_path)
    with pytest.raises(InputError, match="10 of 30 training cities have an outcome in 2013"):
        predict(data, model, out=tmp_path / "out.csv")
    manifest = predict(data, model, out=tmp_path / "out.csv", allow_partial=True).manifest
    assert manifest["cities"] == 10


def test_panel_without_the_models_indicators(model: Path, tmp_path: Path) -> None:
    frame = source()
    data = save(frame.drop(columns=[c for c in frame if "information" in c.lower()]), tmp_path)
    with pytest.raises(InputError, match=r"the model was trained on are not offered: .*ict"):
        predict(data, model, out=tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("name", ["out.xls", "out", "out.CSVX"])
def test_unknown_suffix_is_refused_before_any_work(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"end the name in \.csv, \.xlsx, \.parquet"):
        predict(tmp_path / "absent.csv", tmp_path, out=tmp_path / name)


def test_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out.parquet"
    out.write_text("old")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("cut")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", fail)
    with pytest.raises(RuntimeError, match="cut"):
        write_table(pd.DataFrame({"a": [1]}), out)
    assert out.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.parquet"]


def test_drivers_name_only_what_was_observed() -> None:
    table = pd.DataFrame({"city": ["a", "b"], "horizon": [1, 1]})
    drivers = pd.DataFrame(
        [
            ("a", 1, "(base)", float("nan"), 9.0),
            ("a", 1, "small", 1.0, 0.125),
            ("a", 1, "large", 1.0, -2.0),
            ("a", 1, "unseen", float("nan"), 5.0),
            ("a", 1, "nil", 1.0, 0.0),
            ("b", 1, "small", 1.0, -0.5),
        ],
        columns=["city", "horizon", "indicator", "value", "contribution"],
    )
    named = add_drivers(table, drivers, 3, {"large": "Large one"})
    assert named["driver_1"].tolist() == ["Large one: -2.00", "small: -0.50"]
    assert named["driver_2"].tolist() == ["small: +0.12", ""]
    assert named["driver_3"].tolist() == ["", ""]


def test_a_family_that_died_raises_an_alarm(model: Path, tmp_path: Path) -> None:
    frame = source()
    digital = [name for name in frame if "Digital" in name or "information transmission" in name]
    frame[digital] = frame[digital].where(frame["year"] <= frame["year"].max() - 5)
    path = save(frame, tmp_path)
    manifest = predict(path, model, out=tmp_path / "out.csv").manifest
    assert manifest["unobserved_families"] == {"digital": 0.0}
    alive = predict(save(source(), tmp_path), model, out=tmp_path / "out.csv").manifest
    assert alive["unobserved_families"] == {}


def test_a_second_file_holds_the_totals_of_groups(
    forecaster: Forecaster, panel: Panel, model: Path, tmp_path: Path
) -> None:
    data, out, groups = write_panel(tmp_path), tmp_path / "out.csv", tmp_path / "groups.csv"
    result = predict(data, model, out=out, groups=groups, cities=[panel.frame["city"].iloc[0]])
    rows = forecaster.rows(panel)
    expected = forecast_groups(forecaster, rows, forecaster.forecast(rows))
    assert result.groups is not None
    pd.testing.assert_frame_equal(result.groups, expected)
    assert list(pd.read_csv(groups)) == list(expected)
    with pytest.raises(InputError, match=r"--groups .*out\.csv: the forecast goes to this file"):
        predict(data, model, out=out, groups=out)
    with pytest.raises(InputError, match="panel"):
        predict(data, model, groups=data)
