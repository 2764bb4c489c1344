"""Issued forecasts as a forecast hub: every value comes back, by the hubs' own reader too."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import yaml

from bundle_inputs import panel_text, small_forecaster, small_panel, write_panel
from city_resilience.commands.export import export_issued
from city_resilience.commands.main import run
from city_resilience.errors import InputError
from city_resilience.issued.record import LEVELS, QUANTILES, Issues, read_issues
from city_resilience.models.bundle import save_bundle
from city_resilience.tasks.dataset import Dataset, build_dataset
from issued_inputs import add_made_up, made_up_rows, made_up_samples, parquet_of, sums_of

LIVE = "team-small"
OTHERS = (f"{LIVE}_nowcast", f"{LIVE}_reconstructed")


class Hub(NamedTuple):
    """A hub that was exported, and what it was made of."""

    folder: Path
    record: Path
    model: Path
    issues: Issues
    dataset: Dataset
    files: tuple[str, ...]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """Two live forecasts of one origin, one of another, a nowcast and a reconstructed one."""
    place = tmp_path_factory.mktemp("hub")
    panel = small_panel(place)
    forecaster = small_forecaster(panel)
    model, record = save_bundle(forecaster, place / "model"), place / "issued"
    for changes in (
        {"origin": 2012},
        {"origin": 2013},
        {"origin": 2013, "seed": 1},
        {"origin": 2013, "information": "nowcast"},
        {"origin": 2011, "status": "reconstructed"},
    ):
        add_made_up(record, model="small", **changes)
    frame = pd.read_csv(write_panel(place))
    frame[frame["year"] < 2013].to_csv(place / "older.csv", index=False)
    actuals = [f"2014-03-31={place / 'older.csv'}", str(place / "panel.csv")]
    made = export_issued(place / "hub", model, team="team", actuals=actuals, record=record)
    dataset = build_dataset(panel, forecaster.experiment)
    return Hub(place / "hub", record, model, read_issues(record), dataset, made.files)


def submission(hub: Hub, model: str, origin: int) -> pd.DataFrame:
    name = f"{origin}-12-31-{model}.parquet"
    return pd.read_parquet(hub.folder / "model-output" / model / name)


def test_each_forecast_that_stands_is_a_submission(hub: Hub) -> None:
    assert {name for name in hub.files if name.startswith("model-output")} == {
        f"model-output/{LIVE}/2012-12-31-{LIVE}.parquet",
        f"model-output/{LIVE}/2013-12-31-{LIVE}.parquet",
        f"model-output/{OTHERS[0]}/2013-12-31-{OTHERS[0]}.parquet",
        f"model-output/{OTHERS[1]}/2011-12-31-{OTHERS[1]}.parquet",
    }
    assert sorted(
        path.relative_to(hub.folder).as_posix() for path in hub.folder.rglob("*") if path.is_file()
    ) == sorted(hub.files)


def test_every_value_of_the_record_is_in_its_submission(hub: Hub) -> None:
    table = submission(hub, LIVE, 2013)
    rows = made_up_rows(2013, seed=1)
    key = ["horizon", "location"]

    def of(kind: str, id: float) -> list[float]:
        own = table[table["output_type"] == kind]
        same = own["output_type_id"].isna() if np.isnan(id) else own["output_type_id"] == id
        found = own[same].set_index(key)["value"]
        return found.loc[list(zip(rows["horizon"], rows["city"], strict=True))].tolist()

    assert of("median", np.nan) == rows["forecast"].tolist()
    assert of("mean", np.nan) == rows["mean"].tolist()
    for name, level in QUANTILES.items():
        assert of("quantile", level) == rows[name].tolist()
    assert of("cdf", 0.0) == rows["p_below_0"].tolist()
    assert of("cdf", -2.0) == rows["p_below_minus_2"].tolist()
    assert len(table) == len(rows) * (2 + len(LEVELS) + 2 + 5)
    assert set(table["origin_date"]) == {dt.date(2013, 12, 31)}
    ends = {1: dt.date(2014, 12, 31), 2: dt.date(2015, 12, 31)}
    assert table["target_end_date"].tolist() == table["horizon"].map(ends).tolist()


def test_a_draw_has_one_index_for_all_places_of_a_horizon(hub: Hub) -> None:
    table = submission(hub, LIVE, 2013)
    drawn = table[table["output_type"] == "sample"]
    by_index = drawn.groupby("output_type_id")
    assert set(by_index["location"].nunique()) == {4}
    assert by_index["horizon"].nunique().max() == 1
    assert sorted(drawn["output_type_id"].unique()) == list(range(1, 11))
    samples = made_up_samples(made_up_rows(2013, seed=1)).set_index(["horizon", "city"])
    wide = drawn.assign(draw=(drawn["output_type_id"] - 1) % 5).pivot_table(
        index=["horizon", "location"], columns="draw", values="value"
    )
    assert wide.to_numpy().tolist() == samples.loc[wide.index].to_numpy().tolist()


def test_a_city_of_an_older_origin_is_left_out(tmp_path: Path, hub: Hub) -> None:
    from city_resilience.issued.adding import add_issue
    from city_resilience.issued.hub import model_output
    from issued_inputs import made_up_draft

    rows = made_up_rows(2013)
    rows.loc[rows["city"] == "City 2", ["origin", "target_year"]] -= 1
    one = add_issue(tmp_path, made_up_draft("small", 2013), {"forecast.parquet": parquet_of(rows)})
    table = model_output(read_issues(tmp_path), one)
    assert set(table["location"]) == {"City 0", "City 1", "City 3"}
    assert "sample" not in set(table["output_type"])


def test_tasks_say_what_the_submissions_hold(hub: Hub) -> None:
    said = json.loads((hub.folder / "hub-config" / "tasks.json").read_text("utf-8"))
    (round_,) = said["rounds"]
    (task,) = round_["model_tasks"]
    allowed = {
        name: {*(values["required"] or []), *(values["optional"] or [])}
        for name, values in task["task_ids"].items()
    }
    for path in (hub.folder / "model-output").rglob("*.parquet"):
        table = pd.read_parquet(path)
        for name, values in allowed.items():
            assert set(table[name].astype(str)) <= set(map(str, values)), name
        ids = table.groupby("output_type")["output_type_id"].unique()
        assert set(ids["quantile"]) == set(
            task["output_type"]["quantile"]["output_type_id"]["required"]
        )
        assert set(ids["cdf"]) == set(task["output_type"]["cdf"]["output_type_id"]["required"])
    params = task["output_type"]["sample"]["output_type_id_params"]
    assert params["min_samples_per_task"] == params["max_samples_per_task"] == 5
    assert params["compound_taskid_set"] == ["origin_date", "target", "horizon"]
    assert task["target_metadata"][0]["target_keys"] == {"target": "growth_gap"}
    assert round_["round_id"] in task["task_ids"]


def test_models_say_what_they_are(hub: Hub) -> None:
    schema = json.loads((hub.folder / "hub-config" / "model-metadata-schema.json").read_text())
    found = {
        path.stem: yaml.safe_load(path.read_text("utf-8"))
        for path in (hub.folder / "model-metadata").iterdir()
    }
    assert set(found) == {LIVE, *OTHERS}
    assert {name for name, own in found.items() if own["designated_model"]} == {LIVE, OTHERS[0]}
    for name, own in found.items():
        assert list(own) == schema["required"] == list(schema["properties"])
        assert f"{own['team_abbr']}-{own['model_abbr']}" == name


def test_target_data_has_the_outcomes_of_each_vintage(hub: Hub) -> None:
    series = pd.read_parquet(hub.folder / "target-data" / "time-series.parquet")
    assert set(series["as_of"]) == {dt.date(2014, 3, 31), dt.date(2015, 3, 31)}
    last = series.groupby("as_of")["target_end_date"].max()
    assert last.tolist() == [dt.date(2012, 12, 31), dt.date(2013, 12, 31)]
    newest = series[series["as_of"] == dt.date(2015, 3, 31)]
    for horizon, year in ((1, 2012), (2, 2010)):
        own = newest[newest["horizon"] == horizon]
        own = own[own["target_end_date"] == dt.date(year + horizon, 12, 31)]
        truth = hub.dataset.truth(year, horizon)
        assert own["observation"].tolist() == truth[np.isfinite(truth)].tolist()
    oracle = pd.read_parquet(hub.folder / "target-data" / "oracle-output.parquet")
    assert len(oracle) == 6 * len(newest)
    keys = ["target", "horizon", "location", "target_end_date"]
    below = oracle[(oracle["output_type"] == "cdf") & (oracle["output_type_id"] == -2.0)]
    both = below.merge(newest, on=keys)
    assert both["oracle_value"].tolist() == (both["observation"] <= -2.0).astype(float).tolist()


def test_the_hubs_own_reader_reads_all_of_it(hub: Hub) -> None:
    hubdata = pytest.importorskip("hubdata", reason="hubdata is not installed; run make env")
    from hubdata.create_target_data_schema import TargetType

    connected = hubdata.connect_hub(str(hub.folder))
    table = connected.to_table().to_pandas()
    assert set(table["model_id"]) == {LIVE, *OTHERS}
    own = table[(table["model_id"] == LIVE) & (table["origin_date"] == dt.date(2013, 12, 31))]
    plain = submission(hub, LIVE, 2013)
    by = ["output_type", "output_type_id", "horizon", "location"]
    assert own.sort_values(by)["value"].tolist() == plain.sort_values(by)["value"].tolist()
    for kind, name in (
        (TargetType.TIME_SERIES, "time-series"),
        (TargetType.ORACLE_OUTPUT, "oracle-output"),
    ):
        read = hubdata.connect_target_data(str(hub.folder), kind)
        file = pd.read_parquet(hub.folder / "target-data" / f"{name}.parquet")
        assert set(read.schema.names) == set(file.columns)
        assert len(read.to_table()) == len(file)


def test_export_again_replaces_its_own_hub_alone(hub: Hub, tmp_path: Path) -> None:
    before = sums_of(hub.record)
    out = tmp_path / "hub"
    words = ["export", "--out", str(out), "--model", str(hub.model), "--record", str(hub.record)]
    assert run(words) == 0
    assert not (out / "target-data").exists()
    (out / "model-output" / "left.parquet").write_bytes(b"")
    (out / "notes.txt").write_text("mine")
    assert run(words) == 0
    assert not (out / "model-output" / "left.parquet").exists()
    assert (out / "notes.txt").read_text() == "mine"
    (out / "hub-config" / "admin.json").write_text('{"maintainer": "another team"}')
    with pytest.raises(InputError, match="holds a hub that this command did not write"):
        export_issued(out, hub.model, record=hub.record)
    assert sums_of(hub.record) == before


def test_what_was_issued_is_checked_and_listed(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["models", "issued", "small", "--record", str(hub.record)]) == 0
    said = capsys.readouterr().out
    for one in hub.issues.issued:
        assert one.id in said
    assert said.count("superseded") == 1
    shutil.copytree(hub.record, tmp_path / "record")
    changed = tmp_path / "record" / "small" / "2013-forecast-3" / "forecast.parquet"
    changed.chmod(0o644)
    changed.write_bytes(b"")
    assert run(["models", "issued", "--record", str(tmp_path / "record")]) == 2
    assert f"{changed}: was changed after it was issued" in capsys.readouterr().err


def test_what_no_hub_takes_is_refused(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--team 'my team': no abbreviation"):
        export_issued(tmp_path / "hub", hub.model, team="my team", record=hub.record)
    (tmp_path / "panel.csv").write_text(panel_text(), encoding="utf-8")
    twice = [tmp_path / "panel.csv"] * 2
    with pytest.raises(InputError, match="two panels of 2015-03-31"):
        export_issued(tmp_path / "hub", hub.model, record=hub.record, actuals=twice)
    with pytest.raises(InputError, match="nothing has been issued there"):
        export_issued(tmp_path / "hub", hub.model, record=tmp_path / "none")
    assert not (tmp_path / "hub").exists()
