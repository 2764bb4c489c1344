"""The audit as a whole: order, acceptance, refusal, JSON, and that the order of rows is nothing."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from audit_inputs import CITIES, FIRST, YEARS, panel_of, smooth
from city_resilience.audit import audit
from city_resilience.audit.audit import AUDIT_LEVELS, audit_panel
from city_resilience.audit.batches import positions_of
from city_resilience.audit.read_audited import read_audited
from city_resilience.errors import InputError
from city_resilience.experiment.data import Audit
from city_resilience.experiment.load import experiment_from
from city_resilience.reading.issues import Issue, accepted_by

SPIKE = f"spike/loans/City 007/{FIRST + 5}"


def spoilt(cells=((7, 5),)):
    values = {"loans": smooth(), "gdp_real": smooth(1)}
    for cell in cells:
        values["loans"][cell] *= 1000
    values["gdp_real"][3, 8:] *= 0.75
    return panel_of(values)


def experiment(**audit):
    values = {"name": "demo", "evaluation": {"first_origin": 2010}, "audit": audit}
    return experiment_from(values, "here")


def test_findings_are_sorted_and_single():
    audited = audit_panel(spoilt([(20, 4), (7, 5), (7, 9)]), outcome="gdp_real")
    ranks = [AUDIT_LEVELS.index(finding.level) for finding in audited.issues]
    assert ranks == sorted(ranks)
    assert [(e.city, e.years[0]) for e in audited.errors] == [
        ("City 007", FIRST + 5),
        ("City 007", FIRST + 9),
        ("City 020", FIRST + 4),
    ]
    ids = [finding.id for finding in audited.issues]
    assert len(set(ids)) == len(ids)


def test_accepted_errors_are_kept_and_counted_apart():
    audited = audit_panel(spoilt(), settings=Audit(accept={"spike/loans/*/*": "a bank moved"}))
    assert audited.accepted == {SPIKE: "a bank moved"}
    assert audited.errors == ()
    assert audited.counts["error"] == 0
    assert audited.counts["accepted"] == 1
    assert [(i.kind, i.level) for i in audited.issues].count(("spike", "error")) == 1
    chosen = experiment(accept={"spike/loans/*/*": "a bank moved"})
    assert read_audited(spoilt(), chosen, purpose="train").audit.accepted == audited.accepted


def test_refusal_names_cell_reason_and_lines():
    with pytest.raises(InputError) as caught:
        read_audited(spoilt(), experiment(), purpose="train")
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(
        "panel.csv: the audit found 1 error that experiment 'demo' neither corrects nor accepts: "
        f"spike loans City 007 {FIRST + 5} (row {7 * YEARS + 7}, column 'loans header'): "
    )
    assert (
        f'set "loans/City 007/{FIRST + 5}" = "*0.001" in [data.corrections] or '
        f'"{SPIKE}" = "why it is right" in [audit.accept]'
    ) in message
    assert message.endswith("see all with city-resilience check panel.csv --out audit.html")


def test_a_panel_is_scanned_once(monkeypatch):
    scans = []
    found = audit.find_masked
    monkeypatch.setattr(audit, "find_masked", lambda *args: scans.append(args) or found(*args))
    assert read_audited(spoilt(), experiment(), purpose="predict").panel.masked
    assert len(scans) == 1


def test_refusal_of_many_names_three_and_counts_the_rest():
    cells = [(city, 6) for city in range(0, 35, 7)]
    with pytest.raises(InputError) as caught:
        read_audited(spoilt(cells), experiment(), purpose="train")
    message = str(caught.value)
    assert "found 5 errors" in message
    assert "; and 2 more; see all" in message
    assert message.count("[audit.accept]") == 3


def test_faults_of_the_reader_are_findings_too():
    found = Issue(
        "error",
        "unreadable",
        "'5,97' is no number",
        variable="loans",
        city="City 001",
        years=(FIRST,),
    )
    audited = audit_panel(replace(spoilt(()), issues=(found,)))
    (error,) = audited.errors
    assert (error.id, error.acceptance) == (found.id, found.acceptance)
    assert [i.level for i in audited.issues if i.kind == "unreadable"] == ["error"]


def test_plain_mapping_is_strict_json_with_the_promised_keys():
    plain = audit_panel(spoilt(), outcome="gdp_real").as_dict()
    again = json.loads(json.dumps(plain, allow_nan=False))
    assert again == plain
    assert list(plain) == [
        *(
            "source",
            "cities",
            "years",
            "outcome",
            "noun",
            "variables",
            "issues",
            "unmasked",
            "refusal",
            "accepted",
            "coverage",
            "account",
        )
    ]
    assert plain["cities"] == CITIES
    assert plain["years"] == [FIRST, FIRST + YEARS - 1]
    assert plain["variables"]["loans"] == {
        "label_en": "Loans of financial institutions, year-end",
        "label_zh": "年末金融机构贷款余额",
        "unit": "100m yuan",
        "family": "control",
    }
    assert plain["issues"][0]["id"] == SPIKE


def test_coverage_is_the_share_of_cities():
    panel = spoilt()
    loans = panel.frame["loans"].mask((panel.frame["year"] == FIRST) & (panel.frame.index < 240))
    audited = audit_panel(replace(panel, frame=panel.frame.assign(loans=loans)))
    rows = audited.as_dict()["coverage"]
    table = {(row["variable"], row["year"]): row["share"] for row in rows}
    assert table["loans", FIRST] == pytest.approx(0.5)
    assert table["loans", FIRST + 1] == 1.0
    assert len(table) == 2 * YEARS


def test_order_of_rows_and_of_the_file_changes_nothing():
    panel = spoilt([(20, 4), (7, 5)])
    order = np.random.default_rng(0).permutation(len(panel.frame))
    shuffled = replace(
        panel, frame=panel.frame.iloc[order].reset_index(drop=True), rows=panel.rows[order]
    )
    assert audit_panel(shuffled).as_dict() == audit_panel(panel).as_dict()


def test_the_panel_is_left_as_it_is():
    panel = spoilt()
    before = panel.frame.copy(deep=True)
    audit_panel(panel, outcome="gdp_real")
    pd.testing.assert_frame_equal(panel.frame, before)


def test_no_variable_and_tiny_panels_are_audited():
    audited = audit_panel(panel_of({"loans": np.ones((1, 1))}))
    assert audited.errors == ()
    empty = replace(panel_of({"loans": np.ones((2, 2))}), variables={})
    assert audit_panel(empty).issues == ()


@pytest.mark.parametrize(
    ("pattern", "accepted"),
    [
        (SPIKE, True),
        ("spike/*", True),
        (f"spike/loans/*/{FIRST + 4}-{FIRST + 6}", True),
        (f"spike/loans/*/{FIRST + 6}-{FIRST + 9}", False),
        ("jump/*", False),
        ("spike/loans/City 008/*", False),
    ],
)
def test_acceptance_by_pattern(pattern, accepted):
    """What the audit accepts, and what stays in the panel, are one."""
    (error,) = audit_panel(spoilt()).errors
    assert (accepted_by(error, {pattern: "checked"}) == "checked") is accepted
    masked = audit_panel(spoilt(), settings=Audit(accept={pattern: "checked"})).masked
    assert masked.cells["loans"].any() != accepted


def test_reasons_call_places_by_their_word_and_leave_names_alone():
    values = {"loans": smooth(), "gdp_real": smooth(1)}
    values["loans"][:, 8:] *= 10
    values["loans"][3, 5] = values["loans"][4, 5]
    found = audit_panel(panel_of(values, [f"Old city {k}" for k in range(CITIES)]))
    said = " ".join(issue.reason for issue in found.issues)
    called = found.called("county")
    told = " ".join(issue.reason for issue in called.issues)
    assert "cities" in said
    assert "cities" not in told
    assert "counties" in told
    assert called.noun == "county"
    assert told.count("Old city") == said.count("Old city")
    assert [own.id for own in called.issues] == [own.id for own in found.issues]


@pytest.mark.parametrize("cities", [slice(10, 20), np.array([3, 5])])
def test_positions_of_a_batch_keep_no_array_of_all_cities(cities) -> None:
    panel = SimpleNamespace(store=SimpleNamespace(shape=(1_000_000, 2)))
    found = positions_of(panel, cities)
    assert found.tolist() == np.arange(1_000_000)[cities].tolist()
    assert found.base is None
