"""Size classes: thresholds of the standard, and the population that a panel offers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from city_resilience.catalogue.gazetteer.groups import size_bases, size_class
from city_resilience.errors import InputError
from city_resilience.reading.size import size_labels
from city_resilience.tasks.dataset import Dataset, build_dataset
from forecasting_inputs import experiment, small_panel

CLASSES = ["II_small", "I_small", "medium", "II_large", "I_large", "very_large", "super"]
BOUNDS = [0.0, 20.0, 50.0, 100.0, 300.0, 500.0, 1000.0]


def test_lower_bounds_belong_to_their_class():
    labels, _ = size_class(np.array(BOUNDS), "population")
    assert labels.tolist() == CLASSES
    below, _ = size_class(np.nextafter(BOUNDS[1:], 0), "population")
    assert below.tolist() == CLASSES[:-1]


def test_unknown_population_has_no_class():
    labels, _ = size_class(np.array([np.nan, -1.0]), "population")
    assert labels.tolist() == ["", ""]


@pytest.mark.parametrize("basis", size_bases())
def test_the_note_names_the_population_and_what_it_does(basis):
    _, note = size_class(np.array([10.0]), basis)
    assert "人口" in note or "市辖区" in note
    assert ("standard's own" in note) == (basis == "urban_area_population")
    assert ("too large" in note or "misclassifies" in note) == (basis != "urban_area_population")


def test_an_unknown_basis_is_refused():
    with pytest.raises(InputError, match=r"no population 'populaton'.*nearest: 'population'"):
        size_class(np.array([10.0]), "populaton")


def _frame(**columns):
    keys = {"city": ["A", "A", "B", "B"], "year": [2010, 2011, 2010, 2011]}
    return pd.DataFrame(keys | columns)


def test_the_newest_known_year_of_each_city_counts():
    frame = _frame(population=[10.0, 60.0, 700.0, np.nan])
    labels, note = size_labels(frame, ["population"])
    assert labels.tolist() == ["medium", "medium", "very_large", "very_large"]
    assert "常住人口" in note
    assert note.endswith("newest year known of each city, 2010-2011")


@pytest.mark.parametrize(
    ("columns", "scope", "said"),
    [
        (("urban_area_population", "urban_population", "population"), "whole_city", "城区常住人口"),
        (("urban_population", "population"), "whole_city", "城镇人口"),
        (("population", "registered_population"), "whole_city", "常住人口"),
        (("registered_population",), "whole_city", "户籍人口"),
        (("population", "registered_population"), "districts", "resident population of the dist"),
        (("registered_population",), "districts", "registered population of the districts"),
    ],
)
def test_the_best_population_on_offer_is_used(columns, scope, said):
    frame = _frame(**{name: [30.0] * 4 for name in columns})
    labels, note = size_labels(frame, columns, scope=scope)
    assert set(labels) == {"I_small"}
    assert said in note


def test_a_better_population_of_too_few_cities_is_not_mixed_in():
    frame = pd.concat([_frame(), _frame().assign(city=["C", "C", "D", "D"])], ignore_index=True)
    frame["population"] = 30.0
    frame["urban_population"] = np.where(frame["city"] == "A", 900.0, np.nan)
    labels, note = size_labels(frame, ["population", "urban_population"])
    assert set(labels) == {"I_small"}
    frame["population"] = np.where(frame["city"] == "D", np.nan, 30.0)
    labels, note = size_labels(frame, ["population", "urban_population"])
    assert labels.tolist() == ["I_small"] * 6 + [""] * 2
    assert note.endswith("; 1 cities have none")


def test_without_a_population_there_is_no_class():
    labels, note = size_labels(_frame(gdp_real=[1.0] * 4), ["gdp_real"])
    assert set(labels) == {""}
    assert note == "size: no population in this panel, so no city has a size class"


def test_a_size_is_a_slice_and_never_an_input():
    panel = small_panel()
    labels, _ = size_labels(panel.frame, panel.variables)
    assert set(labels) - {""}
    sized = replace(panel, frame=panel.frame.assign(size=labels), groups=(*panel.groups, "size"))
    plain, dataset = build_dataset(panel, experiment()), build_dataset(sized, experiment())
    assert "size" in dataset.groups
    assert _inputs(dataset) == _inputs(plain)


def _inputs(dataset: Dataset):
    return dataset.indicators.ids, dataset.indicators.values.tobytes(), dataset.outcome.tobytes()
