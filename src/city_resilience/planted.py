"""Small simulated panels in which it is known what drives the gaps: to test explanations.

The law
-------
With standard scores ``z`` of latent series as in `simulate`, the gap of city i in year t + 1 is

    OWN_PAST * gap_t + driven(z_t) + NOISE * (sqrt(SHARED) * shock of its province and the year
                                              + sqrt(1 - SHARED) * its own shock)

less what makes output-weighted growth that of the nation. A `Law` says what ``driven`` is. The
panel prints ``z_ict`` as staff in information services over staff of urban units (of the family
digital), ``z_patents`` as patents per head (innovation), ``z_industry`` as the secondary share
(structure), and three series that drive nothing: students (talent), a green finance index (green
innovation) and wages (control). Cities and provinces are made up.

A panel may be printed as it was in an earlier year, with figures that are revised later by known
amounts, see `as_printed`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Int, Mask
from city_resilience.simulate import (
    BURN_IN,
    ar1,
    centred,
    dealt_provinces,
    keyed_frame,
    made_up_names,
)

__all__ = [
    "BREAK_AT",
    "LAWS",
    "STEEP_SIZE",
    "Law",
    "as_printed",
    "planted_panel",
    "print_errors",
    "threshold_value",
]

OWN_PAST = 0.2
NOISE = 1.5
SHARED = 0.3
BREAK_AT = 0.4
STEEP_SIZE = "large"
PERSISTENCE = MappingProxyType(
    {"ict": 0.8, "patents": 0.8, "industry": 0.8, "students": 0.8, "green": 0.8, "wage": 0.8}
)
COPIES = ("broadband_subscribers", "mobile_subscribers", "ict_copy")
COPY_NOISE = 0.35
_ICT_LEVEL, _ICT_SPREAD = 0.015, 0.5

Driven = Callable[[Mapping[str, Float], Mask], Float]


@dataclass(frozen=True)
class Law:
    """What drives the gaps of a planted panel.

    Attributes
    ----------
    driven : callable
        From the latent series of a year, shape (cities,) each, and whether a city is
        ``large``, to what they add to the next gap, pp.
    order : tuple of str
        The families that drive it, largest first.
    own_past : float
    copies : bool
        Whether ``z_ict`` is printed three times, each with noise of its own, in place of once.
    """

    id: str
    driven: Driven
    order: tuple[str, ...] = ()
    own_past: float = OWN_PAST
    copies: bool = field(default=False)


def _linear(z: Mapping[str, Float], steep: Mask) -> Float:
    del steep
    return np.asarray(1.7 * z["ict"] + 1.0 * z["patents"] + 0.5 * z["industry"])


def _threshold(z: Mapping[str, Float], steep: Mask) -> Float:
    del steep
    return np.asarray(2.5 * (z["ict"] > BREAK_AT) + 0.6 * z["patents"])


def _interaction(z: Mapping[str, Float], steep: Mask) -> Float:
    del steep
    return np.asarray(1.2 * z["ict"] + 1.2 * z["ict"] * z["industry"])


def _copies(z: Mapping[str, Float], steep: Mask) -> Float:
    del steep
    return np.asarray(1.5 * z["ict"] + 0.9 * z["patents"])


def _nothing(z: Mapping[str, Float], steep: Mask) -> Float:
    del steep
    return np.zeros(len(z["ict"]))


def _steeper(z: Mapping[str, Float], steep: Mask) -> Float:
    return np.where(steep, 2.0, 0.5) * z["ict"] + 0.6 * z["patents"]


def _alike(z: Mapping[str, Float], steep: Mask) -> Float:
    del steep
    return np.asarray(1.0 * z["ict"] + 0.6 * z["patents"])


LAWS: Mapping[str, Law] = MappingProxyType(
    {
        law.id: law
        for law in (
            Law("linear", _linear, ("digital", "innovation", "structure")),
            Law("threshold", _threshold, ("digital", "innovation")),
            Law("interaction", _interaction, ("digital", "structure")),
            Law("copies", _copies, ("digital", "innovation"), copies=True),
            Law("noise", _nothing, own_past=0.0),
            Law("group", _steeper, ("digital", "innovation")),
            Law("no_group", _alike, ("digital", "innovation")),
        )
    }
)
"""The laws by name; ``no_group`` is ``group`` without the difference between the sizes."""


def threshold_value(score: float = BREAK_AT) -> float:
    """Return the ICT share of employment, %, at a standard score of its latent series."""
    return float(100 * _ICT_LEVEL * np.exp(_ICT_SPREAD * score))


def planted_panel(law: str, cities: int = 100, years: int = 16, seed: int = 0) -> pd.DataFrame:
    """Simulate a panel under one of the ``LAWS``.

    Returns
    -------
    DataFrame
        As of ``simulate_panel(...).frame``; years from 2000.

    Raises
    ------
    KeyError
        If there is no such law.
    """
    chosen, rng = LAWS[law], np.random.default_rng(seed)
    span = years + BURN_IN
    z = {name: ar1(rng, cities, span, rho) for name, rho in PERSISTENCE.items()}
    province = dealt_provinces(rng, cities)
    people = 120.0 * np.exp(0.6 * rng.standard_normal(cities))
    output = _output(rng, chosen, z, province, people)
    printed = {name: series[:, BURN_IN:] for name, series in z.items()}
    columns = {"gdp_real": output[:, BURN_IN:], **_columns(rng, printed, people, chosen.copies)}
    names = np.array(made_up_names(rng, cities))
    return keyed_frame(columns, names, np.arange(2000, 2000 + years), province)


def _output(
    rng: np.random.Generator, law: Law, z: Mapping[str, Float], province: Int, people: Float
) -> Float:
    """Return output, shape (cities, burn-in + years)."""
    cities, span = z["ict"].shape
    steep = np.asarray(people >= np.quantile(people, 2 / 3))
    output, gap = np.empty((cities, span)), np.zeros(cities)
    output[:, 0] = 2.0 * people * np.exp(0.2 * rng.standard_normal(cities))
    for year in range(1, span):
        shared = rng.standard_normal(int(province.max()) + 1)[province]
        shock = np.sqrt(SHARED) * shared + np.sqrt(1 - SHARED) * rng.standard_normal(cities)
        driven = law.driven({name: series[:, year - 1] for name, series in z.items()}, steep)
        gap = centred(law.own_past * gap + driven + NOISE * shock, output[:, year - 1])
        output[:, year] = output[:, year - 1] * np.exp((rng.normal(6.0, 0.8) + gap) / 100.0)
    return output


def _columns(
    rng: np.random.Generator, z: Mapping[str, Float], start: Float, copies: bool
) -> dict[str, Float]:
    """Return what a yearbook would print of the latent series, by catalogue id."""
    people = np.repeat(start[:, None], z["ict"].shape[1], axis=1)
    staff = people * 0.12
    seen = dict.fromkeys(COPIES, z["ict"])
    if copies:
        seen = {name: _copy(rng, z["ict"]) for name in COPIES}
    own = {
        "population": people,
        "unit_employment": staff,
        "employment_ict": staff * _ICT_LEVEL * np.exp(_ICT_SPREAD * seen["ict_copy"]),
        "patents_granted": people * np.exp(1.2 + 0.8 * z["patents"]),
        "green_finance_index": 0.5 + 0.1 * z["green"],
        "wage": 50000.0 * np.exp(0.25 * z["wage"]),
        "college_students": people * np.exp(np.log(0.015) + 0.5 * z["students"]),
        "gdp_share_secondary": 0.45 + 0.06 * z["industry"],
    }
    if copies:
        own["broadband_subscribers"] = people * 0.15 * np.exp(0.4 * seen["broadband_subscribers"])
        own["mobile_subscribers"] = people * 0.8 * np.exp(0.2 * seen["mobile_subscribers"])
    return own


def _copy(rng: np.random.Generator, z: Float) -> Float:
    """Return a series with noise of its own, variance 1."""
    noisy = z + COPY_NOISE * rng.standard_normal(z.shape)
    return np.asarray(noisy / np.sqrt(1 + COPY_NOISE**2))


def print_errors(frame: pd.DataFrame, seed: int = 0) -> pd.Series:
    """Draw what the first print of each row is off by: standard normal, in the order of the rows.

    Parameters
    ----------
    frame : DataFrame
        A simulated panel.
    """
    drawn = np.random.default_rng(seed).standard_normal(len(frame))
    return pd.Series(drawn, index=frame.index)


def as_printed(
    frame: pd.DataFrame, year: int, variable: str, sizes: Sequence[float], errors: pd.Series
) -> pd.DataFrame:
    """Return a simulated panel as it was printed when a year was its newest.

    Figures are revised as they age: those of ``year`` are off by ``sizes[0]`` times their error,
    those of the year before by ``sizes[1]`` times theirs, and so on; older ones are final.

    Parameters
    ----------
    frame : DataFrame
        The final panel.
    year : int
    variable : str
        Column that is revised.
    sizes : sequence of float
        Standard deviation of what is yet to be revised, by age in years, in log points.
    errors : Series
        As of `print_errors`, of all rows of ``frame``.

    Examples
    --------
    >>> frame = pd.DataFrame({"city": "A", "year": [2001, 2002, 2003], "gdp_real": 100.0})
    >>> off = pd.Series([1.0, 1.0, -1.0])
    >>> as_printed(frame, 2002, "gdp_real", [10.0], off)["gdp_real"].round(1).tolist()
    [100.0, 110.5]
    """
    printed = frame[frame["year"] <= year]
    age = (year - printed["year"]).to_numpy()
    size = np.append(np.asarray(sizes, dtype=np.float64), 0.0)[np.minimum(age, len(sizes))]
    off = np.exp(size * errors[printed.index].to_numpy() / 100.0)
    changed = printed.assign(**{variable: printed[variable] * off})
    return changed.reset_index(drop=True)
