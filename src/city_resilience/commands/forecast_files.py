"""The files of a forecast: table, totals of groups and manifest, which come together."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from city_resilience import __version__
from city_resilience.errors import InputError
from city_resilience.files import appearing, sha256_of, write_csv_to, write_parts, write_table

if TYPE_CHECKING:
    from city_resilience.commands.forecasting import Predicted
    from city_resilience.models.bundle import OpenedBundle
    from city_resilience.report.forecast_sheet import ForecastSheet

__all__ = ["STDOUT", "files_of", "inputs_of", "is_done", "manifest_path", "write_forecast"]

STDOUT = Path("-")


def manifest_path(out: Path) -> Path:
    """Return where the manifest of a forecast stands."""
    return out.with_name(out.name + ".manifest.json")


def inputs_of(
    data: object, model: str, early: Sequence[tuple[str, Any]], settings: Any
) -> dict[str, Any]:
    """Return what a forecast file depends on: SHA-256 of all that is read, and what was asked.

    Same inputs and same program, same bytes. A frame or a loaded model has no SHA-256: "".

    Parameters
    ----------
    data : path or anything else
        A file, or a folder of parts.
    model : str
        SHA-256 of the manifest of its bundle.
    early : sequence of (str, path)
        Named files of early releases.
    settings : object
        What else was asked, written as its repr.
    """
    return {
        "data": _sha256(data),
        "model": model,
        "early": {name: _sha256(file) for name, file in early},
        "asked": hashlib.sha256(repr(settings).encode()).hexdigest(),
        "program": __version__,
    }


def _sha256(source: object) -> str:
    if not isinstance(source, str | Path) or not Path(source).exists():
        return ""
    path = Path(source)
    if path.is_file():
        return sha256_of(path)
    inside = sorted(own for own in path.rglob("*") if own.is_file())
    parts = [f"{own.relative_to(path).as_posix()} {sha256_of(own)}" for own in inside]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def is_done(out: Path, inputs: Mapping[str, Any]) -> bool:
    """Say whether a forecast file is there, whole, and made of the same inputs."""
    try:
        manifest = json.loads(manifest_path(out).read_text(encoding="utf-8"))
        files = {out.name: manifest["sha256"], **manifest["beside"]}
        whole = all(sha256_of(out.with_name(name)) == own for name, own in files.items())
        return bool(whole and manifest["inputs"] == inputs)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def write_forecast(
    result: Predicted,
    out: Path,
    groups: Path | None,
    bundle: OpenedBundle | None,
    inputs: Mapping[str, Any],
) -> dict[str, Any]:
    """Write the files of a forecast and return its manifest, which is written last.

    Parameters
    ----------
    out : Path
        ``-`` is the standard output, as CSV and without a manifest.
    groups : Path or None
        Where the totals of groups go.
    inputs : mapping
        Of `inputs_of`, for the manifest.
    """
    if out == STDOUT:
        if groups is not None and result.groups is not None:
            write_table(result.groups, groups)
        write_csv_to(
            result.table if not result.asked.lang else _sheet(result).rounded(), sys.stdout
        )
        return {}
    writers = _writers(result, out)
    if groups is not None and result.groups is not None:
        writers = {groups: partial(write_table, result.groups)} | writers
    with appearing([*writers, manifest_path(out)]) as (*places, sign):
        for place, write in zip(places, writers.values(), strict=True):
            write(place)
        sums = {path: sha256_of(place) for path, place in zip(writers, places, strict=True)}
        manifest = _manifest(result, out, sums) | {
            "model": _model(result, bundle),
            "inputs": dict(inputs),
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
        sign.write_text(text, encoding="utf-8", newline="\n")
    return manifest


def files_of(out: Path, lang: str) -> tuple[Path, ...]:
    """Return the files of a forecast besides its manifest, the one that was named last.

    Raises
    ------
    InputError
        If a language is named for a Parquet file.
    """
    if lang and out.suffix.lower() == ".parquet":
        raise InputError(
            f"{out}: a Parquet file has names for programs alone; leave --lang out, or end the "
            "name in .csv or .xlsx"
        )
    if lang and out.suffix.lower() == ".csv":
        return out.with_suffix(".parquet"), out
    return (out,)


def _writers(result: Predicted, out: Path) -> dict[Path, Callable[[Path], object]]:
    """Return what writes each file of a forecast, the one that was named last."""
    plain = partial(write_parts, result.laid.parts())
    if out.suffix.lower() == ".xlsx":
        from city_resilience.report.forecast_workbook import write_forecast_workbook

        return {out: partial(write_forecast_workbook, result.table, _sheet(result))}
    *beside, _ = files_of(out, result.asked.lang)
    if not beside:
        return {out: plain}
    return {beside[0]: plain, out: partial(write_table, _sheet(result).rounded())}


def _sheet(result: Predicted) -> ForecastSheet:
    """Lay the forecast out for readers, in the language that was asked for."""
    from city_resilience.report.forecast_sheet import forecast_sheet
    from city_resilience.report.texts import Texts, measure_words
    from city_resilience.tasks.early import available_from

    experiment, lang = result.forecaster.experiment, result.asked.lang or "en"
    outcome = experiment.outcome
    title = experiment.title_zh if lang == "zh" else ""
    about = {
        "title": title or experiment.title or experiment.name,
        "model": result.model or experiment.name,
        "data": Path(result.panel.source).name,
        "origin": result.origin,
        "available_from": available_from(result.origin, outcome.publication_delay_days),
        "coverage": result.asked.coverage,
        "simulated": experiment.data.simulated,
        "alarms": result.alarms,
    }
    say = Texts(measure_words(outcome.measure, experiment.noun, result.nation))
    return forecast_sheet(result.said, say, lang, about)


def _manifest(result: Predicted, out: Path, sums: Mapping[Path, str]) -> dict[str, Any]:
    from city_resilience.models.versions import package_versions
    from city_resilience.tasks.early import available_from

    counts, experiment = result.laid.counts, result.forecaster.experiment
    delay = experiment.outcome.publication_delay_days
    return {
        "file": out.name,
        "sha256": sums[out],
        "beside": {path.name: own for path, own in sums.items() if path != out},
        "lang": result.asked.lang,
        "rows": counts.rows,
        "cities": counts.cities,
        "origin": result.origin,
        "available_from": available_from(result.origin, delay).isoformat(),
        "horizons": sorted(result.laid.horizons),
        "flags": dict(sorted(counts.flags.items())),
        "information": dict(counts.information.most_common()),
        "early": {"said": list(result.news), "missing": list(result.early.missing)},
        "unobserved_families": dict(result.unobserved_families),
        "masked_cells": list(result.panel.masked),
        "alarms": list(result.alarms),
        "simulated": experiment.data.simulated,
        "data": {
            "file": Path(result.panel.source).name,
            "fingerprint": result.fingerprint,
            "account": result.panel.account.as_dict(),
        },
        "versions": {"city-resilience": __version__, **package_versions()},
    }


def _model(result: Predicted, bundle: OpenedBundle | None) -> Mapping[str, Any]:
    forecaster = result.forecaster
    about = {
        "name": forecaster.experiment.name,
        "reference": result.model,
        "origin": forecaster.origin,
        "experiment_digest": forecaster.experiment.digest(),
        "data_fingerprint": forecaster.fingerprint,
    }
    return about if bundle is None else about | {"trained_with": dict(bundle.trained_with)}
