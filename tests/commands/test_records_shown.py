"""What the screen shows of the record by period and of the worst year."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from city_resilience.commands.evaluation import show_summary
from city_resilience.report.summary import summarise
from report_inputs import make_inputs

EVALUATION = SimpleNamespace(
    backtest=SimpleNamespace(dropped=pd.DataFrame(columns=["indicator", "reason"]))
)


def shown(capsys: pytest.CaptureFixture[str], origins: range, recent: float | None) -> list[str]:
    inputs = make_inputs(cities=12, origins=origins, horizons=(1, 2))
    scores = inputs.scores
    late = [f"{origins[-4]}-{origins[-1]}", *map(str, origins[-4:])]
    own = (scores["horizon"] == 1) & (scores["model"] == "blend")
    if recent is not None:
        scores.loc[own & scores["level"].isin(late), "mae"] = recent
    show_summary(summarise(**inputs.all()), EVALUATION)
    return capsys.readouterr().out.splitlines()


def test_the_last_four_origins_stand_beside_those_before(capsys):
    lines = shown(capsys, range(2010, 2018), 9.0)
    start = next(k for k, line in enumerate(lines) if line.startswith("MAE of the last four"))
    table = lines[start : start + 10]
    heads = set(" ".join(table[1:5]).replace("┃", " ").split())
    assert heads >= {"blend", "no", "last", "damped", "5-year", "history", "skill", "ahead"}
    rows = [line for line in table if "2010–2013" in line or "2014–2017" in line]
    assert len(rows) == 4
    assert "9.000" in rows[1]
    assert "0/4" in rows[1]
    assert rows[0].rstrip(" │").endswith("the blend")
    assert not rows[1].rstrip(" │").endswith("the blend")
    assert sum("Since 2014 the forecast is worse than" in line for line in lines) == 1
    assert any(line.startswith("Horizon 1. Since 2014") for line in lines)


def test_few_origins_are_one_period_and_said_to_be(capsys):
    text = "\n".join(shown(capsys, range(2010, 2015), None))
    assert "2010–2014" in text
    assert "Horizon 1, 2: too few origins to show the last four apart." in text
    assert "Since 20" not in text
