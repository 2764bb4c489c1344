"""A report in a browser: the page, everything it complained of or asked for, and a small one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from city_resilience.report.city_places import unknown_place
from city_resilience.report.report_page import write_report
from city_resilience.report.summary import summarise
from report_inputs import Inputs, make_inputs

HOSTILE = ("<img src=x onerror=alert(1)>", "</script><b>Bold</b>", "阿克苏 & 'co'")
ALWAYS = 'resultTypes: ["violations"], preload: false'
EVERY_RULE = f'{{{ALWAYS}, rules: {{"target-size": {{enabled: true}}}}}}'
TURN = """hash => new Promise((drawn) => {
  const before = location.href;
  addEventListener("hashchange", () => drawn(), { once: true });
  location.hash = hash;
  if (location.href === before) drawn();
})"""
"""Go to another address of the page; its own listener, which draws, was there first."""
PROVINCES = ("North", "South", "<b>East</b>")


@dataclass
class Visit:
    """An open page and everything it complained of or asked for."""

    page: Any
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self.problems.append(message.text))
        self.page.on("pageerror", lambda error: self.problems.append(f"{error} {error.stack}"))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, path: Path, fragment: str = "") -> None:
        """Open a page, or another of its addresses, and wait until it is drawn."""
        if fragment and self.page.url.split("#")[0] == path.as_uri():
            self.page.evaluate(TURN, fragment)
        else:
            self.page.goto(path.as_uri() + fragment)
        self.page.wait_for_selector("#city-table tbody tr, #place h2", state="attached")

    def arrive(self, name: str) -> None:
        """Wait until the page of a place is drawn, that of the place before is gone."""
        self.page.wait_for_function(
            "name => document.querySelector('#place h2')?.textContent === name", arg=name
        )

    def unfold(self) -> None:
        """Open all that is folded."""
        self.page.evaluate("document.querySelectorAll('details').forEach(d => (d.open = true))")
        self.page.evaluate("document.querySelectorAll('.columns').forEach(d => (d.open = false))")

    def column(self, css: str) -> list[str]:
        return self.page.locator(f"#city-table tbody {css}").all_inner_texts()

    def close(self) -> None:
        """Close the page; it must not have complained, nor asked for anything beside it."""
        self.page.close()
        assert self.problems == [], self.problems
        outside = [url for url in self.requests if not url.startswith(("file:", "data:", "blob:"))]
        assert outside == []


def findings(page: Any, options: str = EVERY_RULE) -> list[str]:
    """Return what axe finds above minor on a page, each rule with the first element."""
    found = page.evaluate(f"axe.run({options})")["violations"]
    return [
        f"{one['id']} ({one['impact']}): {one['nodes'][0]['html'][:200]}"
        for one in found
        if one["impact"] != "minor"
    ]


def findings_of(browser: Any, path: Path, lang: str) -> list[str]:
    """Return what axe finds above minor on an unfolded page, wide and light, narrow and dark."""
    axe = pytest.importorskip("axe_playwright_python.base", reason="axe is not installed")
    page = browser.new_page(locale={"en": "en-US", "zh": "zh-CN"}[lang])
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => (d.open = true))")
    page.evaluate(axe.AXE_SCRIPT)
    found = []
    for width, scheme in ((1440, "light"), (360, "dark")):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{scheme}: {one}" for one in findings(page)]
    page.close()
    return found


def placed_inputs(
    cities: int = 48,
    origins: range = range(2013, 2021),
    names: tuple[str, ...] = HOSTILE,
    horizons: tuple[int, ...] = (1, 2, 3),
) -> Inputs:
    """Make inputs of cities with chances, provinces, coordinates, sizes and two past years."""
    inputs = make_inputs(
        cities=cities, origins=origins, names=names, horizons=horizons, intervals=True
    )
    ordered = sorted(inputs.forecast["city"].unique())
    inputs.info["places"] = {
        "past_years": [2019, 2020],
        "nation_growth": [6.0, 5.0],
        "cities": {
            city: unknown_place()
            | {
                "lon": 100.0 + 3 * (k % 8),
                "lat": 25.0 + 2 * (k // 8),
                "output": 10.0 + k,
                "past": [0.1 * k - 2, -0.5],
                "peers": [ordered[k - 1], ordered[k - 2]],
                "keys": ["akesu", "aks"] if city == HOSTILE[2] else [],
            }
            for k, city in enumerate(ordered)
        },
    }
    provinces = {city: PROVINCES[k % 3] for k, city in enumerate(ordered)}
    inputs.forecast["province"] = inputs.forecast["city"].map(provinces)
    ranks = inputs.forecast.groupby("horizon")["forecast"].rank(pct=True)
    inputs.forecast["p_below_0"] = (1 - ranks).clip(0.02, 0.98)
    inputs.forecast["p_worst_tenth"] = (0.5 - ranks).clip(0.01, 0.5)
    return inputs


def placed_report(folder: Path, inputs: Inputs | None = None) -> Path:
    """Write the report of such inputs."""
    made = placed_inputs() if inputs is None else inputs
    return write_report(summarise(**made.all()), folder / "r.html")
