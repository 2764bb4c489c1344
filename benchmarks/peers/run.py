"""General tools on the very rows of the product's backtest.

    python benchmarks/peers/run.py --data city_panel.csv

makes an environment for each tool, runs the product's backtest, exports its rows, runs every tool
on both frames and writes ``results.md`` and ``results.csv``. What is there already is not run
again. About three quarters of an hour on two cores. Run it in the environment of the product.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import subprocess
import sys
import time
import venv
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd

from city_resilience.evaluation.scores import paired_interval

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WORK, ENVS = HERE / "work", HERE / ".envs"
EXPERIMENT = ROOT / "experiments" / "china_prefecture" / "experiment.toml"
FRAMES = ("plain", "features")
ORIGINS = 13
SCORES = ["mae", "rmse", "rank"]
BEHIND = ["behind", "behind_low", "behind_high"]


@dataclass(frozen=True)
class Tool:
    """One tool: name, environment, the package whose version is told, seconds an origin."""

    name: str
    env: str
    package: str
    budget: float = 0.0
    frames: tuple[str, ...] = FRAMES

    def stored(self, frame: str) -> Path:
        """Return where its forecasts are; seconds, or why there are none, are beside them."""
        return WORK / "forecasts" / f"{self.name}__{frame}.parquet"


def tools(product_seconds: float) -> list[Tool]:
    """Return the tools; one run of AutoGluon has no more seconds than the product's backtest."""
    scikit = ("hist_gradient_boosting", "hist_gradient_boosting_absolute", "random_forest")
    return [
        *(Tool(name, "plain", "scikit-learn") for name in scikit),
        *(Tool(name, "plain", "xgboost") for name in ("xgboost", "xgboost_absolute")),
        Tool("mlforecast", "mlforecast", "mlforecast", frames=("own lags",)),
        Tool("autogluon", "autogluon", "autogluon.tabular", 40.0),
        Tool("autogluon_equal_time", "autogluon", "autogluon.tabular", product_seconds / ORIGINS),
        Tool("flaml", "flaml", "flaml", 20.0),
    ]


def environment(name: str) -> Path | None:
    """Return the interpreter of an environment, made when missing; None when it cannot be made."""
    folder = ENVS / name
    python = folder / "bin" / "python"
    if (folder / "ready").is_file():
        return python
    venv.create(folder, with_pip=True, clear=True)
    wanted = ["--requirement", str(HERE / f"requirements-{name}.txt")]
    words = [str(python), "-m", "pip", "install", "--quiet"]
    made = subprocess.run(words + ([str(ROOT)] if name == "product" else wanted), check=False)
    if made.returncode:
        return None
    (folder / "ready").touch()
    return python


def installed(env: str, package: str) -> dict[str, object]:
    """Version of a package and megabytes of all that is installed with it."""
    if not (ENVS / env / "ready").is_file():
        return {"mb": np.nan, "version": ""}
    lib = ENVS / env / "lib"
    size = sum(path.lstat().st_size for path in lib.rglob("*") if path.is_file()) / 1e6
    places = [str(path) for path in lib.glob("python*/site-packages")]
    found = [each.version for each in metadata.distributions(name=package, path=places)]
    return {"mb": size, "version": found[0] if found else ""}


def product(data: str, folder: Path, again: bool) -> None:
    """Run the product's whole backtest, unless it is there."""
    if (folder / "backtest.parquet").is_file() and not again:
        return
    command = [str(Path(sys.executable).parent / "city-resilience"), "backtest", str(EXPERIMENT)]
    start = time.perf_counter()
    subprocess.run([*command, "--data", data, "--out", str(folder)], check=True)
    (folder / "seconds.json").write_text(json.dumps(round(time.perf_counter() - start, 1)))


def product_rows(folder: Path) -> pd.DataFrame:
    """Return what the product serves for one year ahead."""
    rows = pd.read_parquet(folder / "backtest.parquet")
    rows = rows[(rows["model"] == "blend") & (rows["horizon"] == 1)]
    if rows["origin"].nunique() != ORIGINS:
        sys.exit(f"run.py: {folder} has {rows['origin'].nunique()} origins, not {ORIGINS}")
    return rows


