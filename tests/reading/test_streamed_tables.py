"""A Parquet table that is read in blocks of rows gives what it gives when it is read at once."""

import gc
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from city_resilience.audit import batches
from city_resilience.audit.audit import AuditResult, audit_panel
from city_resilience.audit.masking import mask_panel
from city_resilience.commands.check import check
from city_resilience.commands.measure import measure
from city_resilience.errors import InputError
from city_resilience.experiment.data import Data
from city_resilience.reading import read, row_blocks, sorting, stored_panel
from city_resilience.reading.panel import Panel
from city_resilience.reading.stored_panel import StoredPanel
from city_resilience.simulate import simulate_panel, with_headers

GDP, PATENTS = "Real GDP (100m yuan)", "Patents granted (count)"
STAFF = "Employment in urban units, year-end (10k persons)"
SECONDARY = "Share of secondary sector in GDP (fraction)"
OUTCOME = "gdp_real"


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_blocks, "BLOCK_ROWS", 97)
    monkeypatch.setattr(stored_panel, "BATCH_CITIES", 7)


@pytest.fixture(scope="module")
def clean() -> pd.DataFrame:
    return with_headers(simulate_panel(40, 2000, 12).frame)


def faulty(clean: pd.DataFrame) -> pd.DataFrame:
    """Shuffle a panel and put one fault of each kind into it."""
    frame = clean.sample(frac=1, random_state=3).reset_index(drop=True)
    frame[PATENTS] = frame[PATENTS].map(lambda v: f"{v:,.0f}")
    frame.loc[[3, 77, 300], PATENTS] = ["n/a", "12*", "oops"]
    frame.loc[[5, 200, 6], GDP] = [-4, 0, np.inf]
    total = pd.DataFrame({"city": ["Total"] * 3, "year": [2000, 2001, 2002], GDP: [1.0, 2, 3]})
    frame = pd.concat([frame, frame.iloc[[10, 10, 50]], total], ignore_index=True)
    frame["year"] = frame["year"].astype(str).astype(object)
    frame.loc[20, "year"], frame.loc[21, "year"], frame.loc[30, "city"] = "2003Q1", "20x", None
    frame.loc[[40, 41]] = None
    frame[SECONDARY] *= 100
    return frame.rename(columns={SECONDARY: "Share of secondary sector in GDP"})


def both_ways(
    monkeypatch: pytest.MonkeyPatch, path: Path, data: Data | None = None
) -> tuple[Panel, StoredPanel]:
    whole = read.read_panel(path, data, outcome=OUTCOME)
    monkeypatch.setattr(read, "MOST_ROWS", 0)
    stored = read.read_panel(path, data, outcome=OUTCOME)
    assert type(whole) is Panel
    assert isinstance(stored, StoredPanel)
    return whole, stored


def assert_same(whole: Panel, stored: StoredPanel) -> None:
    gathered = stored.of(slice(None))
    pd.testing.assert_frame_equal(gathered.frame, whole.frame)
    assert gathered.rows is not None
    assert whole.rows is not None
    assert gathered.rows.tolist() == whole.rows.tolist()
    for name in ("variables", "groups", "notes", "source", "headers", "issues", "account"):
        assert getattr(stored, name) == getattr(whole, name), name
    assert stored.fingerprint() == whole.fingerprint()
    own, other = stored.grid(), whole.grid()
    assert own.cities == other.cities
    assert own.years.tolist() == other.years.tolist()
    for name, values in other.values.items():
        np.testing.assert_array_equal(own.values[name], values)
    for name, labels in whole.slices().items():
        assert stored.slices()[name].tolist() == labels.tolist()


