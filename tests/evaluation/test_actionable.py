"""What an experiment marks as actionable is checked before anything is fitted."""

from __future__ import annotations

import pytest

from city_resilience.errors import InputError
from city_resilience.evaluation.checks import check_actionable, check_experiment
from forecasting_inputs import experiment, facts_of, small_panel


@pytest.mark.parametrize(
    ("id", "message"),
    [
        ("student_per_10k", "no indicator 'student_per_10k'; nearest: 'students_per_10k'"),
        ("gap_lag1", "'gap_lag1' is the outcome's own past"),
        ("digital_index", "no indicator 'digital_index'"),
    ],
)
def test_what_is_no_indicator_or_the_past_is_refused(id, message):
    chosen = experiment(actionable={id: {}})
    with pytest.raises(InputError, match=message):
        check_experiment(facts_of(small_panel(), chosen), chosen)


def test_an_indicator_that_this_panel_lacks_and_an_own_column_may_be_marked():
    lamps = {"columns": {"Lamps": {"family": "digital", "id": "lamp_posts"}}}
    check_actionable(
        experiment(data=lamps, actionable={"lamp_posts": {}, "data_centre_racks_per_10k": {}})
    )
