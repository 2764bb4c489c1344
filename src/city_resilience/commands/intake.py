"""The way in: an experiment with its panel, a panel to be checked, and sheets to be imported."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from city_resilience import __version__
from city_resilience.audit.audit import AuditResult, audit_panel
from city_resilience.audit.read_audited import read_audited
from city_resilience.catalogue.variables import Match
from city_resilience.errors import InputError
from city_resilience.evaluation.live import check_experiment
from city_resilience.experiment import Experiment, load_experiment
from city_resilience.files import check_suffix, refuse_overwriting, write_json, write_table
from city_resilience.progress import Progress, silent
from city_resilience.reading.headers import own_source
from city_resilience.reading.issues import Issue, Place
from city_resilience.reading.panel import Panel
from city_resilience.reading.sheets.importer import Imported, import_sheets
from city_resilience.reading.sheets.labelled import Headers, labelled
from city_resilience.reading.sheets.sheet import file_labels, find_files
from city_resilience.reading.sheets.table import Options
from city_resilience.reading.sheets.years import parse_year_rules
from city_resilience.tasks.dataset import Dataset, build_dataset

__all__ = ["Source", "check_panel_file", "import_files", "listing_path", "load"]


@dataclass(frozen=True)
class Source:
    """An experiment and the panel it runs on.

    ``recipe`` is the digest of the experiment as it was written, before any search. ``panel`` is
    what the indicators are computed from: corrected, with its wrong cells masked; ``audited``
    is about the panel before anything was masked.
    """

    experiment: Experiment
    panel: Panel
    dataset: Dataset
    path: Path
    recipe: str
    audited: AuditResult


def load(experiment_path: Path | str, data: str = "", overrides: Iterable[str] = ()) -> Source:
    """Read an experiment and its panel, audit it, and compute the indicators.

    Parameters
    ----------
    experiment_path : Path
        The TOML file.
    data : str
        Path of the panel; the experiment's own (relative to its file) when empty.
    overrides : iterable of str
        ``section.key=value`` pairs.

    Raises
    ------
    InputError
        If the experiment or the panel is not usable, or no panel is named.
    """
    experiment = load_experiment(experiment_path, overrides)
    if data:
        path = Path(data)
    elif experiment.data.path:
        path = Path(experiment_path).parent / experiment.data.path
    else:
        raise InputError(
            f"{experiment_path}: data.path is empty, this experiment runs on a panel you bring; "
            "name it with --data PATH"
        )
    read = read_audited(path, experiment, purpose="train")
    dataset = build_dataset(read.panel, experiment)
    check_experiment(dataset, experiment)
    return Source(experiment, read.panel, dataset, path, experiment.digest(), read.audit)


def check_panel_file(
    data: str,
    experiment_path: str = "",
    *,
    outcome: str = "",
    sheet: str = "",
    overrides: Iterable[str] = (),
) -> AuditResult:
    """Audit a panel file, as an experiment reads it where one is named.

    Parameters
    ----------
    data : str
        The panel.
    experiment_path : str
        The TOML file; empty for none.
    outcome : str
        Id of the outcome; the experiment's, else real GDP where the panel has it.
    sheet : str
        Sheet of a workbook.

    Raises
    ------
    InputError
        If the experiment is not usable or the file is no panel at all.
    """
    experiment = load_experiment(experiment_path, overrides) if experiment_path else None
    return read_audited(data, experiment, purpose="check", outcome=outcome, sheet=sheet).audit


def import_files(
    paths: Sequence[Path],
    out: Path,
    *,
    years: Sequence[str] = (),
    prefer: Sequence[str] = (),
    experiment_path: str = "",
    country: str = "china",
    headers: Headers = "zh",
    progress: Progress = silent,
) -> tuple[Imported, AuditResult]:
    """Import sheets into a panel file, with the list of all that was not plain beside it.

    Parameters
    ----------
    paths : sequence of Path
        Files and folders.
    out : Path
        Panel file; its listing and manifest are written beside it.
    years, prefer : sequence of str
        Rules that come before those of the experiment.
    experiment_path : str
        Experiment whose ``[sheets]`` and ``[data.columns]`` count; empty for none.
    country : str
        Gazetteer of the names, or ``none``.
    headers : str
        Language of the headers.

    Returns
    -------
    imported : Imported
    audited : AuditResult
        Of the rows about whole cities.

    Raises
    ------
    InputError
        If something is not usable; nothing is written then.
    """
    check_suffix(out)
    experiment = load_experiment(experiment_path) if experiment_path else None
    inside = _sources(paths, out)
    imported = import_sheets(
        inside,
        options=_options(experiment, years),
        country=country,
        prefer=(*prefer, *(experiment.sheets.prefer if experiment else ())),
        progress=progress,
    )
    audited = _audited(imported, experiment)
    own = (
        {c.id or header: header for header, c in experiment.data.columns.items()}
        if experiment
        else {}
    )
    write_table(labelled(imported.frame(), imported.variables, headers, own), out)
    write_table(imported.listing(), listing_path(out))
    write_json(_manifest(imported, audited, inside, out), _manifest_path(out))
    return imported, audited


def _sources(paths: Sequence[Path], out: Path) -> list[Path]:
    """Return the files to read; an earlier import in their folder is not among them.

    Raises
    ------
    InputError
        If the panel or its list would overwrite a file that is no earlier import, or was named.
    """
    found = find_files(paths)
    written = [path for path in (out, listing_path(out)) if path.exists()]
    earlier = written if _is_import(out) else []
    refuse_overwriting(written, (path for path in paths if path.is_file()))
    sources = [path for path in found if not any(path.samefile(own) for own in earlier)]
    refuse_overwriting(written, sources)
    return sources


def _is_import(out: Path) -> bool:
    """Say whether a panel is as an import left it."""
    try:
        manifest = json.loads(_manifest_path(out).read_bytes())
        return bool(manifest["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest())
    except (OSError, ValueError, TypeError, KeyError):
        return False


def _manifest_path(out: Path) -> Path:
    return out.with_name(out.name + ".manifest.json")


def listing_path(out: Path) -> Path:
    """Return where the listing of an import goes: ``panel.csv`` has ``panel.list.csv``."""
    return out.with_name(out.stem + ".list.csv")


def _options(experiment: Experiment | None, years: Sequence[str]) -> Options:
    if experiment is None:
        return Options(years=parse_year_rules(years))
    own = {}
    for header, column in experiment.data.columns.items():
        source = own_source(header, 0, column, experiment.sheets.units)
        own[header] = Match(source.variable, source.unit, source.factor)
    rules = parse_year_rules([*years, *experiment.sheets.years])
    return Options(years=rules, units=experiment.sheets.units, own=own)


def _audited(imported: Imported, experiment: Experiment | None) -> AuditResult:
    """Audit the whole cities; a finding about a cell says in which sheet it stands."""
    panel = imported.panel()
    outcome = experiment.outcome.variable if experiment else "gdp_real"
    settings = experiment.audit if experiment else None
    audited = audit_panel(
        panel, outcome=outcome if outcome in panel.variables else "", settings=settings
    )
    cells = imported.cells[imported.cells["scope"] == "whole_city"]
    places = cells.set_index(["variable", "city", "year"])[["file", "sheet", "row", "column"]]
    return replace(audited, issues=tuple(_with_address(issue, places) for issue in audited.issues))


def _with_address(issue: Issue, places: pd.DataFrame) -> Issue:
    """Say in which sheet the cell of an issue stands."""
    key = (issue.variable, issue.city, *issue.years)
    if len(key) != 3 or key not in places.index:
        return issue
    file, sheet, row, column = places.loc[key]
    return replace(issue, place=Place(file, sheet, int(row), int(column)))


def _manifest(
    imported: Imported, audited: AuditResult, files: Sequence[Path], out: Path
) -> Mapping[str, Any]:
    listing = imported.listing()
    counts = listing.groupby(["level", "kind"]).size()
    return {
        "file": out.name,
        "sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "sources": {
            label: hashlib.sha256(path.read_bytes()).hexdigest()
            for path, label in file_labels(files).items()
        },
        "sheets": imported.sheets,
        "values": len(imported.cells),
        "cities": len(imported.places),
        "years": sorted({int(year) for year in imported.cells["year"]}),
        "variables": list(imported.variables),
        "listed": {f"{level} {kind}": int(n) for (level, kind), n in counts.items()},
        "audit": audited.counts,
        "versions": {"city-resilience": __version__},
    }