def seconds_of(folder: Path) -> float:
    """Seconds of the product's backtest as measured there, else as measured by this script."""
    for clock in (folder / "seconds.json", WORK / "product" / "seconds.json"):
        if clock.is_file():
            return float(json.loads(clock.read_text()))
    sys.exit("run.py: nobody measured the product; give --product-seconds")


def run_tool(tool: Tool, frame: str) -> None:
    """Run one tool on one frame; where that fails, leave a note instead of forecasts."""
    path = tool.stored(frame)
    path.parent.mkdir(exist_ok=True)
    note = path.with_suffix(".json")
    python = environment(tool.env)
    if python is None:
        path.unlink(missing_ok=True)
        note.write_text(json.dumps({"failed": "not available on this machine"}))
        return
    script = HERE / f"tool_{tool.env}.py"
    words = [str(python), str(script), str(WORK), frame, f"{tool.budget:.2f}", tool.name]
    if subprocess.run(words, check=False).returncode:
        path.unlink(missing_ok=True)
        note.write_text(json.dumps({"failed": "stopped with an error"}))


def run_missing(asked: argparse.Namespace) -> None:
    """Make the environments, export the rows and run every tool that has no forecasts yet."""
    WORK.mkdir(exist_ok=True)
    whole = asked.again and not asked.only
    product(asked.data, asked.product, whole)
    environment("product")  # for its size
    if whole or not all((WORK / name).exists() for name in (*FRAMES, "series.parquet")):
        words = [str(HERE / "export.py"), str(EXPERIMENT), asked.data, str(WORK)]
        subprocess.run([sys.executable, *words], check=True)
    for tool in tools(asked.product_seconds or seconds_of(asked.product)):
        if asked.only and asked.only not in (tool.name, tool.env):
            continue
        for frame in tool.frames:
            if asked.again or not tool.stored(frame).is_file():
                run_tool(tool, frame)
    (WORK / "about.json").write_text(json.dumps(machine()))


