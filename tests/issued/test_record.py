"""What was issued stays as it was: superseded, never changed, and refused by name where it is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from city_resilience.errors import InputError
from city_resilience.issued.adding import add_issue
from city_resilience.issued.record import (
    ABOUT,
    INDEX,
    ROW_COLUMNS,
    TABLE,
    newest,
    read_issues,
)
from issued_inputs import add_made_up, made_up_draft, made_up_rows, parquet_of, sums_of


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """A record of three forecasts and one nowcast of two origins."""
    place = tmp_path / "issued"
    add_made_up(place, origin=2021)
    add_made_up(place, origin=2022)
    add_made_up(place, origin=2022, seed=1)
    add_made_up(place, origin=2022, information="nowcast")
    return place


def test_what_is_read_is_what_was_issued(record: Path) -> None:
    issues = read_issues(record)
    assert [one.id for one in issues.issued] == [
        "2021-forecast-1",
        "2022-forecast-2",
        "2022-forecast-3",
        "2022-nowcast-4",
    ]
    rows = issues.rows(issues.issued[2])
    assert rows.equals(made_up_rows(2022, seed=1))
    assert issues.table["issue"].nunique() == 4
    assert [name for name in ROW_COLUMNS if name not in issues.table] == []


def test_a_second_issue_supersedes_the_first_and_both_stay(record: Path) -> None:
    before = sums_of(record)
    issues = read_issues(record)
    assert [one.supersedes for one in issues.issued] == ["", "", "2022-forecast-2", ""]
    assert [one.id for one in issues.standing] == [
        "2021-forecast-1",
        "2022-forecast-3",
        "2022-nowcast-4",
    ]
    assert issues.newest("forecast", 2022).id == "2022-forecast-3"
    assert newest(record).id == "2022-nowcast-4"
    again = add_made_up(record, origin=2021)
    assert again.supersedes == "2021-forecast-1"
    assert before.items() <= sums_of(record).items()


def test_nothing_reconstructed_takes_the_place_of_what_was_live(record: Path) -> None:
    later = add_made_up(record, origin=2022, status="reconstructed")
    assert later.supersedes == ""
    standing = [one.id for one in read_issues(record).standing if one.origin == 2022]
    assert standing == ["2022-forecast-3", "2022-nowcast-4", later.id]


def test_files_may_be_read_alone(record: Path) -> None:
    modes = {path.stat().st_mode & 0o777 for path in record.rglob("2*/*") if path.is_file()}
    assert modes == {0o444}


def _replaced(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


def _changed_table(model: Path) -> str:
    _replaced(model / "2022-forecast-2" / TABLE, parquet_of(made_up_rows(2022, seed=9)))
    return "2022-forecast-2/forecast.parquet: was changed after it was issued"


def _changed_words(model: Path) -> str:
    path = model / "2022-forecast-2" / ABOUT
    _replaced(path, path.read_bytes().replace(b"live", b"dead"))
    return "2022-forecast-2/issue.json: was changed after it was issued"


def _gone(model: Path) -> str:
    shutil.rmtree(model / "2022-nowcast-4")
    return "2022-nowcast-4: was issued and is gone"


def _table_gone(model: Path) -> str:
    (model / "2021-forecast-1" / TABLE).unlink()
    return "2021-forecast-1/forecast.parquet: was issued and is gone"


def _put_in_between(model: Path) -> str:
    shutil.copytree(model / "2022-forecast-3", model / "2020-forecast-3")
    return "2020-forecast-3: is none of what was issued there"


def _file_beside(model: Path) -> str:
    (model / "2022-forecast-3" / "more.parquet").write_bytes(b"")
    return "more.parquet: was not issued with 2022-forecast-3"


def _no_index_and_a_changed_past(model: Path) -> str:
    """Without the index each issue still knows the one before it."""
    (model / INDEX).unlink()
    path = model / "2021-forecast-1" / ABOUT
    _replaced(path, path.read_bytes().replace(b"live", b"reconstructed"))
    return "what was issued before 2022-forecast-2 is changed or gone"


def _no_index_and_gone(model: Path) -> str:
    (model / INDEX).unlink()
    shutil.rmtree(model / "2022-forecast-3")
    return "what was issued before 2022-nowcast-4 is changed or gone"


def _renamed(model: Path) -> str:
    (model / INDEX).unlink()
    (model / "2022-nowcast-4").rename(model / "2022-forecast-4")
    return "is '2022-nowcast-4' of 'demo', not what its folder says"


def _index_of_something_else(model: Path) -> str:
    _replaced(model / INDEX, b'{"issues": ["2022-nowcast-4"]}')
    return "index.json: no index of issued forecasts"


def _index_no_json(model: Path) -> str:
    _replaced(model / INDEX, b"{")
    return "index.json: not valid JSON"


def _table_of_something_else(model: Path) -> str:
    """A file that was listed as it is, and is none of this program's."""
    return _relisted(model, TABLE, b"PAR1 no table PAR1", "not a readable Parquet file")


