"""The words of the report: every text in English and Chinese, filled once and in one place.

Other rooms hand over codes and figures; what a reader sees stands in ``texts.toml`` under a key
that is the code behind its kind (``family_digital``, ``status_ended``). Names of models are in the
tables of their learners and baselines, those of variables and indicators in the catalogue.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any

from city_resilience.catalogue.gazetteer.search import english_name
from city_resilience.catalogue.nouns import load_nouns, of_places, of_places_zh
from city_resilience.catalogue.shipped import shipped_toml
from city_resilience.evaluation.candidates import candidate_labels
from city_resilience.report.formatting import Number, signed, unsigned
from city_resilience.resilience.measures import measure_of

__all__ = [
    "LANGUAGES",
    "Both",
    "Texts",
    "both",
    "every_text",
    "joined",
    "language_of",
    "measure_sign",
    "measure_words",
    "model_name",
    "placed",
    "quoted",
    "unit_words",
    "words",
]

LANGUAGES = ("en", "zh")
Both = dict[str, str]
"""Language → text."""
_TURNING = re.compile("[\u061c\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_ISOLATED = re.compile("\u2068[^\u2066-\u2069]*\u2069")
"""What changes the direction of writing, and what keeps that to itself."""


@cache
def every_text() -> Mapping[str, Both]:
    """Return the shipped texts as they are written: key → language → text with {figures}."""
    source = files("city_resilience.report").joinpath("texts.toml").read_text(encoding="utf-8")
    pairs = tomllib.loads(source).items()
    shipped = {key: dict(zip(LANGUAGES, texts, strict=True)) for key, texts in pairs}
    for name, noun in load_nouns().items():
        shipped[f"noun_{name}"] = {"en": noun.one, "zh": noun.zh}
        shipped[f"noun_{name}_many"] = {"en": noun.many, "zh": noun.zh}
    return shipped


def words(code: str, lang: str, **figures: object) -> str:
    """Return one text in one language, its figures filled in; no measure stands behind it.

    Examples
    --------
    >>> words("status_ended", "en", year=2016)
    'not observed since 2016'
    """
    return Texts()(code, **figures)[lang]


def model_name(model: str, lang: str) -> str:
    """Return a model's name in words, or its id when there is no such candidate."""
    return candidate_labels(lang).get(model, model)


def both(make: Callable[[str], object]) -> Both:
    """Return what a function of the language gives for each."""
    return {lang: str(make(lang)) for lang in LANGUAGES}


def joined(parts: Iterable[Mapping[str, str]], between: Mapping[str, str] | str = "") -> Both:
    """Join texts in both languages, leaving out empty ones."""
    texts = list(parts)
    gap = between if isinstance(between, Mapping) else both(lambda _: between)
    return both(lambda lang: gap[lang].join(filter(None, (text[lang] for text in texts))))


def language_of(names: Iterable[str]) -> str:
    """Return the language of names of places: "zh" where most are of Chinese characters.

    Examples
    --------
    >>> language_of(["郑州市", "洛阳市", "Macao"]), language_of(["Ohio"]), language_of([])
    ('zh', 'en', 'en')
    """
    chinese = [bool(re.search("[\u4e00-\u9fff]", name)) for name in names]
    return "zh" if 2 * sum(chinese) > len(chinese) else "en"


def measure_words(id: str, noun: str = "city", nation: str = "sum") -> dict[str, str]:
    """Return what the words need of a measure: ``id``, label in both languages, ``unit``.

    Parameters
    ----------
    noun : str
        What a place is called, `experiment.experiment.Noun`.
    nation : str
        What a place is compared with, a key ``nation_…`` of the texts.
    """
    own = measure_of(id)
    label = {"en": own.label_en, "zh": own.label_zh}
    about = {"noun": noun, "nation": nation}
    return {"id": own.id, **placed(label, noun), "unit": own.mark, **about}


def measure_sign(id: str, noun: str = "city", nation: str = "sum") -> str:
    """Say in English what a value above 0 means, and of what a place is compared with.

    Examples
    --------
    >>> measure_sign("growth_gap", "county"), measure_sign("growth_gap", nation="mean_growth")
    ('above 0: grew faster than all counties together', \
'above 0: grew faster than the mean growth of all cities')
    """
    together = Texts(measure_words(id, noun, nation))
    sign = re.sub(r"the nation\b(?!')", together(f"nation_{nation}")["en"], measure_of(id).sign)
    if nation.removeprefix("own_").startswith("mean_of_logs"):  # a rate: nothing grows
        sign = sign.replace("grew faster", "did better")
    return together.of_places(sign)


def _isolated(name: str) -> str:
    """Return a name that keeps the direction of its letters to itself.

    Examples
    --------
    >>> _isolated("Alby"), _isolated("\u202eAlby") == "\u2068\u202eAlby\u2069"
    ('Alby', True)
    """
    if not _TURNING.search(_ISOLATED.sub("", name)):
        return name
    return f"\u2068{name.translate(dict.fromkeys(range(0x2066, 0x206A)))}\u2069"


def placed(text: Both, noun: str) -> Both:
    """Return a text of ours, written of cities, with another word for a place.

    Not for texts that hold names of places or words of the user's own.

    Examples
    --------
    >>> placed({"en": "Cities and the city", "zh": "各城市"}, "county")
    {'en': 'Counties and the county', 'zh': '各县'}
    """
    if noun == "city":
        return text
    return {"en": of_places(text["en"], noun), "zh": of_places_zh(text["zh"], noun)}


