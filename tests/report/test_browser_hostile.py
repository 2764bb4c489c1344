"""Panels that mean ill or are odd, in a browser: the report shows their names as text and works."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from page_visits import Visit, placed_inputs, placed_report
from report_inputs import Inputs

pytestmark = pytest.mark.browser
NAMES = (
    "<svg onload=alert(1)>",
    "Behind the others",
    "</script><script>alert(2)</script>",
    "{{ 7*7 }}{city}",
    "\"'`&quot;&amp;",
    "=HYPERLINK(1+1)",
    "#/city/Alby%2FBren?lang=zh",
    "North/South, East",
    "constructor",
    "__proto__",
    "\u202eytic\u2066 \u200f",
    "👩‍👩‍👧 🏙️",
    "X" * 500,
)
STALE = NAMES[1]
"""A city of these inputs whose data end a year before the others'; it is in no group."""
TURNED = NAMES[10]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    inputs = placed_inputs(cities=16, origins=range(2015, 2019), names=NAMES, horizons=(1, 2))
    provinces = dict(zip(NAMES, reversed(NAMES), strict=True))
    inputs.forecast["province"] = inputs.forecast["city"].map(provinces).fillna("Plain")
    inputs.forecast.loc[inputs.forecast["city"] == TURNED, "p_worst_tenth"] = 0.6
    label = ("</script><i>why</i>", "<b>指标</b>", "digital", "<u>%</u>")
    inputs.labels["patents_per_10k"] = label
    for place in inputs.info["places"]["cities"].values():
        place["groups"] = {"<i>kind</i>": "</template><b>", "size": "=1+1"}
    first = inputs.info["places"]["cities"][NAMES[0]]
    first["groups"] = {"<i>kind</i>": "toString", "size": "#/"}
    inputs.info["notes"] = ["<script>alert(3)</script>"]
    return placed_report(tmp_path_factory.mktemp("hostile"), inputs)


@pytest.fixture(scope="module")
def visit(browser: Any) -> Iterator[Visit]:
    seen = Visit(browser.new_page(viewport={"width": 1280, "height": 900}))
    seen.page.set_default_timeout(10_000)
    seen.page.on("dialog", lambda dialog: seen.problems.append(dialog.message))
    yield seen
    seen.close()


def test_hostile_names_stay_text_everywhere(visit: Visit, hostile: Path) -> None:
    visit.open(hostile)
    visit.unfold()
    assert visit.page.locator("img, main i i, main b b, script:not([type])").count() == 1
    assert visit.page.locator("svg[onload], [onerror], u, iframe").count() == 0
    assert set(visit.column(".city")) >= {name for name in NAMES if len(name) < 100} - {TURNED}
    visit.page.select_option("#filter-province", NAMES[0])
    assert len(visit.column("tr")) == 1


@pytest.mark.parametrize("place", [k for k, name in enumerate(NAMES) if name != STALE])
def test_every_name_has_an_address_that_works(visit: Visit, hostile: Path, place: int) -> None:
    name = NAMES[place]
    visit.open(hostile, "#/")
    link = visit.page.locator(f'#city-table a[href="#/city/{_quoted(name)}"]')
    link.click()
    visit.arrive(name)
    assert visit.page.locator("#place svg.fan").is_visible()
    crumb = visit.page.locator("#place .crumbs a").last
    assert crumb.text_content() == NAMES[-1 - place]
    crumb.click()
    visit.arrive(NAMES[-1 - place])
    assert visit.page.locator("#place .cities").is_visible()
    assert visit.page.locator("#place tbody tr").count() == 1


def _quoted(name: str) -> str:
    """Return a name as the browser's encodeURIComponent writes it."""
    return quote(name, safe="!'()*~-_.")


def test_links_of_the_first_screen_lead_to_their_places(visit: Visit, hostile: Path) -> None:
    for css in (".list a:visible", ".strip a:visible"):
        visit.open(hostile, "#/")
        visit.page.wait_for_selector("#home .strip a")
        targets = visit.page.locator(css).evaluate_all("all => all.map(a => a.hash)")
        assert targets
        for hash_ in targets:
            visit.open(hostile, hash_)
            visit.page.wait_for_selector("#place :is(.fan, .cities)", state="attached")
    every = ",".join(map(_quoted, NAMES[5:10]))
    visit.open(hostile, f"#/compare/{every}")
    assert visit.page.locator("#place .fan").count() == 5