def _table_without_forecasts(model: Path) -> str:
    table = parquet_of(made_up_rows().drop(columns="forecast"))
    return _relisted(model, TABLE, table, "has no column 'forecast'")


def _table_of_words(model: Path) -> str:
    table = parquet_of(made_up_rows().astype({"forecast": str}).assign(forecast="high"))
    return _relisted(model, TABLE, table, "has values of another type")


def _words_of_nothing(model: Path) -> str:
    return _relisted(model, ABOUT, b'{"id": "2022-nowcast-4"}', "field required")


def _relisted(model: Path, name: str, data: bytes, said: str) -> str:
    """Change the newest issue and every sum that tells of it."""
    import hashlib

    folder = model / "2022-nowcast-4"
    _replaced(folder / name, data)
    if name != ABOUT:
        about = json.loads((folder / ABOUT).read_bytes())
        about["files"][name] = hashlib.sha256(data).hexdigest()
        _replaced(folder / ABOUT, json.dumps(about).encode())
    index = json.loads((model / INDEX).read_bytes())
    index["issues"][folder.name] = hashlib.sha256((folder / ABOUT).read_bytes()).hexdigest()
    _replaced(model / INDEX, json.dumps(index).encode())
    return said


CHANGES: dict[str, Callable[[Path], str]] = {
    change.__name__.strip("_"): change
    for change in (
        _changed_table,
        _changed_words,
        _gone,
        _table_gone,
        _put_in_between,
        _file_beside,
        _no_index_and_a_changed_past,
        _no_index_and_gone,
        _renamed,
        _index_of_something_else,
        _index_no_json,
        _table_of_something_else,
        _table_without_forecasts,
        _table_of_words,
        _words_of_nothing,
    )
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_a_changed_record_is_refused_by_name(record: Path, change: Callable[[Path], str]) -> None:
    said = change(record / "demo")
    with pytest.raises(InputError) as refused:
        _ = read_issues(record).table
    assert said in str(refused.value)


def test_nothing_is_added_to_a_changed_record(record: Path) -> None:
    _changed_table(record / "demo")
    before = sums_of(record)
    with pytest.raises(InputError, match="was changed after it was issued"):
        add_made_up(record)
    assert sums_of(record) == before


def test_index_is_written_anew_by_the_next_issue(record: Path) -> None:
    path = record / "demo" / INDEX
    listed = json.loads(path.read_bytes())["issues"]
    path.unlink()
    added = add_made_up(record, origin=2023)
    assert json.loads(path.read_bytes())["issues"].items() >= listed.items()
    assert added.id == "2023-forecast-5"
    assert len(read_issues(record).issued) == 5


def _issue_in_turn(record: Path, seed: int) -> str:
    return add_made_up(record, seed=seed).id


def test_eight_that_issue_at_once_all_stay_and_form_one_row(tmp_path: Path) -> None:
    with ProcessPoolExecutor(8) as pool:
        ids = list(pool.map(_issue_in_turn, [tmp_path] * 16, range(16)))
    assert sorted(ids) == sorted({f"2022-forecast-{k}" for k in range(1, 17)})
    issues = read_issues(tmp_path)
    assert [one.supersedes for one in issues.issued] == ["", *(o.id for o in issues.issued[:-1])]
    for id, seed in zip(ids, range(16), strict=True):
        own = next(one for one in issues.issued if one.id == id)
        assert issues.rows(own).equals(made_up_rows(2022, seed))
    assert len(issues.standing) == 1


def test_an_issue_never_takes_the_place_of_another(
    record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no lock holds two apart, the later one of the same name fails and nothing changes."""
    from city_resilience.issued import adding

    before = sums_of(record)
    known = read_issues(record).issued
    monkeypatch.setattr(adding, "read_index", lambda folder: known[:3])
    with pytest.raises(InputError, match="the forecast was not issued"):
        add_made_up(record, origin=2022, information="nowcast")
    assert sums_of(record) == before


def test_a_record_that_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("")
    with pytest.raises(InputError, match=r"cannot be written to .*--record"):
        add_made_up(tmp_path)
    with pytest.raises(InputError, match="cannot have a folder"):
        add_issue(tmp_path, made_up_draft(model="../demo"), {})


def test_models_are_kept_apart(record: Path, tmp_path: Path) -> None:
    add_made_up(record, model="other")
    with pytest.raises(InputError, match="has demo, other; name one"):
        read_issues(record)
    with pytest.raises(InputError, match="nearest: 'other'"):
        read_issues(record, "othr")
    with pytest.raises(InputError, match="nothing has been issued there"):
        read_issues(tmp_path / "none")
    assert newest(tmp_path / "none") is None
    assert [one.id for one in read_issues(record, "other").issued] == ["2022-forecast-1"]
