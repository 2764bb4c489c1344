"""Small made-up inputs of a report, in the shape of the frames that a run writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from city_resilience.evaluation.periods import period_levels
from city_resilience.experiment.experiment import Experiment

MODELS = (
    ("zero", 1.9),
    ("last", 1.6),
    ("mean5", 1.45),
    ("damped", 1.4),
    ("ar_ridge", 1.3),
    ("history_only", 1.24),
    ("ridge", 1.26),
    ("xgboost", 1.23),
    ("extra_trees", 1.22),
    ("blend", 1.2),
)
INDICATORS = {
    "broadband_per_100": (
        "Broadband subscribers per 100 people",
        "每百人宽带用户数",
        "digital",
        "",
    ),
    "mobile_per_100": ("Mobile subscribers per 100 people", "每百人移动电话用户数", "digital", ""),
    "patents_per_10k": ("Patents granted per 10,000 people", "每万人专利授权数", "innovation", ""),
    "green_patent_share": ("Share of green patents", "绿色专利占比", "green_innovation", "%"),
    "students_per_10k": ("Students per 10,000 people", "每万人在校大学生数", "talent", ""),
    "upgrading": ("Tertiary over secondary industry", "产业结构高级化", "structure", "ratio"),
    "coagglomeration": (
        "Co-agglomeration of manufacturing and producer services",
        "制造业与生产性服务业协同集聚",
        "agglomeration",
        "",
    ),
    "density": ("Population density", "人口密度", "place", "people per km²"),
    "gap_last": ("Growth gap, last year", "上年增长差距", "history", "pp"),
    "gap_mean5": ("Growth gap, mean of 5 years", "近五年平均增长差距", "history", "pp"),
    "gap_volatility": ("Growth gap, volatility of 5 years", "近五年增长差距波动", "history", "pp"),
    "gap_province": ("Growth gap of the province", "全省增长差距", "history", "pp"),
    "fiscal_share": ("Public spending over output", "财政支出占比", "control", "%"),
    "investment": ("Fixed investment over output", "固定资产投资占比", "control", "%"),
    "openness": ("Foreign investment over output", "外资占比", "control", "%"),
}
DEAD = {"agglomeration": 2016}
SYLLABLES = ("Al", "Bren", "Cor", "Dun", "El", "Fal", "Gar", "Hol", "Is", "Jor", "Kel", "Lor")
ENDS = ("by", "dale", "ford", "ham", "mouth", "port", "stead", "ton", "wick", "worth")


@dataclass(frozen=True)
class Inputs:
    """What `summarise` takes."""

    experiment: Experiment
    backtest: pd.DataFrame
    scores: pd.DataFrame
    forecast: pd.DataFrame
    drivers: pd.DataFrame
    coverage: pd.DataFrame
    labels: dict[str, tuple[str, str, str, str]]
    info: dict[str, Any]

    def all(self, **more: pd.DataFrame) -> dict[str, Any]:
        """What ``summarise`` takes; ``more`` are further tables by the name of their file."""
        tables = {
            "backtest.parquet": self.backtest,
            "scores.csv": self.scores,
            "forecast.csv": self.forecast,
            "drivers.parquet": self.drivers,
            "coverage.csv": self.coverage,
            **{f"{name}.csv": table for name, table in more.items()},
        }
        about = {"labels": self.labels, "info": self.info}
        return {"experiment": self.experiment, "tables": tables, **about}


def make_inputs(
    *,
    cities: int = 60,
    origins: range = range(2010, 2023),
    horizons: tuple[int, ...] = (1, 2, 3),
    simulated: bool = True,
    intervals: bool = False,
    provinces: bool = True,
    groups: bool = True,
    difference: tuple[float, float, float] = (-0.04, -0.09, 0.01),
    names: tuple[str, ...] = (),
    seed: int = 0,
) -> Inputs:
    """Make inputs; ``names`` replaces the first city names, ``difference`` is blend − history."""
    rng = np.random.default_rng(seed)
    made = [f"{a}{b} {c}" for a in SYLLABLES for b in ENDS for c in ("", *range(2, 30))]
    made = sorted({name.strip() for name in made}, key=lambda name: (len(name), name))
    city = list(names) + made[: cities - len(names)]
    live = origins[-1] + 1
    backtest = _backtest(rng, city, origins, horizons)
    forecast = _forecast(rng, city, live, horizons, provinces, intervals)
    return Inputs(
        _experiment(simulated, horizons, origins[0]),
        backtest,
        _scores(backtest, difference, groups),
        forecast,
        _drivers(rng, forecast),
        _coverage((*origins, live), live),
        dict(INDICATORS),
        {
            "served": "blend",
            "weights": {h: {"ridge": 0.2, "xgboost": 0.45, "extra_trees": 0.35} for h in horizons},
            "versions": {"city-resilience": "0.1.0", "Python": "3.11", "xgboost": "3.0"},
            "fingerprint": "0f3a9c1be8d24766",
            "created": "2025-01-31",
            "seconds": 61.24,
            "run_id": "6f1d",
            "files": "out",
            "notes": ["GDP was converted from 10,000 yuan to 100m yuan."],
            "absent": {"computing_hubs": "needs column 'computing_capacity'"},
            "dropped": {"openness": "no value at 2 origins"},
            "outcome": ("real GDP", "实际地区生产总值"),
        },
    )


def _experiment(simulated: bool, horizons: tuple[int, ...], first: int) -> Experiment:
    return Experiment.model_validate(
        {
            "name": "demo",
            "title": "Resilience of 60 made-up cities",
            "title_zh": "虚构城市的经济韧性",
            "evaluation": {"first_origin": first},
            "outcome": {"horizons": horizons},
            "data": {"simulated": simulated, "source": "generator", "licence": "CC0"},
        }
    )


def _backtest(
    rng: np.random.Generator, city: list[str], origins: range, horizons: tuple[int, ...]
) -> pd.DataFrame:
    frames = []
    for h in horizons:
        for origin in origins:
            truth = rng.normal(0, 2 * h**0.7, len(city))
            noise = rng.normal(0, 1, len(city)) * (1.4 if origin == 2019 else 1) * h**0.7
            for model, spread in MODELS:
                values = 0.0 * truth if model == "zero" else truth + spread * noise
                frames.append(_rows(model, city, origin, h, truth, values))
    return pd.concat(frames, ignore_index=True)


def _rows(
    model: str, city: list[str], origin: int, h: int, truth: Any, values: Any
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "model": model,
            "city": city,
            "origin": origin,
            "horizon": h,
            "target_year": origin + h,
            "truth": truth,
            "forecast": values,
            "lower": np.nan,
            "upper": np.nan,
        }
    )


def _scores(
    backtest: pd.DataFrame, difference: tuple[float, float, float], groups: bool
) -> pd.DataFrame:
    region = np.where(backtest["city"].str.len() % 2 == 0, "East", "West")
    cut = backtest.assign(
        level_year=backtest["origin"].astype(str),
        level_region=region,
        level_period=period_levels(backtest),
    )
    slices = [("all", None), ("year", "level_year"), ("period", "level_period")]
    slices += [("group:region", "level_region")] if groups else []
    rows = []
    for name, column in slices:
        parts = cut.groupby(["horizon", column]) if column else cut.groupby(["horizon"])
        for key, part in parts:
            level = key[1] if column else ""
            rows += _score_rows(part, name, level, difference if name == "all" else None)
    return pd.DataFrame(rows)


def _score_rows(
    part: pd.DataFrame, name: str, level: str, difference: tuple[float, float, float] | None
) -> list[dict[str, Any]]:
    error = part.assign(miss=(part["forecast"] - part["truth"]).abs())
    mae = error.groupby("model")["miss"].mean()
    naive = mae[["zero", "last", "mean5", "damped"]].min()
    rows = []
    for model, _ in MODELS:
        own = part[part["model"] == model]
        values = difference if difference and model == "blend" else (np.nan,) * 3
        rows.append(
            {
                "model": model,
                "horizon": int(part["horizon"].iloc[0]),
                "slice": name,
                "level": level,
                "n": len(own),
                "mae": mae[model],
                "rmse": float(np.sqrt(((own["forecast"] - own["truth"]) ** 2).mean())),
                "rank_correlation": np.nan
                if model == "zero"
                else own["forecast"].corr(own["truth"], method="spearman"),
                "sign_hit_rate": np.nan
                if model == "zero"
                else float((np.sign(own["forecast"]) == np.sign(own["truth"])).mean()),
                "skill_naive": 1 - mae[model] / naive,
                "skill_history": 1 - mae[model] / mae["history_only"],
                "difference_history": values[0],
                "difference_low": values[1],
                "difference_high": values[2],
                "years": own["origin"].nunique(),
            }
        )
    return rows


def _forecast(
    rng: np.random.Generator,
    city: list[str],
    live: int,
    horizons: tuple[int, ...],
    provinces: bool,
    intervals: bool,
) -> pd.DataFrame:
    frames = []
    for h in horizons:
        value = rng.normal(0, 1.2 * h**0.7, len(city))
        stale = np.arange(len(city)) == 1
        rank = pd.Series(np.where(stale, np.nan, value)).rank(ascending=False)
        frames.append(
            pd.DataFrame(
                {
                    "city": city,
                    "province": [f"Province {chr(65 + i % 7)}" for i in range(len(city))],
                    "origin": np.where(stale, live - 1, live),
                    "horizon": h,
                    "target_year": np.where(stale, live - 1 + h, live + h),
                    "forecast": value,
                    "lower": value - 2 if intervals else np.nan,
                    "upper": value + 2 if intervals else np.nan,
                    "coverage": np.nan,
                    "rank": rank.astype("Int64"),
                    "flags": np.where(stale, "stale;target_year_over" if h == 1 else "stale", ""),
                }
            )
        )
    frame = pd.concat(frames, ignore_index=True)
    return frame if provinces else frame.drop(columns="province")


def _drivers(rng: np.random.Generator, forecast: pd.DataFrame) -> pd.DataFrame:
    weight = np.array([3 if label[2] == "history" else 1 for label in INDICATORS.values()])
    rows = []
    for row in forecast.itertuples():
        raw = rng.normal(0, 0.12, len(INDICATORS)) * weight
        raw += (row.forecast - 0.05 - raw.sum()) * weight / weight.sum()
        keys = {"city": row.city, "origin": row.origin, "horizon": row.horizon}
        rows.append(
            {**keys, "indicator": "(base)", "family": "base", "value": np.nan, "contribution": 0.05}
        )
        for (name, label), size in zip(INDICATORS.items(), raw, strict=True):
            value = np.nan if label[2] in DEAD else rng.gamma(3, 8)
            rows.append(
                {
                    **keys,
                    "indicator": name,
                    "family": label[2],
                    "value": value,
                    "contribution": size,
                }
            )
    return pd.DataFrame(rows)


def _coverage(origins: tuple[int, ...], live: int) -> pd.DataFrame:
    families = list(dict.fromkeys(label[2] for label in INDICATORS.values()))
    rows = []
    for origin in origins:
        for i, family in enumerate(families):
            dead = family in DEAD and origin > 2016 + 5
            carried = family == "digital" and origin > 2020
            status = "ended" if dead else "carried" if carried else "live"
            last = DEAD[family] if dead else 2020 if carried else None
            rows.append(
                {
                    "origin": origin,
                    "family": family,
                    "share": 0.0 if dead else max(0.55, 0.98 - 0.05 * i),
                    "age": np.nan if dead else float(max(0, origin - 2020)) if carried else 0.0,
                    "status": status,
                    "last_year": last,
                    "indicators": sum(label[2] == family for label in INDICATORS.values()),
                }
            )
    return pd.DataFrame(rows)
