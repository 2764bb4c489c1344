"""Boosters that all workers fit together: which fits go there, and what comes back."""

from __future__ import annotations

import numpy as np
import pytest

from city_resilience.machines.connecting import own_workers
from city_resilience.machines.fitting import fit_elsewhere, fit_on_workers, fitting_on
from city_resilience.workers import at_most

PARAMETERS = {"objective": "reg:squarederror", "tree_method": "hist", "max_depth": 3, "nthread": 1}


def test_only_fits_of_more_rows_go_to_the_workers():
    assert fit_elsewhere(10**9) is None
    with fitting_on(None, 400):
        assert fit_elsewhere(400) is None
        assert fit_elsewhere(401) is not None
    assert fit_elsewhere(401) is None


@pytest.mark.slow
def test_two_workers_find_the_trees_of_one_where_bins_are_the_same():
    xgboost = pytest.importorskip("xgboost")
    pytest.importorskip("distributed")
    rng = np.random.default_rng(1)
    features = rng.integers(0, 9, (401, 4)).astype(np.float32)
    labels = features[:, 0] - features[:, 1] * features[:, 2] / 4 + rng.normal(0, 0.1, 401)
    weights = rng.uniform(0.5, 1.5, 401)
    data = xgboost.QuantileDMatrix(features, labels, weight=weights)
    here = xgboost.train(PARAMETERS, data, num_boost_round=8).inplace_predict(features)
    with at_most(2), own_workers() as client:
        client.wait_for_workers(2)
        found = [fit_on_workers(client, features, labels, weights, PARAMETERS, 8) for _ in range(2)]
    assert found[0].save_raw() == found[1].save_raw()
    np.testing.assert_allclose(found[0].inplace_predict(features), here, atol=1e-3)
    assert np.ptp(here) > 5.0
