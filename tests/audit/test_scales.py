"""The audit asks what scale an outcome has, and only where it looks like no level."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from audit_inputs import CITIES, YEARS, panel_of, smooth
from city_resilience.audit.audit import audit_panel
from city_resilience.audit.read_audited import read_audited
from city_resilience.experiment.load import experiment_from, load_experiment
from city_resilience.experiment.outcome import Outcome
from city_resilience.reading.issues import Issue
from city_resilience.reading.read import read_panel
from places import CITIES as CHINA
from places import PROVINCES, ROOT, SHARED


def doubts(values: dict[str, np.ndarray], outcome: str) -> list[Issue]:
    panel = panel_of(values)
    audited = audit_panel(panel, outcome=outcome)
    return [issue for issue in audited.issues if issue.kind == "scale"]


def small(header: str, values: np.ndarray, **outcome: object) -> list[Issue]:
    rows = [(f"c{i}", 2000 + t, v) for i, own in enumerate(values) for t, v in enumerate(own)]
    frame = pd.DataFrame(rows, columns=["city", "year", header])
    settings = Outcome(column=header, **outcome)  # type: ignore[arg-type]
    panel = read_panel(frame, outcome=settings)
    audited = audit_panel(panel, outcome=settings.variable)
    return [issue for issue in audited.issues if issue.kind == "scale"]


@pytest.mark.parametrize("name", ["demo", "us_states"])
def test_shipped_panels_are_not_asked(name):
    folder = ROOT / "experiments" / name
    audit = read_audited(
        folder / "panel.csv", load_experiment(folder / "experiment.toml"), purpose="check"
    ).audit
    assert not [issue for issue in audit.issues if issue.kind == "scale"]


@pytest.mark.real_data(CHINA, PROVINCES)
@pytest.mark.parametrize(
    ("name", "data"),
    [("china_prefecture", CHINA), ("china_shocks", CHINA), ("china_provinces", PROVINCES)],
)
def test_real_panels_are_not_asked(name, data):
    chosen = load_experiment(ROOT / "experiments" / name / "experiment.toml")
    audit = read_audited(SHARED / data, chosen, purpose="check").audit
    assert not [issue for issue in audit.issues if issue.kind == "scale"]


@pytest.mark.parametrize("name", ["lnGDP", "ln_gdp", "log output", "产出对数", "y"])
def test_logarithms_are_doubted_by_name_and_by_size(name):
    (issue,) = small(name, np.log(100 * smooth()))
    assert issue.level == "warning"
    assert 'scale = "log"' in issue.reason
    assert 'scale = "level"' in issue.reason


@pytest.mark.parametrize(
    ("header", "unit", "scale"),
    [
        ("Output per head", "", "per_head"),
        ("gdp_pc", "", "per_head"),
        ("人均产出", "", "per_head"),
        ("Output", "euro per person", "per_head"),
        ("Jobless rate", "", "rate"),
        ("失业率", "", "rate"),
        ("Idle", "%", "rate"),
        ("Price index", "", "index"),
        ("Output", "index", "index"),
        ("Output", "log", "log"),
    ],
)
def test_names_and_units_say_the_scale(header, unit, scale):
    (issue,) = small(header, smooth(), unit=unit)
    assert f'scale = "{scale}"' in issue.reason


@pytest.mark.parametrize(
    "header",
    ["Gross value added", "Corporate output", "State output", "Blogs", "Biological output"],
)
def test_words_inside_others_are_no_sign(header):
    assert small(header, smooth()) == []


@pytest.mark.parametrize("scale", ["level", "log", "index"])
def test_a_stated_scale_is_not_doubted(scale):
    assert small("lnGDP", np.log(smooth()), scale=scale) == []


def test_shares_are_doubted_by_size():
    rng = np.random.default_rng(1)
    share = 0.4 + 0.1 * rng.random((CITIES, 1)) + rng.normal(0, 0.01, (CITIES, YEARS))
    (issue,) = small("part", share)
    assert 'scale = "rate"' in issue.reason


@pytest.mark.parametrize("places", [3, CITIES])
def test_an_amount_per_head_does_not_go_with_population(places):
    rng = np.random.default_rng(2)
    people = smooth(3)[:places]
    output = 20 * np.exp(rng.normal(0, 0.3, (places, 1)) + 0.05 * np.arange(YEARS))
    (issue,) = doubts({"income": output, "population": people}, "income")
    assert 'scale = "per_head" and weight' in issue.reason
    assert doubts({"income": output * people, "population": people}, "income") == []


def test_a_row_of_a_province_that_is_no_sum_is_doubted():
    rng = np.random.default_rng(4)
    value = 30 * np.exp(rng.normal(0, 0.4, (6, 8)))
    text = ["city,year,province,thing"]
    for t in range(8):
        text += [f"c{i},{2000 + t},{'North' if i < 3 else 'South'},{value[i, t]}" for i in range(6)]
        text += [f"North,{2000 + t},North,{value[:3, t].mean()}"]
    settings = Outcome(column="thing")
    panel = read_panel(pd.read_csv(io.StringIO("\n".join(text))), outcome=settings)
    issues = audit_panel(panel, outcome="thing").issues
    assert ["is not their sum" in issue.reason for issue in issues if issue.kind == "scale"] == [
        True
    ]


def test_the_line_that_settles_a_doubt_does():
    values = {"name": "x", "evaluation": {"first_origin": 2010}, "outcome": {"column": "lnGDP"}}
    rows = [
        (f"c{i}", 2005 + t, v) for i, own in enumerate(np.log(smooth())) for t, v in enumerate(own)
    ]
    frame = pd.DataFrame(rows, columns=["city", "year", "lnGDP"])
    for settings in ({"outcome": {"column": "lnGDP", "scale": "log"}}, {"audit": {"accept": {}}}):
        chosen = experiment_from(values | settings, "test")
        audit = read_audited(frame, chosen, purpose="check").audit
        found = [issue for issue in audit.open_issues if issue.kind == "scale"]
        assert len(found) == ("audit" in settings)
    kept = {"audit": {"accept": {found[0].id: "it is what it is"}}}
    audit = read_audited(frame, experiment_from(values | kept, "test"), purpose="check").audit
    assert [issue for issue in audit.open_issues if issue.kind == "scale"] == []
