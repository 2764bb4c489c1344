"""A bundle of every released format loads, and forecasts what it forecast when it was written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from city_resilience.commands.predict import predict
from city_resilience.errors import InputError
from city_resilience.explain.contributions import contributions
from city_resilience.models.bundle import load_bundle
from city_resilience.models.fitted import FITTED
from city_resilience.models.manifest import FORMAT_VERSION, read_manifest
from places import ROOT

FORMATS = {int(path.name.split("_")[1]): path for path in ROOT.glob("tests/golden/bundle_*")}
BUNDLES = sorted(path.parent for folder in FORMATS.values() for path in folder.glob("*/model"))
KEYS = ["city", "horizon"]
TOLERANCE = 1e-6


def test_the_format_that_is_written_has_golden_bundles():
    assert FORMAT_VERSION in FORMATS, "run scripts/golden_bundle.py"


def test_they_hold_all_that_a_bundle_may():
    for folder in FORMATS.values():
        manifests = [read_manifest(path) for path in sorted(folder.glob("*/model"))]
        horizons = [entry for manifest in manifests for entry in manifest.horizons.values()]
        kinds = {member.kind for entry in horizons for member in entry.members.values()}
        assert kinds == set(FITTED)
        assert all(entry.calibration for entry in horizons)
        assert any(entry.indices for entry in horizons)
        assert all(manifest.structural for manifest in manifests)
        assert any(manifest.composite for manifest in manifests)
    total = sum(p.stat().st_size for p in FORMATS[FORMAT_VERSION].rglob("*") if p.is_file())
    assert total < 200_000  # both views


@pytest.mark.parametrize("folder", BUNDLES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_forecasts_intervals_and_contributions_are_those_of_then(folder: Path):
    predicted = predict(folder.parent / "panel.csv", folder / "model", drivers=0)
    pd.testing.assert_frame_equal(
        predicted.table.drop(columns="flags"),  # in the words of the program, not of the model
        pd.read_csv(folder / "forecast.csv"),
        check_dtype=False,
        rtol=0,
        atol=TOLERANCE,
    )
    explained = contributions(predicted.forecaster, predicted.forecaster.rows(predicted.panel))
    now = explained.pivot_table(index=KEYS, columns="indicator", values="contribution")
    then = pd.read_csv(folder / "drivers.csv", index_col=KEYS)
    pd.testing.assert_frame_equal(
        now, then, check_dtype=False, check_names=False, rtol=0, atol=TOLERANCE
    )
    assert np.abs(then.drop(columns="(base)").to_numpy()).max() > 0.1


@pytest.mark.parametrize("version", range(1, min(FORMATS)))
def test_a_format_before_the_first_release_is_refused_by_name(version, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(BUNDLES[0] / "model", folder)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    (folder / "manifest.json").write_text(json.dumps(manifest | {"format_version": version}))
    with pytest.raises(InputError) as error:
        load_bundle(folder)
    assert str(error.value) == (
        f"{folder / 'manifest.json'}: format version {version} is of an older program, this one "
        f"reads {FORMAT_VERSION}; train the model again"
    )
