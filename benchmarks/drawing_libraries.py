"""Size and needs of the same two drawings by several libraries: a map of dots and a fan.

Each writes one page that needs nothing from outside; what is not installed is skipped. Have them
in an environment of their own:

    python -m venv drawing && drawing/bin/pip install . matplotlib bokeh altair vl-convert-python
    drawing/bin/python benchmarks/drawing_libraries.py [--dots 300]

With Playwright and a browser there, each page is opened three times too: under a content policy
that allows the page's own scripts and styles by hash, as the report has, and without one.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import io
import re
import shutil
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

Figures = dict[str, Any]
TRIES = 3
PATIENCE = 4000
"""Milliseconds in which errors are counted."""


def figures(dots: int) -> Figures:
    """Make up positions, chances and sizes of places, and the past and fan of one."""
    rng = np.random.default_rng(0)
    years = np.arange(2001, 2027)
    gap = rng.normal(0, 1, len(years)).round(2)
    reach = np.where(years > 2023, 1.6 * np.sqrt(np.maximum(years - 2023, 0)), 0).round(2)
    return {
        "x": rng.uniform(80, 130, dots).round(3),
        "y": rng.uniform(20, 50, dots).round(3),
        "chance": rng.uniform(0, 1, dots).round(3),
        "size": (2 + 10 * rng.uniform(0, 1, dots) ** 3).round(2),
        "years": years,
        "gap": gap,
        "low": gap - reach,
        "high": gap + reach,
    }


def own_svg(own: Figures) -> str:
    """Draw as the report does: SVG made when the page is written."""
    from city_resilience.report.drawing import Axis, Chart, Series, draw_chart

    none = {"en": "", "zh": ""}
    dots = "".join(
        f'<circle cx="{x:g}" cy="{70 - y:g}" r="{size / 20:g}" class="b{int(9.99 * chance)}"/>'
        for x, y, size, chance in zip(own["x"], own["y"], own["size"], own["chance"], strict=True)
    )
    years = [float(year) for year in own["years"]]
    chart = Chart(
        (
            Series("fan", "band", years, list(own["low"]), top=list(own["high"])),
            Series("past", "line", years, list(own["gap"])),
        ),
        Axis(none, 2001, 2026, "year"),
        Axis(none, -5, 5),
    )
    style = "".join(f".b{k}{{fill:hsl({220 - 20 * k} 60% 50%)}}" for k in range(10))
    return f'<style>{style}</style><svg viewBox="80 20 50 30">{dots}</svg>{draw_chart(chart)}'


def matplotlib_svg(own: Figures) -> str:
    """Draw by matplotlib, with text left as text."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "0"}):
        found = []
        for draw in (_dots, _fan):
            figure, made = Figure(figsize=(6, 3.5)), io.StringIO()
            draw(figure.subplots(), own)
            figure.savefig(made, format="svg")
            found.append(made.getvalue())
    return "".join(found)


def _dots(axes: Any, own: Figures) -> None:
    axes.scatter(own["x"], own["y"], s=own["size"] ** 2, c=own["chance"], cmap="RdBu_r")


def _fan(axes: Any, own: Figures) -> None:
    axes.fill_between(own["years"], own["low"], own["high"], alpha=0.3)
    axes.plot(own["years"], own["gap"], marker="o")


def bokeh_page(own: Figures) -> str:
    """Draw by bokeh, its script within the page."""
    from bokeh.embed import file_html
    from bokeh.layouts import column
    from bokeh.plotting import figure
    from bokeh.resources import INLINE

    places = figure(width=600, height=350, tooltips=[("chance", "@chance")], output_backend="svg")
    source = {key: own[key] for key in ("x", "y", "chance", "size")}
    places.scatter("x", "y", size="size", source=source)
    fan = figure(width=600, height=350, output_backend="svg")
    fan.varea(own["years"], own["low"], own["high"], fill_alpha=0.3)
    fan.line(own["years"], own["gap"])
    return file_html(column(places, fan), INLINE)


def vega_page(own: Figures) -> str:
    """Draw by Vega-Lite, its script within the page."""
    import vl_convert

    return vl_convert.vegalite_to_html(_vega(own), bundle=True, renderer="svg")


def vega_svg(own: Figures) -> str:
    """Draw by Vega-Lite when the page is written."""
    import vl_convert

    return vl_convert.vegalite_to_svg(_vega(own))


def _vega(own: Figures) -> dict[str, Any]:
    import altair

    def rows(*keys: str) -> dict[str, Any]:
        columns = [own[key].tolist() for key in keys]
        values = [dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True)]
        return altair.Data(values=values)

    dots = altair.Chart(rows("x", "y", "chance", "size"), width=600, height=350)
    places = dots.mark_circle().encode(x="x:Q", y="y:Q", size="size:Q", color="chance:Q")
    fan = altair.Chart(rows("years", "gap", "low", "high"), width=600, height=350)
    band = fan.mark_area(opacity=0.3).encode(x="years:Q", y="low:Q", y2="high:Q")
    line = fan.mark_line(point=True).encode(x="years:Q", y="gap:Q")
    return (places & (band + line)).to_dict()


