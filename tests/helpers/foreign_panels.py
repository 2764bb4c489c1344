"""Panels to draft an experiment from: made-up ones of twelve kinds, and Grunfeld's firms.

All names and numbers of the twelve are made up. Grunfeld's ten firms, 1935-1954, are public data
(Grunfeld 1958, The Determinants of Corporate Investment), as `statsmodels` ships them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

__all__ = ["PANELS", "Foreign", "grunfeld"]


@dataclass(frozen=True)
class Foreign:
    """A panel and what should be made of it.

    Attributes
    ----------
    file : str
        Name of the file.
    make : callable
        ``make(places)`` returns the frame.
    places : int
        How many places it has in full.
    right : mapping of str to object
        Keys of the experiment by their dots, with the right values.
    families : mapping of str to str
        Header of own columns to their right family.
    asks : str
        Flag of the one question that is right to ask; "" for none.
    answer : str
        What a user would answer.
    """

    file: str
    make: Callable[[int], pd.DataFrame]
    places: int
    right: Mapping[str, object]
    families: Mapping[str, str] = field(default_factory=dict)
    asks: str = ""
    answer: str = ""


_SYLLABLES = (
    "ba",
    "ko",
    "ri",
    "tu",
    "len",
    "mar",
    "so",
    "vi",
    "dan",
    "pe",
    "gor",
    "al",
    "nes",
    "hu",
)


@dataclass
class _Law:
    """Draws of one made-up country."""

    places: int
    years: range
    seed: int

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        n, t = self.places, len(self.years)
        self.size = np.exp(self.rng.normal(0, 1.0, (n, 1)))
        own = self.rng.normal(0, 0.01, (n, 1))
        noise = self.rng.normal(0, 0.02, (n, t))
        for at in range(1, t):
            noise[:, at] += 0.4 * noise[:, at - 1]
        self.growth = 0.03 + own + noise + self.rng.normal(0, 0.015, (1, t))

    def output(self, scale: float = 1000.0) -> np.ndarray:
        return self.size * scale * np.exp(np.cumsum(self.growth, axis=1))

    def count(self, scale: float, spread: float = 0.15) -> np.ndarray:
        """Return counts that follow the size of places and drift slowly."""
        t = len(self.years)
        own = np.exp(self.rng.normal(0, spread, (self.places, 1)))
        drift = np.exp(
            0.01 * np.arange(t) + np.cumsum(self.rng.normal(0, 0.004, (self.places, t)), axis=1)
        )
        return self.size * scale * own * drift

    def share(self, low: float, high: float) -> np.ndarray:
        start = self.rng.uniform(low, high, (self.places, 1))
        steps = self.rng.normal(
            (high - low) / 60, (high - low) / 60, (self.places, len(self.years))
        )
        return np.clip(start + np.cumsum(steps, axis=1), low / 2, None)

    def names(self) -> list[str]:
        drawn: list[str] = []
        syllables = 3 if self.places <= 1000 else 5
        while len(drawn) < self.places:
            name = "".join(self.rng.choice(_SYLLABLES, size=syllables)).capitalize()
            drawn += [name] if name not in drawn else []
        return drawn

    def rows(self, **columns: object) -> pd.DataFrame:
        """Lay columns out, one row for each place and year: by place, by year or by both."""
        n, t = self.places, len(self.years)
        laid = {}
        for header, values in columns.items():
            array = np.asarray(values)
            if array.shape == (n, t):
                laid[header] = np.round(array, 4).ravel()
            else:
                laid[header] = np.repeat(array, t) if len(array) == n else np.tile(array, n)
        return pd.DataFrame(laid)

    def in_units(self, names: list[str]) -> list[str]:
        return [names[at * len(names) // self.places] for at in range(self.places)]


def _indonesia(places: int) -> pd.DataFrame:
    law = _Law(places, range(2010, 2023), 1)
    return law.rows(
        **{
            "provinsi": law.in_units(["Utara", "Selatan", "Timur", "Barat"]),
            "kabupaten": law.names(),
            "tahun": list(law.years),
            "PDRB ADHK 2010 (miliar rupiah)": law.output(),
            "PDRB ADHB (miliar rupiah)": law.output() * 1.3,
            "Penduduk (ribu)": law.count(200),
            "Internet users (%)": law.share(10, 60),
            "Angka melek huruf, pendidikan (%)": law.share(70, 95),
            "Population density": law.share(50, 900),
        }
    )


def _germany(places: int) -> pd.DataFrame:
    law = _Law(places, range(2004, 2022), 2)
    return law.rows(
        **{
            "AGS": [f"{at // 100 + 1:02d}{at:03d}" for at in range(places)],
            "Kreis": law.names(),
            "Bundesland": law.in_units(["Nordland", "Mitteland", "Südland"]),
            "Jahr": list(law.years),
            "Bruttowertschöpfung, preisbereinigt (Mio. EUR)": law.output(5000),
            "Erwerbstätige (Tsd.)": law.count(60),
            "Breitband ab 50 Mbit/s (%)": law.share(20, 80),
            "Patentanmeldungen je 100000 Einwohner": law.share(5, 60),
            "Arbeitslosenquote (%)": law.share(3, 9),
        }
    )


def _brazil(places: int) -> pd.DataFrame:
    law = _Law(places, range(2002, 2018), 3)
    names = law.names()
    names[1], names[5] = names[0], names[4]
    prices = np.exp(0.06 * np.arange(len(law.years)))
    return law.rows(
        **{
            "codigo_ibge": [1100000 + 13 * at for at in range(places)],
            "município": names,
            "UF": law.in_units(["NB", "SB", "LB"]),
            "ano": list(law.years),
            "PIB a preços correntes (mil reais)": law.output(9e5) * prices,
            "PIB deflator": prices,
            "população": law.count(30_000),
            "Linhas de banda larga": law.count(900, 0.5),
            "Matrículas no ensino superior": law.count(700, 0.6),
        }
    )


def _counties(places: int) -> pd.DataFrame:
    law = _Law(places, range(2001, 2020), 4)
    names = [f"{name} County" for name in law.names()]
    names[places // 2] = names[0]
    return law.rows(
        fips=[f"{at // 40 + 1:02d}{2 * at + 1:03d}" for at in range(places)],
        county=names,
        state=law.in_units(["Northsota", "Southexas", "Eastia", "Westana"]),
        year=list(law.years),
        jobs=np.round(law.output(20_000)),
        patents_per_10k=law.share(0.2, 6),
        bachelor_degree_share_pct=law.share(12, 45),
        net_migration_per_1000=law.share(1, 9),
    )


def _europe(places: int) -> pd.DataFrame:
    law = _Law(places, range(2003, 2021), 5)
    countries = law.in_units(["Arland", "Borland", "Corland", "Dorland", "Erland"])
    return law.rows(
        **{
            "nuts": [f"{country[:2].upper()}{at:02d}" for at, country in enumerate(countries)],
            "region": law.names(),
            "country": countries,
            "year": list(law.years),
            "GVA (million EUR, 2015 prices)": law.output(20_000),
            "R&D expenditure (% of GDP)": law.share(0.5, 3),
            "Tertiary education attainment (%)": law.share(20, 45),
            "Share of manufacturing in GVA (%)": law.share(8, 30),
        }
    )


def _france(places: int) -> pd.DataFrame:
    law = _Law(places, range(2005, 2020), 6)
    population = law.count(120_000)
    return law.rows(
        **{
            "ville": law.names(),
            "région": law.in_units(["Hautmont", "Basmont", "Lamer"]),
            "année": list(law.years),
            "PIB par habitant (euros)": law.output(3e9) / population,
            "Population": np.round(population),
            "Part des services (%)": law.share(40, 75),
            "Taux de chômage (%)": law.share(5, 12),
        }
    )


def _logs(places: int) -> pd.DataFrame:
    law = _Law(places, range(1995, 2013), 7)
    return law.rows(
        province=law.names(),
        year=list(law.years),
        lgdp=np.log(law.output(4000)),
        ln_population=np.log(law.count(3000)),
        school_years=law.share(5, 9),
        road_density=law.share(10, 80),
    )


def _hidden_logs(places: int) -> pd.DataFrame:
    law = _Law(places, range(1998, 2014), 8)
    return law.rows(
        oblast=law.names(),
        god=list(law.years),
        output=np.log(law.output(90_000)),
        investment=law.count(50, 0.5),
        internet_access_pct=law.share(5, 40),
    )


def _india(places: int) -> pd.DataFrame:
    law = _Law(places, range(2009, 2021), 9)
    return law.rows(
        **{
            "district": law.names(),
            "state": law.in_units([f"State {letter}" for letter in "ABCDEFGH"]),
            "year": [f"FY{year}" for year in law.years],
            "Gross district domestic product at constant prices (lakh rupees)": law.output(2e5),
            "Bank credit": law.count(4e4, 0.4),
            "Mobile subscribers per 100": law.share(20, 70),
            "Literacy rate (%)": law.share(55, 80),
        }
    )


def _short(places: int) -> pd.DataFrame:
    law = _Law(places, range(2015, 2022), 10)
    return law.rows(
        **{
            "gmina": law.names(),
            "voivodeship": law.in_units(["Górne", "Dolne"]),
            "rok": list(law.years),
            "PKB w cenach bieżących (mln zł)": law.output(800),
            "ludność, population": law.count(12_000),
            "patents": np.round(law.count(30, 0.8)),
        }
    )


def _spain(places: int) -> pd.DataFrame:
    law = _Law(places, range(2002, 2020), 11)
    return law.rows(
        **{
            "provincia": law.names(),
            "comunidad autónoma": law.in_units(["Costa", "Sierra", "Llano"]),
            "año": list(law.years),
            "Tasa de desempleo (%)": law.share(6, 18),
            "Población": np.round(law.count(500_000)),
            "Educación superior (%)": law.share(15, 40),
            "Hogares con banda ancha (%)": law.share(20, 80),
        }
    )


def _korea(places: int) -> pd.DataFrame:
    law = _Law(places, range(2006, 2022), 12)
    return law.rows(
        **{
            "시군": law.names(),
            "지역": law.in_units(["북도", "남도"]),
            "연도": list(law.years),
            "GRDP by production (billion won)": law.output(3000),
            "GRDP by expenditure (billion won)": law.output(3100),
            "인구 (명)": np.round(law.count(90_000)),
            "5G base stations per 1000": law.share(0.5, 4),
        }
    )


PANELS: Mapping[str, Foreign] = {
    "indonesia": Foreign(
        "kabupaten indonesia.csv",
        _indonesia,
        514,
        {
            "noun": "district",
            "data.city": "kabupaten",
            "data.year": "tahun",
            "data.province": "provinsi",
            "outcome.column": "PDRB ADHK 2010 (miliar rupiah)",
            "outcome.unit": "miliar rupiah",
            "outcome.scale": "level",
        },
        {
            "Internet users (%)": "digital",
            "Angka melek huruf, pendidikan (%)": "talent",
            "Penduduk (ribu)": "control",
        },
    ),
    "germany": Foreign(
        "kreise.csv",
        _germany,
        400,
        {
            "noun": "district",
            "data.city": "Kreis",
            "data.year": "Jahr",
            "data.province": "Bundesland",
            "outcome.column": "Bruttowertschöpfung, preisbereinigt (Mio. EUR)",
            "outcome.unit": "Mio. EUR",
            "outcome.horizons": (1, 2, 3),
        },
        {
            "Breitband ab 50 Mbit/s (%)": "digital",
            "Patentanmeldungen je 100000 Einwohner": "innovation",
            "Arbeitslosenquote (%)": "control",
        },
    ),
    "brazil": Foreign(
        "municipios.csv",
        _brazil,
        900,
        {
            "noun": "city",
            "data.city": "município",
            "data.code": "codigo_ibge",
            "data.province": "UF",
            "outcome.column": "PIB a preços correntes (mil reais)",
            "outcome.deflator": "pib_deflator",
        },
        {"Linhas de banda larga": "digital", "Matrículas no ensino superior": "talent"},
    ),
    "counties": Foreign(
        "us counties.csv",
        _counties,
        600,
        {
            "noun": "county",
            "data.city": "county",
            "data.code": "fips",
            "data.province": "state",
            "outcome.column": "jobs",
            "outcome.scale": "level",
        },
        {
            "patents_per_10k": "innovation",
            "bachelor_degree_share_pct": "talent",
            "net_migration_per_1000": "place",
        },
    ),
    "europe": Foreign(
        "nuts2_regions.csv",
        _europe,
        200,
        {
            "noun": "region",
            "data.city": "region",
            "data.nation": "country",
            "outcome.column": "GVA (million EUR, 2015 prices)",
        },
        {
            "R&D expenditure (% of GDP)": "innovation",
            "Tertiary education attainment (%)": "talent",
            "Share of manufacturing in GVA (%)": "structure",
        },
    ),
    "france": Foreign(
        "villes.csv",
        _france,
        150,
        {
            "noun": "city",
            "data.province": "région",
            "outcome.column": "PIB par habitant (euros)",
            "outcome.scale": "per_head",
            "outcome.weight": "population",
        },
        {"Part des services (%)": "structure", "Taux de chômage (%)": "control"},
    ),
    "logs": Foreign(
        "growth_logs.csv",
        _logs,
        60,
        {"noun": "province", "outcome.column": "lgdp", "outcome.scale": "log"},
        {"school_years": "talent", "road_density": "agglomeration"},
    ),
    "hidden_logs": Foreign(
        "regions_east.csv",
        _hidden_logs,
        70,
        {"outcome.column": "output", "outcome.scale": "log", "data.year": "god"},
        {"internet_access_pct": "digital"},
        asks="scale",
        answer="log",
    ),
    "india": Foreign(
        "india_panel.csv",
        _india,
        3000,
        {
            "noun": "district",
            "data.province": "state",
            "outcome.column": "Gross district domestic product at constant prices (lakh rupees)",
            "outcome.unit": "lakh rupees",
        },
        {"Mobile subscribers per 100": "digital", "Literacy rate (%)": "talent"},
    ),
    "short": Foreign(
        "gminy.csv",
        _short,
        250,
        {
            "data.city": "gmina",
            "data.year": "rok",
            "data.province": "voivodeship",
            "outcome.column": "PKB w cenach bieżących (mln zł)",
            "outcome.horizons": (1,),
            "features.min_history": 1,
        },
    ),
    "spain": Foreign(
        "paro.csv",
        _spain,
        52,
        {
            "noun": "province",
            "outcome.column": "Tasa de desempleo (%)",
            "outcome.scale": "rate",
            "outcome.direction": -1,
            "outcome.weight": "poblacion",
        },
        {"Educación superior (%)": "talent", "Hogares con banda ancha (%)": "digital"},
    ),
    "korea": Foreign(
        "korea.csv",
        _korea,
        160,
        {
            "data.city": "시군",
            "data.province": "지역",
            "outcome.column": "GRDP by production (billion won)",
        },
        {"5G base stations per 1000": "digital"},
        asks="outcome",
        answer="GRDP by production (billion won)",
    ),
}


def grunfeld() -> pd.DataFrame:
    """Return Grunfeld's ten firms: investment, market value and capital stock."""
    from statsmodels.datasets import grunfeld as shipped

    frame = shipped.load_pandas().data[["firm", "year", "invest", "value", "capital"]]
    return frame[frame["firm"] != "American Steel"].reset_index(drop=True)
