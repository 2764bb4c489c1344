"""The made-up map: the same every time, no two cities on one spot, provinces that hang together."""

from __future__ import annotations

import numpy as np
import pandas as pd

from city_resilience.made_up_map import LATITUDE, LONGITUDE, made_up_coordinates
from city_resilience.simulate import simulate_panel
from places import ROOT


def test_the_map_of_the_demo_is_what_the_generator_draws() -> None:
    folder = ROOT / "experiments" / "demo"
    kept = pd.read_csv(folder / "coordinates.csv")
    pd.testing.assert_frame_equal(made_up_coordinates(pd.read_csv(folder / "panel.csv")), kept)


def test_another_seed_draws_another_map_and_the_order_of_rows_changes_nothing() -> None:
    frame = simulate_panel(cities=40, years=6).frame
    first = made_up_coordinates(frame)
    pd.testing.assert_frame_equal(first, made_up_coordinates(frame.sample(frac=1, random_state=1)))
    assert not first["longitude"].equals(made_up_coordinates(frame, seed=1)["longitude"])


def test_cities_keep_apart_and_most_have_their_nearest_in_their_own_province() -> None:
    frame = simulate_panel(cities=200, years=6).frame
    placed = made_up_coordinates(frame)
    province = placed["city"].map(frame.drop_duplicates("city").set_index("city")["province"])
    points = placed[["longitude", "latitude"]].to_numpy()
    apart = np.linalg.norm(points[:, None] - points[None], axis=-1)
    np.fill_diagonal(apart, np.inf)
    assert apart.min() > 0.2
    same = province.to_numpy() == province.to_numpy()[apart.argmin(axis=1)]
    assert same.mean() > 0.6
    assert placed["longitude"].between(*LONGITUDE).all()
    assert placed["latitude"].between(*LATITUDE).all()