@pytest.mark.usefixtures("small_blocks")
def test_faults_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean: pd.DataFrame
) -> None:
    faulty(clean).to_parquet(tmp_path / "panel.parquet", row_group_size=60)
    city = clean["city"].iloc[0]
    corrections = {
        f"{OUTCOME}/{city}/2003": 5.0,
        f"{OUTCOME}/*/2005-2006": "*0.5",
        "patents_granted/*/*": "drop zeros",
        "loans/x/*": "drop",
    }
    data = Data(groups=("region", "size_class"), corrections=corrections)
    whole, stored = both_ways(monkeypatch, tmp_path / "panel.parquet", data)
    assert {issue.kind for issue in stored.issues} == {
        *("unreadable", "duplicate", "unit", "outcome")
    }
    assert_same(whole, stored)
    assert whole.truncate(2004).fingerprint() == stored.truncate(2004).fingerprint()


@pytest.mark.usefixtures("small_blocks")
def test_parts_of_nations_with_cities_of_one_name_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean: pd.DataFrame
) -> None:
    names = clean["city"].unique()
    frame = clean.assign(country=clean["region"], city=clean["city"].str[:3])
    frame.loc[clean["city"].isin(names[:3]), "country"] = "Tiny"
    frame.loc[clean["city"] == names[5], "country"] = ""
    for place, part in frame.groupby(np.arange(len(frame)) % 3):
        folder = tmp_path / f"panel/third={place}"
        folder.mkdir(parents=True)
        part.to_parquet(folder / "part.parquet", row_group_size=40)
    data = Data(nation="country", nation_min_cities=5)
    whole, stored = both_ways(monkeypatch, tmp_path / "panel", data)
    assert {one.why for one in stored.account.aside} >= {"no_nation", "small_nation"}
    assert any("carry their" in note for note in stored.notes)
    assert_same(whole, stored)


@pytest.mark.usefixtures("small_blocks")
def test_rows_that_duckdb_sorts_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean: pd.DataFrame
) -> None:
    pytest.importorskip("duckdb")
    frame = faulty(clean)
    folder = tmp_path / "panel"
    folder.mkdir()
    frame[:200].to_parquet(folder / "a.parquet", row_group_size=60)
    frame[200:].to_parquet(folder / "b.parquet", row_group_size=60)
    monkeypatch.setattr(sorting, "free_memory", lambda: 0)
    asked = []
    sort = sorting.sorted_blocks
    monkeypatch.setattr(sorting, "sorted_blocks", lambda *own: asked.append(1) or sort(*own))
    assert_same(*both_ways(monkeypatch, folder, Data(groups=("region",))))
    assert asked
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(InputError, match=r"install city-resilience\[scale\]"):
        read.read_panel(folder, outcome=OUTCOME)


@pytest.mark.usefixtures("small_blocks")
def test_a_city_without_a_value_left_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean: pd.DataFrame
) -> None:
    clean.to_parquet(tmp_path / "panel.parquet")
    city = clean["city"].iloc[0]
    names = read.read_panel(tmp_path / "panel.parquet").variables
    data = Data(corrections={f"{name}/{city}/*": "drop" for name in names})
    whole, stored = both_ways(monkeypatch, tmp_path / "panel.parquet", data)
    assert city not in stored.cities
    assert_same(whole, stored)


@pytest.mark.usefixtures("small_blocks")
def test_errors_name_file_and_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean: pd.DataFrame
) -> None:
    frame = clean.assign(country="A")
    frame.loc[[30, 31], "country"] = "B"
    frame.to_parquet(tmp_path / "panel.parquet")
    monkeypatch.setattr(read, "MOST_ROWS", 0)
    with pytest.raises(InputError, match=r"panel\.parquet: row 32, column 'country'.* row 26"):
        read.read_panel(tmp_path / "panel.parquet", Data(nation="country"), outcome=OUTCOME)


@pytest.mark.usefixtures("small_blocks")
def test_the_files_of_a_panel_go_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean: pd.DataFrame
) -> None:
    clean.to_parquet(tmp_path / "panel.parquet")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(read, "MOST_ROWS", 0)
    panel = read.read_panel(tmp_path / "panel.parquet", outcome=OUTCOME)
    values = panel.grid().values[OUTCOME]
    assert isinstance(values, np.memmap)
    assert len([*tmp_path.iterdir()]) == 2
    del panel, values
    assert [path.name for path in tmp_path.iterdir()] == ["panel.parquet"]
    with pytest.raises(InputError, match="no column holds the outcome"):
        read.read_panel(tmp_path / "panel.parquet", outcome="nothing")
    gc.collect()  # the error and the frames of its traceback hold each other
    assert [path.name for path in tmp_path.iterdir()] == ["panel.parquet"]


