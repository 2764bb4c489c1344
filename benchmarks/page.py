"""The page of a report: bytes by part, seconds to compute, write and open it, by number of cities.

Cities, forecasts and drivers are made up. Seconds of computing and writing are of the processor.
Where Chromium and playwright are there, the seconds of opening it stand beside those of an empty
page.

Usage: python benchmarks/page.py [--cities 300 3000] [--report REPORT.html]
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))

from city_resilience.report.html import page_json, write_page
from city_resilience.report.report_page import render_report
from city_resilience.report.summary import summarise

if TYPE_CHECKING:
    from report_inputs import Inputs

__all__ = ["made_up", "main", "opened", "sizes"]

EMPTY = "<!doctype html><title>empty</title><p>empty</p>"
YEARS = 23
PEERS = 10
TRIES = 3


def made_up(cities: int) -> Inputs:
    """Return what a run of so many made-up cities leaves: three horizons, pasts and peers."""
    from page_visits import placed_inputs

    inputs = placed_inputs(cities=cities, origins=range(2010, 2023))
    places = inputs.info["places"]
    places["past_years"] = list(range(2001, 2001 + YEARS))
    places["nation_growth"] = [6.0] * YEARS
    names = list(places["cities"])
    for k, own in enumerate(places["cities"].values()):
        own["past"] = [round((7 * k + 13 * i) % 40 / 10 - 2, 2) for i in range(YEARS)]
        own["peers"] = [names[(k + i) % len(names)] for i in range(1, PEERS + 1)]
        own["peers_past"] = own["past"][::-1]
    for name, by in (("lower_80", -1.4), ("upper_80", 1.4)):
        inputs.forecast[name] = inputs.forecast["forecast"] + by
    return inputs


def sizes(page: str) -> dict[str, int]:
    """Return the bytes of a page, and of its parts."""

    def whole(pattern: str) -> int:
        return sum(len(own.encode()) for own in re.findall(pattern, page, re.DOTALL))

    found = re.search(r'<script[^>]*id="data"[^>]*>(.*?)</script>', page, re.DOTALL)
    data = json.loads(found[1]) if found else {}
    parts = {f"data: {name}": len(page_json(value).encode()) for name, value in data.items()}
    largest = sorted(parts.items(), key=lambda part: -part[1])[:5]
    return {
        "page": len(page.encode()),
        "style and script": whole(r"<style>.*?</style>|<script>.*?</script>"),
        "first screen": whole(r'<section id="first".*?</section>\s*(?=<section)'),
        "table of all cities": whole(r"<noscript><table.*?</noscript>"),
        "evidence": whole(r'<section id="evidence".*</main>'),
        "data": len(found[1].encode()) if found else 0,
        **dict(largest),
    }


def timed(make: Callable[[], Any]) -> tuple[float, Any]:
    """Return the processor seconds that something took, and what it gave."""
    started = time.process_time()
    made = make()
    return time.process_time() - started, made


def opened(pages: list[Path]) -> Iterator[float]:
    """Yield the seconds until each page is loaded and two frames are drawn, median of three."""
    from playwright.sync_api import sync_playwright

    drawn = "() => new Promise(d => requestAnimationFrame(() => requestAnimationFrame(d)))"
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for path in pages:
            took = []
            for _ in range(TRIES):
                page = browser.new_page()
                started = time.perf_counter()
                page.goto(path.as_uri())
                page.evaluate(drawn)
                took.append(time.perf_counter() - started)
                page.close()
            yield sorted(took)[TRIES // 2]
        browser.close()


def measured(cities: int, folder: Path) -> tuple[float, float, Path]:
    """Print the sizes of a page of made-up cities; return its seconds and its file."""
    inputs = made_up(cities).all()
    computed, summary = timed(lambda: summarise(**inputs))
    path = folder / f"{cities}.html"
    written, _ = timed(lambda: write_page(render_report(summary), path))
    print(f"{cities} cities: computed in {computed:.1f} s, written in {written:.1f} s")
    show(path)
    return computed, written, path


def show(path: Path) -> None:
    """Print the bytes of a page and of its parts."""
    for name, size in sizes(path.read_text("utf-8")).items():
        print(f"  {name:22} {size / 1000:9,.1f} kB")


def main() -> None:
    """Print sizes and seconds, and the ratios of these."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cities", type=int, nargs="+", default=[300, 3000])
    parser.add_argument("--report", type=Path, help="A page of your own, of which sizes are shown.")
    given = parser.parse_args()
    if given.report:
        show(given.report)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [measured(cities, folder) for cities in given.cities]
        first = rows[0]
        for cities, own in zip(given.cities[1:], rows[1:], strict=True):
            ratios = ", ".join(
                f"{what} {own[k] / first[k]:.1f}" for k, what in enumerate(("computed", "written"))
            )
            print(f"{cities} cities beside {given.cities[0]}: seconds {ratios} times")
        try:
            import playwright  # noqa: F401
        except ImportError:
            print("opening it: skipped, playwright is not installed")
            return
        empty = write_page(EMPTY, folder / "empty.html")
        nothing, *took = opened([empty, *(own[2] for own in rows)])
        for cities, seconds in zip(given.cities, took, strict=True):
            print(
                f"{cities} cities: shown after {seconds:.2f} s, an empty page {nothing:.2f} s "
                f"({seconds / nothing:.1f} times)"
            )


if __name__ == "__main__":
    main()
