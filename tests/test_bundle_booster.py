"""A booster file is read within its bounds before xgboost, which trusts it, sees it."""

from __future__ import annotations

import numpy as np
import pytest

from city_resilience.errors import InputError
from city_resilience.models.ubjson import check_booster, read_ubjson

COLUMNS = 4


@pytest.fixture(scope="module")
def ubjson() -> bytes:
    import xgboost

    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, COLUMNS))
    features[rng.random(features.shape) < 0.1] = np.nan
    labels = np.nan_to_num(features[:, 0] - features[:, 1])
    data = xgboost.DMatrix(features, label=labels)
    settings = {"objective": "reg:absoluteerror", "max_depth": 4, "subsample": 0.7}
    return bytes(xgboost.train(settings, data, 15).save_raw("ubj"))


def test_what_xgboost_writes_passes(ubjson: bytes) -> None:
    check_booster(ubjson, COLUMNS)
    model = read_ubjson(ubjson)["learner"]["gradient_booster"]["model"]
    assert len(model["trees"]) == 15


def test_wrong_number_of_columns(ubjson: bytes) -> None:
    with pytest.raises(InputError, match="not made for 3 columns"):
        check_booster(ubjson, 3)


def test_every_cut_is_refused(ubjson: bytes) -> None:
    for end in [*range(200), *range(200, len(ubjson), 97), len(ubjson) - 1]:
        with pytest.raises(InputError, match=r"booster\.ubj: not a booster"):
            check_booster(ubjson[:end], COLUMNS)


def test_bytes_after_the_end_are_refused(ubjson: bytes) -> None:
    with pytest.raises(InputError, match="1 bytes after the end"):
        check_booster(ubjson + b"}", COLUMNS)


def test_json_and_nesting_are_refused() -> None:
    for data in (b'{"learner": {}}', b"[" * 10_000, b"{i\x01a" * 10_000, b"[$l#l\x7f\xff\xff\xff"):
        with pytest.raises(InputError, match="not a booster"):
            check_booster(data, COLUMNS)


def overwrite(ubjson: bytes, name: str, node: int, value: int) -> bytes:
    """Put another int32 in place of one node's in the first tree."""
    head = len(name).to_bytes(8, "big") + name.encode() + b"[$l#L"
    at = ubjson.index(head) + len(head) + 8 + 4 * node
    return ubjson[:at] + value.to_bytes(4, "big", signed=True) + ubjson[at + 4 :]


@pytest.mark.parametrize(
    ("name", "node", "value"),
    [
        ("left_children", 0, 0),
        ("left_children", 0, 10_000),
        ("left_children", 0, -2),
        ("right_children", 1, 1),
        ("right_children", 0, 1),
        ("parents", 1, 2),
        ("split_indices", 0, COLUMNS),
        ("split_indices", 0, -1),
    ],
)
def test_node_numbers_that_leave_the_tree(ubjson: bytes, name: str, node: int, value: int) -> None:
    with pytest.raises(InputError, match="not trees over the columns"):
        check_booster(overwrite(ubjson, name, node, value), COLUMNS)


def test_random_damage_never_reaches_xgboost_unnoticed(ubjson: bytes) -> None:
    """Whatever still passes after one byte has changed must be harmless to load and predict."""
    import xgboost

    rng = np.random.default_rng(1)
    passed = 0
    for at, value in zip(rng.integers(0, len(ubjson), 400), rng.integers(0, 256, 400), strict=True):
        damaged = bytearray(ubjson)
        damaged[at] = value
        try:
            check_booster(bytes(damaged), COLUMNS)
            booster = xgboost.Booster()
            booster.load_model(damaged)
        except (InputError, ValueError):
            continue
        assert booster.inplace_predict(np.zeros((2, COLUMNS))).shape == (2,)
        passed += 1
    assert passed > 0
