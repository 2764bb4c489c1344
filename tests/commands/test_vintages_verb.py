"""``backtest`` with earlier panels in files: read, audited, scored in real time, and said so."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from city_resilience.commands.main import run
from city_resilience.commands.source import load
from city_resilience.commands.vintages import dated_dataset
from city_resilience.planted import as_printed, print_errors
from city_resilience.report.report_page import render_report
from city_resilience.report.summary import summarise
from city_resilience.report.texts import Texts, measure_words
from city_resilience.report.vintages import vintage_part, vintage_sentence
from city_resilience.simulate import simulate_panel, with_headers
from pipeline_inputs import CITIES, EXPERIMENT, LAST, write_experiment
from report_inputs import make_inputs

ORIGINS = range(2009, LAST)
ICT = "Employment in information transmission, computer services and software (10k persons)"
DATED = "".join(f'{origin + 2}-03-01 = "{origin}.csv"\n' for origin in ORIGINS)
QUICK = '[model]\nmembers = ["persistence", "ridge"]\n'
TEXT = EXPERIMENT.replace(
    "[outcome]\n", f"[data.vintages]\n{DATED}\n[outcome]\npublication_delay_days = 90\n"
)
TEXT = re.sub(r"\[model\.parameters.*", QUICK, TEXT, flags=re.DOTALL)


LAMPS = """
[data.columns."lamp posts"]
family = "digital"
id = "lamps"

[data.units]
"lamp posts" = "sites"

[data.corrections]
"lamps/*/2005" = "drop"