def machine() -> str:
    """Cores, processor, memory, version of Python and date."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    model = next((s.split(":")[1].strip() for s in lines if s.startswith("model name")), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    name = model or platform.processor()
    python, today = platform.python_version(), dt.date.today().isoformat()
    return f"{os.cpu_count()} cores of {name}, {memory:.0f} GB, Python {python}, {today}"


def scored(rows: pd.DataFrame, forecasts: pd.DataFrame) -> pd.DataFrame:
    """Score forecasts on the product's rows, by origin.

    Raises
    ------
    ValueError
        If a row has no forecast, or more than one.
    """
    joined = rows[["city", "origin", "truth"]].merge(
        forecasts, how="left", on=["city", "origin"], validate="one_to_one"
    )
    absent = int((~np.isfinite(joined["forecast"].to_numpy(dtype=float))).sum())
    if absent:
        raise ValueError(f"{absent} rows of the backtest have no forecast")
    found = {}
    for origin, year in joined.groupby("origin"):
        error = (year["forecast"] - year["truth"]).to_numpy()
        rank = year["forecast"].corr(year["truth"], method="spearman")
        found[origin] = (np.abs(error).mean(), np.sqrt((error**2).mean()), rank)
    return pd.DataFrame.from_dict(found, orient="index", columns=SCORES)


def table(rows: pd.DataFrame, seconds: float) -> pd.DataFrame:
    """Make the table from the forecasts that are stored, the product first."""
    own = scored(rows, rows[["city", "origin", "forecast"]])
    name = "city-resilience"
    first = {"tool": name, "frame": "its own", **own.mean(), "seconds": seconds}
    found = [first | installed("product", name)]
    for tool in tools(seconds):
        about = installed(tool.env, tool.package)
        for frame in tool.frames:
            path = tool.stored(frame)
            note = path.with_suffix(".json")
            row = {"tool": tool.name, "frame": frame, "budget": tool.budget, **about}
            told = json.loads(note.read_text()) if note.is_file() else {}
            row |= told if path.is_file() or "failed" in told else {"failed": "not run"}
            if path.is_file():
                years = scored(rows, pd.read_parquet(path))
                ahead = int((own["mae"] < years["mae"]).sum())
                behind = paired_interval((years["mae"] - own["mae"]).to_numpy())
                row |= {**years.mean(), "product_ahead": ahead}
                row |= dict(zip(BEHIND, behind, strict=True))
            found.append(row)
    columns = ["tool", "frame", *SCORES, *BEHIND, "product_ahead", "budget", "seconds", "others"]
    return pd.DataFrame(found).reindex(columns=[*columns, "mb", "version", "failed"])


def write(results: pd.DataFrame) -> None:
    """Write the table as CSV and, with notes, as Markdown."""
    results.round(4).to_csv(HERE / "results.csv", index=False)
    lines = [
        "| tool | frame | MAE, pp | RMSE, pp | rank | MAE less the product's (95 %) "
        "| product ahead | seconds | others | MB | version |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in results.to_dict("records"):
        name = row["tool"] + (f", {row['budget']:.1f} s an origin" if row["budget"] > 0 else "")
        size = "–" if np.isnan(row["mb"]) else f"{row['mb']:.0f}"
        if isinstance(row["failed"], str):
            cells = [row["failed"], "–", "–", "–", "–", "–", "–"]
        else:
            ahead = row["product_ahead"]
            years = "–" if np.isnan(ahead) else f"{ahead:.0f} of {ORIGINS}"
            others = "–" if np.isnan(row["others"]) else f"{row['others']:.1f}"
            scores = (f"{row[score]:.3f}" for score in SCORES)
            behind = "–" if np.isnan(ahead) else "{:+.3f} ({:+.3f} to {:+.3f})"
            behind = behind.format(*(row[name] for name in BEHIND))
            cells = [*scores, behind, years, f"{row['seconds']:.0f}", others]
        lines.append(f"| {' | '.join([name, row['frame'], *cells, size, row['version']])} |")
    text = "\n".join([*lines, "", *notes()]) + "\n"
    (HERE / "results.md").write_text(text, encoding="utf-8")
    print(text)


def notes() -> list[str]:
    """Where and when the figures come from, and what they mean."""
    about = WORK / "about.json"
    where = json.loads(about.read_text()) if about.is_file() else machine()
    told = [
        f"`python benchmarks/peers/run.py --data city_panel.csv` ({where}).",
        "MAE, RMSE and rank (Spearman, within the year) are means of 13 yearly scores, origins "
        "2010-2022, one year ahead, the same 3,848 rows for all.",
        "MAE less the product's: mean of the yearly differences with its t interval over the 13 "
        "years. Product ahead: years in which the product's MAE is lower.",
        "Seconds: fit and forecast of all 13 origins, imports included. The product's are those of "
        "its whole backtest, which also makes the horizons of two and three years and the "
        "intervals. A time limit is what the tool was asked to keep; AutoGluon does not always.",
        "Others: cores that other processes kept busy meanwhile. Where it is not near 0, a tool "
        "with a time limit had less of the machine than it could have had.",
        "MB: all packages of the environment, those that come with `pip` included.",
        "Objective: absolute error, as the product's own, for AutoGluon, FLAML, mlforecast and "
        "what ends in `_absolute`; squared error, the default, for the rest. Nothing else was "
        "tuned.",
        "AutoGluon has its whole default set: LightGBM, CatBoost, XGBoost, its scikit-learn models "
        "and two neural networks. Its megabytes are those with torch built for the CPU.",
    ]
    return [f"- {line}" for line in told]


def main() -> None:
    """Run what is missing and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="", help="The panel.")
    parser.add_argument(
        "--product", type=Path, default=WORK / "product", help="Folder of the product's backtest."
    )
    parser.add_argument("--product-seconds", type=float, default=0.0, help="When measured before.")
    parser.add_argument("--only", default="", help="Run only this tool (or its environment's).")
    parser.add_argument("--again", action="store_true", help="Run what has run before.")
    parser.add_argument("--table", action="store_true", help="Only make the table anew.")
    asked = parser.parse_args()
    if not asked.table:
        if not asked.data:
            parser.error("--data is needed, except with --table")
        run_missing(asked)
    write(table(product_rows(asked.product), asked.product_seconds or seconds_of(asked.product)))


if __name__ == "__main__":
    main()