def test_long_and_turned_names_keep_the_page_in_shape(visit: Visit, hostile: Path) -> None:
    for width in (1280, 360):
        visit.page.set_viewport_size({"width": width, "height": 900})
        for fragment in ("#/", f"#/city/{NAMES[-1]}", f"#/compare/{NAMES[-1]},{NAMES[8]}"):
            visit.page.goto("about:blank")
            visit.open(hostile, fragment)
            wide = visit.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, fragment
    visit.page.set_viewport_size({"width": 1280, "height": 900})
    sentences = visit.page.evaluate("""() => [...document.querySelectorAll('.sentences span')]
      .map((node) => node.textContent).filter((text) => text.includes('\\u202e'))""")
    isolated = re.compile("\u2068[^\u2069]*\u202e[^\u2069]*\u2069")
    assert sentences
    assert all(isolated.search(text) for text in sentences)


def test_a_download_of_hostile_names_holds_no_formula(visit: Visit, hostile: Path) -> None:
    visit.open(hostile, "#/")
    with visit.page.expect_download() as waiting:
        visit.page.click("#download")
    text = waiting.value.path().read_text("utf-8-sig")
    assert "'=HYPERLINK" in text
    assert not re.search(r'^"?[=@+]', text, re.MULTILINE)


def _nothing_known(inputs: Inputs) -> Inputs:
    for name in ("forecast", "lower", "upper", "p_below_0", "p_worst_tenth"):
        inputs.forecast.loc[inputs.forecast["city"] == "Alby", name] = np.nan
    return inputs


def _one_group(inputs: Inputs) -> Inputs:
    inputs.forecast["province"] = "Only"
    return inputs


def _placed(where: Callable[[int], tuple[float | None, float | None]]) -> Callable[..., Inputs]:
    def change(inputs: Inputs) -> Inputs:
        for k, place in enumerate(inputs.info["places"]["cities"].values()):
            place["lon"], place["lat"] = where(k)
        return inputs

    return change


ODD: dict[str, Callable[[Inputs], Inputs]] = {
    "a city without a forecast": _nothing_known,
    "one group": _one_group,
    "no coordinates": _placed(lambda k: (None, None)),
    "latitude before longitude": _placed(lambda k: (30.0 + k, 110.0 + k)),
    "at the poles": _placed(lambda k: (30.0 * k, 90.0)),
    "all at one place": _placed(lambda k: (110.0, 30.0)),
    "no number": _placed(lambda k: (math.nan, math.inf)),
    "no past and no peers": lambda inputs: dataclasses.replace(
        inputs, info={name: own for name, own in inputs.info.items() if name != "places"}
    ),
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_panels_are_shown(visit: Visit, tmp_path: Path, odd: str) -> None:
    inputs = placed_inputs(cities=6, origins=range(2015, 2019), names=(), horizons=(1,))
    path = placed_report(tmp_path, ODD[odd](inputs))
    assert "NaN" not in path.read_text("utf-8")
    visit.open(path)
    assert len(visit.column("tr")) == 6
    box = visit.page.evaluate("(document.getElementById('map') || document.body).viewBox?.baseVal")
    wide = visit.page.evaluate("document.getElementById('map')?.getBoundingClientRect().height")
    assert box is None or wide > 40
    visit.open(path, "#/city/Alby")
    assert visit.page.text_content("#place h2") == "Alby"


def test_one_city_is_shown(visit: Visit, tmp_path: Path) -> None:
    inputs = placed_inputs(cities=4, origins=range(2015, 2019), names=(), horizons=(1,))
    alone = inputs.forecast[inputs.forecast["city"] == "Alby"].reset_index(drop=True)
    drivers = inputs.drivers[inputs.drivers["city"] == "Alby"]
    backtest = inputs.backtest[inputs.backtest["city"] == "Alby"]
    places = inputs.info["places"]
    places["cities"] = {"Alby": places["cities"]["Alby"] | {"peers": []}}
    own = dataclasses.replace(inputs, forecast=alone, drivers=drivers, backtest=backtest)
    visit.open(placed_report(tmp_path, own))
    assert visit.column(".city") == ["Alby"]
    visit.page.click("#city-table .city a")
    visit.page.wait_for_selector("#place .fan")