[features]
publication_lag = { lamps = 1 }
"""
TEXT = TEXT.replace("\n[features]\ncarry_forward = 0\n", "")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vintages")
    frame = simulate_panel(CITIES, years=LAST - 1999, seed=5).frame
    errors = print_errors(frame, seed=3)
    for origin in ORIGINS:
        printed = with_headers(as_printed(frame, origin, "gdp_real", [2.0, 0.5], errors))
        if origin == 2010:
            printed.loc[40, ICT] *= 1e4  # masked by the audit of this panel alone
        printed.to_csv(folder / f"{origin}.csv", index=False)
    write_experiment(folder, with_headers(frame), TEXT)
    return folder


def test_a_backtest_reads_the_panels_of_its_days_and_says_so(written, capsys, monkeypatch):
    monkeypatch.chdir(written)
    assert run(["backtest", "experiment.toml", "--out", "real"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "Real time: all 3 scored origins read the panel that was out on the day" in told
    table = pd.read_csv("real/vintages.csv", dtype={"vintage": str})
    assert table["origin"].tolist() == [2010, 2011, 2012]
    assert table["vintage"].tolist() == ["2012-03-01", "2013-03-01", "2014-03-01"]
    assert table["day"].tolist() == ["2012-03-30", "2013-03-31", "2014-03-31"]
    assert table["real_time"].all()
    assert (table["errors"] == 0).all()
    source = load("experiment.toml")
    own = [panel.panel.fingerprint() for panel in source.earlier.values()]
    assert table["fingerprint"].tolist() == own[1:]
    assert (table["revised"] == 2 * CITIES).all()
    moved = table["label_revision"]
    assert moved.between(1.0, 2.5).all()
    assert f"was {moved.mean():.2f} pp off" in told
    assert not load("experiment.toml", overrides=["data.vintages={}"]).dataset.vintages


def test_a_later_day_of_the_forecast_reads_later_panels(written):
    soon, later = (
        load(written / "experiment.toml", as_of=day).dataset for day in ("2015-03-05", "2016-03-05")
    )
    for dataset, year in ((soon, 2012), (later, 2013)):
        assert dataset.day(2010).year == year
        vintage = dataset.vintage(2010)
        assert vintage is not None
        assert vintage.day.year == year
        assert dataset.at(2010).years[-1] == 2010


def test_each_panel_is_audited_by_itself(written):
    source = load(written / "experiment.toml")
    views = [source.dataset.at(origin) for origin in (2009, 2010, 2011)]
    place = views[0].ids.index("ict_employment_share")
    city, year = divmod(40, 2010 - 1999)
    shares = [view.indicators[city, year, place] for view in views]
    assert np.isfinite(shares).tolist() == [True, False, True]


def test_an_earlier_panel_need_not_have_every_declared_column(written, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(written, folder, ignore=shutil.ignore_patterns("real"))
    for name in ("panel", *ORIGINS[2:]):
        frame = pd.read_csv(folder / f"{name}.csv")
        frame.assign(**{"lamp posts": range(len(frame)), "zone": "a"}).to_csv(
            folder / f"{name}.csv", index=False
        )
    text = TEXT.replace("[data]\n", '[data]\ngroups = ["zone"]\n', 1) + LAMPS
    (folder / "experiment.toml").write_text(text, "utf-8")
    dataset = load(folder / "experiment.toml").dataset
    for origin, known in ((2010, False), (2011, True), (LAST, True)):
        view = dataset.at(origin)
        lamps = view.indicators[:, :, view.ids.index("lamps")]
        assert np.isfinite(lamps).any() == known
    shown = load(written / "experiment.toml").dataset.at(2010)
    np.testing.assert_array_equal(dataset.at(2010).outcome, shown.outcome)


def test_a_champion_is_refitted_on_the_panels_of_the_same_days(written):
    source = load(written / "experiment.toml")
    again = dated_dataset(source.panel, source.experiment, source.vintages)
    for origin in (2009, 2012, 2013):
        one, other = source.dataset.at(origin), again.at(origin)
        np.testing.assert_array_equal(one.outcome, other.outcome)
        np.testing.assert_array_equal(one.indicators, other.indicators)


def test_a_panel_that_is_missing_or_would_be_written_over_is_named(written, tmp_path, capsys):
    folder = tmp_path / "copy"
    shutil.copytree(written, folder, ignore=shutil.ignore_patterns("real", "2011.csv"))
    assert run(["backtest", str(folder / "experiment.toml")]) == 2
    assert "data.vintages: no panel of 2013-03-01 at" in capsys.readouterr().err
    text = (folder / "experiment.toml").read_text("utf-8").replace("2011.csv", "scores.csv")
    (folder / "experiment.toml").write_text(text, "utf-8")
    shutil.copyfile(written / "2011.csv", folder / "scores.csv")
    assert run(["backtest", str(folder / "experiment.toml"), "--out", str(folder)]) == 2
    assert "would overwrite" in capsys.readouterr().err


def rows(in_time: int, errors: int = 0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "origin": [2010, 2011, 2012],
            "real_time": [True] * in_time + [False] * (3 - in_time),
            "outcomes": 100,
            "revised": [10, 20, 30],
            "label_revision": [1.0, 1.5, 2.0],
            "vintage": ["2012-03-01", "2013-03-01", "2014-03-01"],
            "errors": errors,
        }
    )


@pytest.mark.parametrize(
    ("in_time", "en", "zh"),
    [(3, "all 3 scored origins", "3 个评分起点均"), (2, "2 of 3 scored", "3 个评分起点中有 2 个")],
)
def test_it_is_said_in_both_languages_how_far_a_backtest_is_in_real_time(in_time, en, zh):
    part = vintage_part(rows(in_time))
    assert part is not None
    told = vintage_sentence(part, Texts(measure_words("growth_gap")))
    assert f"Real time: {en}" in told["en"]
    assert "20 % were revised later" in told["en"]
    assert told["en"].endswith("1.50 pp off on average.")
    assert zh in told["zh"]
    assert told["zh"].endswith("平均偏差为 1.50 个百分点。")
    assert vintage_part(None) is None
    wrong = vintage_part(rows(in_time, errors=2))
    assert wrong is not None
    assert vintage_sentence(wrong, Texts(measure_words("growth_gap")))["en"].endswith("masked: 6.")


def test_the_page_speaks_of_the_panels_of_each_day_where_there_are_such():
    page = render_report(summarise(**make_inputs().all(vintages=rows(3))))
    assert 'id="real-time"' in page
    assert "each from the panel that was out on its day" in page
    assert "but with today" not in page