def told(audit: AuditResult) -> list[object]:
    return [(issue.id, issue.reason, issue.place, issue.cities) for issue in audit.issues]


@pytest.fixture
def odd(clean: pd.DataFrame) -> pd.DataFrame:
    """A panel with a cell to mask, a variable that stops, and holes."""
    frame = clean.copy()
    frame.loc[(frame["city"] == frame["city"][0]) & (frame["year"] == 2008), STAFF] *= 10_000
    frame.loc[frame["year"] > 2009, SECONDARY] = np.nan
    frame.loc[100:104, GDP] = np.nan
    return frame


def test_the_audit_of_one_batch_is_that_of_one_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: pd.DataFrame
) -> None:
    odd.to_parquet(tmp_path / "panel.parquet")
    whole, stored = both_ways(monkeypatch, tmp_path / "panel.parquet")
    one, other = (audit_panel(panel, outcome=OUTCOME) for panel in (whole, stored))
    assert told(one) == told(other)
    assert one.level_breaks == other.level_breaks
    masked, also = (mask_panel(own.panel, own.masked) for own in (one, other))
    assert masked.masked
    assert masked.masked == also.masked
    assert masked.fingerprint() == also.fingerprint() != whole.fingerprint()
    assert stored.fingerprint() == whole.fingerprint()


@pytest.mark.usefixtures("small_blocks")
def test_batches_say_once_what_several_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: pd.DataFrame
) -> None:
    frame = odd.copy()
    frame.loc[frame["year"] >= 2006, "Students in higher education (10k persons)"] *= 100
    frame.to_parquet(tmp_path / "panel.parquet")
    whole, stored = both_ways(monkeypatch, tmp_path / "panel.parquet")
    one, other = (audit_panel(panel, outcome=OUTCOME) for panel in (whole, stored))
    ids = [issue.id for issue in other.issues]
    assert len(ids) == len(set(ids))
    gaps = [
        {i.id: i.reason for i in own.issues if i.kind in ("dead", "hole", "coverage")}
        for own in (one, other)
    ]
    assert gaps[0] == gaps[1]
    shown = [i for i in other.issues if i.variable == "college_students" and not i.city]
    assert any("of 6 batches of cities" in issue.reason for issue in shown)


def test_the_least_surprising_of_many_warnings_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean: pd.DataFrame
) -> None:
    frame, names = clean.copy(), clean["city"].unique()
    for name in names[:4]:
        frame.loc[(frame["city"] == name) & (frame["year"] >= 2006), GDP] *= 3
    frame.to_parquet(tmp_path / "panel.parquet")
    _, stored = both_ways(monkeypatch, tmp_path / "panel.parquet")
    every = [i for i in audit_panel(stored, outcome=OUTCOME).issues if i.kind == "jump"]
    assert len(every) >= 4
    monkeypatch.setattr(batches, "MOST_LISTED", 1)
    first, rest = [i for i in audit_panel(stored, outcome=OUTCOME).issues if i.kind == "jump"]
    assert first == every[0]
    assert rest.reason.startswith(f"{len(every) - 1} more such city-years")


@pytest.mark.usefixtures("small_blocks")
def test_check_and_measure_never_gather_the_panel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: pd.DataFrame
) -> None:
    path = tmp_path / "panel.parquet"
    odd.to_parquet(path)
    windows = {"measures": ("resistance",), "windows": ("2004:2006",)}
    before = measure(path, **windows).frame
    monkeypatch.setattr(read, "MOST_ROWS", 0)
    monkeypatch.delattr(StoredPanel, "__getattr__")
    audit = check(path, outcome=OUTCOME, out=tmp_path / "audit.json")
    assert audit.as_dict()["cities"] == 40
    pd.testing.assert_frame_equal(measure(path, **windows).frame, before)
