"""General tools on the very rows of the product's backtest.

    python benchmarks/peers/run.py --data city_panel.csv

makes an environment for each tool, runs the product's backtest, exports its rows, runs every tool
on both frames and writes ``results.md`` and ``results.csv``. What is there already is not run
again; ``--again TOOL`` does. Two to three quarters of an hour on two cores. Run it in the
environment of the product.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import venv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WORK, ENVS = HERE / "work", HERE / ".envs"
EXPERIMENT = ROOT / "experiments" / "china_prefecture" / "experiment.toml"
FRAMES = ("plain", "features")
ORIGINS = 13


@dataclass(frozen=True)
class Tool:
    """One tool: its environment, script, and what follows WORK and FRAME on its command line."""

    name: str
    env: str
    script: str
    words: tuple[str, ...] = ()
    frames: tuple[str, ...] = FRAMES


def tools(product_seconds: float) -> list[Tool]:
    """Return the tools; one run of AutoGluon has no more seconds than the product's backtest."""
    equal = f"{max(product_seconds / ORIGINS, 1.0):.1f}"
    plain = ("hist_gradient_boosting", "random_forest", "xgboost")
    return [
        Tool("autogluon", "autogluon", "tool_autogluon.py", ("40", "autogluon")),
        Tool(
            "autogluon_equal_time",
            "autogluon",
            "tool_autogluon.py",
            (equal, "autogluon_equal_time"),
        ),
        Tool("flaml", "flaml", "tool_flaml.py", ("20",)),
        Tool("mlforecast", "mlforecast", "tool_mlforecast.py", (), ("own lags",)),
        *(Tool(name, "plain", "tool_plain.py", ("0", name)) for name in plain),
    ]


def environment(name: str) -> Path:
    """Return the interpreter of a tool's environment, which is made when missing."""
    folder = ENVS / name
    python = folder / "bin" / "python"
    if not (folder / "ready").is_file():
        venv.create(folder, with_pip=True, clear=True)
        wanted = HERE / f"requirements-{name}.txt"
        words = [str(python), "-m", "pip", "install", "--quiet", "--requirement", str(wanted)]
        subprocess.run(words, check=True)
        (folder / "ready").touch()
    return python


def megabytes(name: str) -> float:
    """Installed size of an environment's packages."""
    files = (ENVS / name / "lib").rglob("*")
    return sum(path.stat().st_size for path in files if path.is_file()) / 1e6


def product(data: str, folder: Path) -> tuple[pd.DataFrame, float]:
    """Run the product's whole backtest, unless it is there; return its rows and seconds."""
    clock = folder / "seconds.json"
    if not clock.is_file():
        start = time.perf_counter()
        command = [str(Path(sys.executable).parent / "city-resilience"), "backtest"]
        subprocess.run(
            [*command, str(EXPERIMENT), "--data", data, "--out", str(folder)], check=True
        )
        clock.write_text(json.dumps(round(time.perf_counter() - start, 1)))
    rows = pd.read_parquet(folder / "backtest.parquet")
    rows = rows[(rows["model"] == "blend") & (rows["horizon"] == 1)]
    return rows, float(json.loads(clock.read_text()))


def scored(rows: pd.DataFrame, forecasts: pd.DataFrame) -> pd.DataFrame:
    """Score forecasts on the product's rows, by origin.

    Raises
    ------
    ValueError
        If a row has no forecast.
    """
    joined = rows[["city", "origin", "truth"]].merge(forecasts, how="left", on=["city", "origin"])
    if joined["forecast"].isna().any():
        raise ValueError(f"{joined['forecast'].isna().sum()} rows of the backtest have no forecast")
    found = {}
    for origin, year in joined.groupby("origin"):
        error = (year["forecast"] - year["truth"]).to_numpy()
        rank = year["forecast"].corr(year["truth"], method="spearman")
        found[origin] = (np.abs(error).mean(), np.sqrt((error**2).mean()), rank)
    return pd.DataFrame.from_dict(found, orient="index", columns=["mae", "rmse", "rank"])


def row_of(name: str, frame: str, years: pd.DataFrame, own: pd.DataFrame) -> dict[str, object]:
    """Mean yearly scores, and in how many years the product's error is lower."""
    ahead = int((own["mae"] < years["mae"]).sum())
    means = years.mean()
    return {"tool": name, "frame": frame, **means.to_dict(), "product_ahead": ahead}


def table(rows: pd.DataFrame, seconds: float) -> pd.DataFrame:
    """Make the table from the forecasts that are stored."""
    own = scored(rows, rows[["city", "origin", "forecast"]])
    found = [row_of("city-resilience", "its own", own, own) | {"seconds": seconds, "mb": np.nan}]
    for tool in tools(seconds):
        for frame in tool.frames:
            path = WORK / "forecasts" / f"{tool.name}__{frame}.parquet"
            if not path.is_file():
                continue
            row = row_of(tool.name, frame, scored(rows, pd.read_parquet(path)), own)
            took = json.loads(path.with_suffix(".json").read_text())["seconds"]
            found.append({**row, "seconds": took, "mb": megabytes(tool.env)})
    return pd.DataFrame(found)


def write(results: pd.DataFrame) -> None:
    """Write the table as CSV and Markdown."""
    results.round(4).to_csv(HERE / "results.csv", index=False)
    lines = [
        "| tool | frame | MAE, pp | RMSE, pp | rank | product ahead | seconds | installed MB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in results.to_dict("records"):
        size = "–" if np.isnan(row["mb"]) else f"{row['mb']:.0f}"
        ahead = "–" if row["frame"] == "its own" else f"{row['product_ahead']} of {ORIGINS}"
        lines.append(
            f"| {row['tool']} | {row['frame']} | {row['mae']:.3f} | {row['rmse']:.3f} "
            f"| {row['rank']:.3f} | {ahead} | {row['seconds']:.0f} | {size} |"
        )
    (HERE / "results.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def main() -> None:
    """Run what is missing and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--product", default=str(WORK / "product"), help="Folder of its backtest.")
    parser.add_argument("--again", default="", help="Run this tool again.")
    parser.add_argument("--table", action="store_true", help="Only make the table anew.")
    asked = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    rows, seconds = product(asked.data, Path(asked.product))
    if not asked.table:
        for name in dict.fromkeys(tool.env for tool in tools(seconds)):
            environment(name)
        if not (WORK / "features").is_dir():
            words = [
                sys.executable,
                str(HERE / "export.py"),
                str(EXPERIMENT),
                asked.data,
                str(WORK),
            ]
            subprocess.run(words, check=True)
        for tool in tools(seconds):
            python = environment(tool.env)
            for frame in tool.frames:
                path = WORK / "forecasts" / f"{tool.name}__{frame}.parquet"
                if path.is_file() and asked.again != tool.name:
                    continue
                words = [str(python), str(HERE / tool.script), str(WORK), frame, *tool.words]
                subprocess.run(words, check=True)
    write(table(rows, seconds))


if __name__ == "__main__":
    main()
