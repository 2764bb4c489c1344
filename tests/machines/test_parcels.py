"""Large arrays travel as files that are mapped, in the layout they have."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from city_resilience.machines import parcels
from city_resilience.machines.parcels import Parcel, packed
from city_resilience.mapped import mapped_file
from city_resilience.tasks.tall import KeptColumns


@pytest.fixture(autouse=True)
def every_array_is_large(monkeypatch):
    monkeypatch.setattr(parcels, "LARGE", 100)


def sent(own, folder):
    return pickle.loads(pickle.dumps(Parcel(packed(own, folder)))).own


CUBE = np.arange(4.0 * 5 * 6).reshape(4, 5, 6)


@pytest.mark.parametrize(
    "array",
    [
        CUBE,
        CUBE.T,
        CUBE.transpose(1, 2, 0),
        CUBE[1:3],
        CUBE[:, :, ::2],
        CUBE.astype("<U8"),
        CUBE > 3,
    ],
)
def test_values_and_layout_are_those_that_were_sent(array, tmp_path):
    found = sent({"own": array, "name": "x"}, tmp_path)
    np.testing.assert_array_equal(found["own"], array)
    assert found["own"].dtype == array.dtype
    order = sorted(range(array.ndim), key=lambda axis: -array.strides[axis])
    assert sorted(range(array.ndim), key=lambda axis: -found["own"].strides[axis]) == order
    assert not found["own"].flags.writeable
    assert len([*tmp_path.iterdir()]) == 1


def test_a_mapped_array_is_not_written_again(tmp_path):
    (tmp_path / "own").mkdir()
    path = tmp_path / "values"
    CUBE.tofile(path)
    whole = np.memmap(path, dtype=np.float64, mode="r", shape=CUBE.shape)
    for part, same in ((whole, CUBE), (np.asarray(whole)[1:], CUBE[1:]), (whole.T, CUBE.T)):
        np.testing.assert_array_equal(sent(part, tmp_path / "own"), same)
    assert mapped_file(whole[2:]) == (path, 2 * CUBE[0].nbytes)
    assert [*(tmp_path / "own").iterdir()] == []
    np.testing.assert_array_equal(sent(whole[:, 1:3], tmp_path / "own"), CUBE[:, 1:3])
    assert len([*(tmp_path / "own").iterdir()]) == 1
    packed(whole, tmp_path / "own", tmp_path / "own")
    assert len([*(tmp_path / "own").iterdir()]) == 2


def test_small_arrays_objects_and_arrays_in_memory_are_no_files(tmp_path):
    own = (np.arange(3), np.array(["a"] * 99, dtype=object))
    assert sent(own, tmp_path)[1].tolist() == own[1].tolist()
    assert [*tmp_path.iterdir()] == []
    assert mapped_file(CUBE) is None


def test_an_object_is_unpacked_once(tmp_path):
    parcel = Parcel(packed(CUBE, tmp_path))
    assert parcel.own is parcel.own


def test_columns_that_are_laid_out_travel_as_files_alone(tmp_path):
    kept = KeptColumns()
    kept.column("own", 6, lambda: CUBE[0])
    there, bare = sent(kept, tmp_path), pickle.loads(pickle.dumps(kept))
    np.testing.assert_array_equal(there.column("own", 4, None), CUBE[0][:, :4])
    assert len([*tmp_path.iterdir()]) == 1
    with pytest.raises(TypeError):
        bare.column("own", 4, None)