def quoted(name: Both) -> Both:
    """Return the name of an indicator as a sentence has it: in quotation marks.

    Examples
    --------
    >>> quoted({"en": "Last gap", "zh": "上年差距"})
    {'en': '“Last gap”', 'zh': '“上年差距”'}
    """
    return {lang: f"“{name[lang]}”" for lang in LANGUAGES}


def unit_words(unit: str) -> Both:
    """Return the unit of a variable or an indicator as each language writes it.

    Examples
    --------
    >>> unit_words("per 10k people")["zh"], unit_words("盏")["en"]
    ('每万人', '盏')
    """
    own = _units().get(unit, (unit, unit))
    return dict(zip(LANGUAGES, own, strict=True))


@cache
def _units() -> Mapping[str, Iterable[str]]:
    return shipped_toml("units.toml", "report")


class Texts:
    """The texts in the words and the unit of what is forecast.

    Parameters
    ----------
    measure : mapping, optional
        As `measure_words` returns it and a summary holds it. A unit without words of its own is
        written as it is.
    noun : str
        What a place is called where no measure says so.
    """

    def __init__(self, measure: Mapping[str, str] | None = None, *, noun: str = "city") -> None:
        own = measure or {"id": "", "unit": "", **dict.fromkeys(LANGUAGES, "")}
        self.measure, self.unit = own["id"], own["unit"]
        self.noun = own.get("noun", noun)
        label, nothing = both(lambda lang: own[lang]), both(lambda _: "")
        self._figures: dict[str, Both] = {
            "measure": self.find(f"measure_{self.measure}") or label,
            "nation": self._nation(own.get("nation", "sum")),
            "unit_note": self.find(f"unit_note_{self.unit}") or nothing,
            **{kind: self.name(kind, self.unit) for kind in ("unit_long", "unit_head")},
        }
        against = f"against_{self.measure}"
        self._figures["against"] = self(against) if self.find(against) else nothing

    def __call__(self, key: str, **figures: object) -> Both:
        """Return a text in both languages; a figure may itself be in both.

        Raises
        ------
        KeyError
            If there is no such text, or a figure is missing.
        """
        text, values = placed(every_text()[key], self.noun), {**self._figures, **figures}
        return both(lambda lang: text[lang].format(**self._in(values, lang)))

    def fill(self, text: str, figures: Mapping[str, Any]) -> Both:
        """Return a text of figures and words alone, "–" where one of them is missing."""
        names = (name for _, name, _, _ in Formatter().parse(text) if name)
        if any(figures[name] is None for name in names):
            return both(lambda _: "–")
        return both(lambda lang: text.format(**self._in(figures, lang)))

    def _in(self, figures: Mapping[str, Any], lang: str) -> dict[str, Any]:
        unit = self.name("unit", self.unit)[lang]
        return {
            name: _isolated(value[lang])
            if isinstance(value, Mapping) and lang in value
            else Number(value, unit, lang)
            if value is None or isinstance(value, int | float)
            else _isolated(value)
            if isinstance(value, str)
            else value
            for name, value in figures.items()
        }

    def unfilled(self, key: str) -> Both:
        """Return a text with the words of the measure, and its other figures as ``{figure}``."""
        text = every_text()[key]
        names = {name for own in text.values() for _, name, _, _ in Formatter().parse(own) if name}
        return self(key, **{name: f"{{{name}}}" for name in names - set(self._figures)})

    def find(self, key: str) -> Both | None:
        """Return a text as it is written, None where there is none."""
        found = every_text().get(key)
        return None if found is None else placed(found, self.noun)

    def special(self, key: str) -> str:
        """Return the key of a text in the words of the measure, the plain one where none is."""
        own = f"{key}_{self.measure}"
        return own if own in every_text() else key

    def _nation(self, nation: str) -> Both:
        """Return what a place is compared with."""
        found = self.find(f"nation_{nation}")
        assert found is not None  # one for each way of `Nation`
        return found

    def of_places(self, text: str) -> str:
        """Return an English text of ours, written of cities, in the word for a place."""
        return of_places(text, self.noun)

    def describe(self, key: str) -> Both | str:
        """Return what a head or a figure means, which stands under its key with ``_long``."""
        return self(f"{key}_long") if self.find(f"{key}_long") else ""

    def name(self, kind: str, id: str) -> Both:
        """Return the name of a model, family, flag, group … in words, else its id."""
        if kind == "model":
            return both(lambda lang: model_name(id, lang))
        return self.find(f"{kind}_{id}") or both(lambda _: id)

    def level(self, group: str, level: str) -> Both:
        """Return the name of a group of cities by its grouping, else as the panel has it.

        A Chinese province has its English name where the gazetteer knows one.
        """
        code = level.replace(" ", "_")
        own = self.find(f"level_{group}_{code}")
        if own is None and self.find(f"group_{group}"):
            own = self.find(f"level_{code}")
        if own is None and group == "province":
            own = {"en": english_name(level) or level, "zh": level}
        return own or both(lambda _: level)

    def status(self, status: Mapping[str, Any]) -> Both:
        """Say whether a family is observed."""
        return self(f"status_{status['code']}", year=status["year"])

    def count(self, key: str, n: int, **figures: object) -> Both:
        """Return a text about ``n`` things, in the singular where there is one."""
        return self(f"{key}_one" if n == 1 else key, n=n, **figures)

    def figure(self, value: Any, digits: int = 2, *, sign: bool = False) -> Both:
        """Return a figure with the unit of the measure, "–" for None.

        Parameters
        ----------
        value : float, str or None
            A text is taken as written already.
        """
        if value is None:
            return both(lambda _: "–")
        text = value if isinstance(value, str) else (signed if sign else unsigned)(value, digits)
        unit = self.name("unit", self.unit)
        return both(lambda lang: f"{text} {unit[lang]}".rstrip())