def plotly_page(own: Figures) -> str:
    """Draw by plotly, its script within the page."""
    from plotly.graph_objects import Figure, Scatter

    marker = {"size": own["size"], "color": own["chance"]}
    places = Figure(Scatter(x=own["x"], y=own["y"], mode="markers", marker=marker))
    fan = Figure(
        [
            Scatter(x=own["years"], y=own["low"], mode="lines"),
            Scatter(x=own["years"], y=own["high"], mode="lines", fill="tonexty"),
            Scatter(x=own["years"], y=own["gap"]),
        ]
    )
    more = fan.to_html(include_plotlyjs=False, full_html=False)
    return places.to_html(include_plotlyjs=True).replace("</body>", f"{more}</body>")


LIBRARIES: dict[str, tuple[str, Callable[[Figures], str]]] = {
    "own SVG": ("city_resilience", own_svg),
    "matplotlib SVG": ("matplotlib", matplotlib_svg),
    "vega SVG": ("vl_convert", vega_svg),
    "vega bundle": ("vl_convert", vega_page),
    "bokeh bundle": ("bokeh", bokeh_page),
    "plotly bundle": ("plotly", plotly_page),
}


def whole_page(body: str) -> str:
    """Return a whole document."""
    if "<body" in body:
        return body
    return f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><body>{body}</body></html>'


def under_policy(page: str) -> str:
    """Add a policy that allows the scripts and styles of a page by their hashes, and no more."""
    found = {}
    for kind, tag in (("script-src", "script"), ("style-src", "style")):
        texts = re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}>", page, re.DOTALL)
        hashes = (base64.b64encode(hashlib.sha256(own.encode()).digest()).decode() for own in texts)
        found[kind] = "".join(f" 'sha256-{own}'" for own in hashes) or " 'none'"
    rules = "; ".join(f"{kind}{hashes}" for kind, hashes in found.items())
    policy = f'<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; {rules}">'
    return re.sub(r"(<head[^>]*>|<html[^>]*>)", lambda own: own[1] + policy, page, count=1)


def opened(page: str, folder: Path, browser: Any) -> float:
    """Return seconds until a page has drawn, median of three."""
    file, seconds = folder / "page.html", []
    file.write_text(page, "utf-8")
    for _ in range(TRIES):
        tab = browser.new_page()
        tab.goto(file.as_uri())
        frames = "new Promise(d => requestAnimationFrame(() => requestAnimationFrame(d)))"
        seconds.append(tab.evaluate(f"{frames}.then(() => performance.now() / 1000)"))
        tab.close()
    return median(seconds)


def complaints(page: str, folder: Path, browser: Any) -> int:
    """Return of how many errors the browser tells; what is blocked may be tried without an end."""
    file, tab, said = folder / "page.html", browser.new_page(), []
    file.write_text(page, "utf-8")
    tab.on("console", lambda own: said.append(own.text) if own.type == "error" else None)
    tab.on("pageerror", lambda own: said.append(str(own)))
    tab.goto(file.as_uri(), wait_until="commit")
    tab.wait_for_timeout(PATIENCE)
    tab.close()
    return len(said)


def start_browser() -> tuple[Any, Any] | None:
    """Return Playwright and a browser, None where either is missing."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        return None
    running = sync_playwright().start()
    try:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        return running, running.chromium.launch(executable_path=path)
    except Error:
        running.stop()
        return None


def main() -> None:
    """Print a row for each library that is installed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dots", type=int, default=300)
    own, browser = figures(parser.parse_args().dots), start_browser()
    heads = ("kB", "gzip kB", "of it script", "texts", "shown, s", "under policy")
    print(f"{'drawing':16}" + "".join(f"{head:>14}" for head in heads))
    with tempfile.TemporaryDirectory() as folder:
        rows = {"empty page": whole_page("<p>empty</p>")}
        for name, (module, draw) in LIBRARIES.items():
            try:
                import_module(module)
                rows[name] = whole_page(draw(own))
            except ImportError as error:
                print(f"{name:16}skipped: {error}")
        for name, page in rows.items():
            print(
                f"{name:16}" + "".join(f"{cell:>14}" for cell in row(page, Path(folder), browser))
            )
    if browser:
        browser[1].close()
        browser[0].stop()


def row(page: str, folder: Path, browser: Any) -> list[str]:
    """Return the figures of a page."""
    scripts = sum(map(len, re.findall(r"<script\b[^>]*>(.*?)</script>", page, re.DOTALL)))
    size, packed = len(page.encode()), len(gzip.compress(page.encode()))
    sizes = [f"{n / 1000:,.0f}" for n in (size, packed, scripts)]
    texts = str(len(re.findall(r"<text\b", page)))
    if browser is None:
        return [*sizes, texts, "–", "–"]
    seconds = opened(page, folder, browser[1])
    plain, bound = (complaints(own, folder, browser[1]) for own in (page, under_policy(page)))
    verdict = "works" if bound <= plain else f"{bound - plain} errors"
    return [*sizes, texts, f"{seconds:.2f}", verdict]


if __name__ == "__main__":
    main()
