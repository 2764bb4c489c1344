"""What a run stands on: an experiment, its audited panel, and the indicators of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from city_resilience.audit.audit import AuditResult
from city_resilience.audit.read_audited import AuditedPanel, read_audited
from city_resilience.commands.early import (
    Early,
    Given,
    as_day,
    named_files,
    own_files,
    read_early,
)
from city_resilience.commands.vintages import read_vintages, vintage_files
from city_resilience.errors import InputError
from city_resilience.evaluation.checks import best_rule, check_experiment, check_serve
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.load import load_experiment
from city_resilience.files import check_folder, refuse_overwriting
from city_resilience.reading.coordinates import read_coordinates
from city_resilience.reading.early import EarlyRelease
from city_resilience.reading.panel import Panel
from city_resilience.reading.stored_panel import StoredPanel
from city_resilience.tasks.dataset import Dataset, build_dataset
from city_resilience.tasks.real_time import in_real_time

__all__ = [
    "BEST_NAIVE",
    "Source",
    "data_of",
    "experiment_of",
    "load",
    "placed",
    "serving",
]

BEST_NAIVE = "best-naive"


@dataclass(frozen=True)
class Source:
    """An experiment and the panel it runs on.

    Attributes
    ----------
    experiment : Experiment
    panel : Panel
        What the indicators are computed from: corrected, its wrong cells masked.
    dataset : Dataset
    data : DataFrame or Path
        Where the panel came from.
    recipe : str
        Digest of the experiment as it was written, before any search.
    audited : AuditResult
        Of the panel before anything was masked.
    early : Early
        The early releases, also in the dataset; none where a run is about the panel alone.
    vintages : mapping of date to Path
        Day of publication to the file of each earlier panel, also in the dataset.
    earlier : mapping of date to AuditedPanel
        These panels.
    coordinates : mapping of str to tuple of float
        City to longitude and latitude, where the experiment names a file of them.
    """

    experiment: Experiment
    panel: Panel
    dataset: Dataset
    data: pd.DataFrame | Path
    recipe: str
    audited: AuditResult
    early: Early
    vintages: Mapping[dt.date, Path] = field(default_factory=dict)
    earlier: Mapping[dt.date, AuditedPanel] = field(default_factory=dict)
    coordinates: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def load(
    experiment: Experiment | Path | str,
    data: pd.DataFrame | Path | str | None = None,
    overrides: Iterable[str] = (),
    *,
    out: Path | None = None,
    files: Sequence[str] = (),
    with_early: bool = False,
    early: Given = None,
    as_of: dt.date | str | None = None,
) -> Source:
    """Read an experiment and its panel, audit it, and compute the indicators.

    Parameters
    ----------
    experiment : Experiment or path
        The experiment, or its TOML file.
    data : DataFrame or path, optional
        The panel; the experiment's own when it is not given.
    overrides : iterable of str
        ``section.key=value`` pairs, for a file.
    out, files
        Folder that the run will write files of these names to.
    with_early : bool
        Read the early releases that the experiment names; the panel alone counts otherwise.
    early : path, DataFrame, sequence or mapping, optional
        Files of the releases, see `named_files`; the experiment's own where not given.
    as_of : date or str, optional
        Day on which the forecast is made, see `build_dataset`.

    Raises
    ------
    InputError
        If the experiment, the panel or the folder is not usable, no panel is named, or a release
        has no file.
    """
    check_folder(out, files)
    chosen = experiment_of(experiment, overrides)
    place = data_of(experiment, chosen, data)
    given = named_files(early)
    own = own_files(chosen, folder_of(experiment)) if with_early else {}
    vintages = vintage_files(chosen, folder_of(experiment))
    if out is not None:
        read_from = [place, *(file for _, file in given), *own.values(), *vintages.values()]
        refuse_overwriting((out / name for name in files), read_from)
    read = read_audited(place, chosen, purpose="train")
    found = read_early(chosen, given, read.panel, own) if with_early else Early()
    if found.missing:
        name = found.missing[0]
        raise InputError(
            f"early.{name}: no file is named for this release; give it with --early {name}=PATH, "
            f"or as path in [early.{name}]"
        )
    day = as_day(as_of, chosen)
    dataset = _dataset(read.panel, chosen, found.releases, day)
    check_experiment(dataset, chosen)
    earlier = read_vintages(vintages, chosen)
    panels = {day: own.panel for day, own in earlier.items()}
    dated = in_real_time(dataset, read.panel, panels, chosen)
    about = (chosen.digest(), read.audit, found, vintages, earlier)
    return Source(chosen, read.panel, dated, place, *about, placed(experiment, chosen, read.panel))


def _dataset(
    panel: Panel, experiment: Experiment, early: tuple[EarlyRelease, ...], as_of: dt.date | None
) -> Dataset:
    if not isinstance(panel, StoredPanel):
        return build_dataset(panel, experiment, early=early, as_of=as_of)
    from city_resilience.batches.dataset import stored_dataset

    return stored_dataset(panel, experiment, early=early, as_of=as_of)


def placed(
    experiment: Experiment | Path | str, settings: Experiment, panel: Panel
) -> dict[str, tuple[float, float]]:
    """Return the coordinates of the file that an experiment names.

    An experiment that comes without its file has no map unless the file is in the current folder.
    """
    named = settings.data.coordinates
    path = folder_of(experiment) / named
    if not named or (isinstance(experiment, Experiment) and not path.is_file()):
        return {}
    return read_coordinates(path, panel.cities)


def serving(source: Source, serve: str) -> Source:
    """Return the source with another candidate served; as it is when none is named.

    Parameters
    ----------
    serve : str
        The blend, a member, a naive rule, or ``BEST_NAIVE``: the rule with the lowest error over
        the scored origins at the shortest horizon.

    Raises
    ------
    InputError
        If there is no such candidate, or it cannot be served.
    """
    if not serve:
        return source
    chosen = source.experiment
    if serve == BEST_NAIVE:
        serve = best_rule(source.dataset, chosen)
    model = chosen.model.model_copy(update={"serve": serve})
    chosen = chosen.model_copy(update={"model": model})
    check_serve(chosen)
    return replace(source, experiment=chosen, recipe=chosen.digest())


def experiment_of(experiment: Experiment | Path | str, overrides: Iterable[str] = ()) -> Experiment:
    """Return an experiment as it is, or read it from its file.

    Raises
    ------
    InputError
        If the file is not usable.
    """
    if isinstance(experiment, Experiment):
        return experiment
    return load_experiment(experiment, overrides)


def data_of(
    experiment: Experiment | Path | str,
    settings: Experiment,
    data: pd.DataFrame | Path | str | None = None,
) -> pd.DataFrame | Path:
    """Return the panel that is given, else the experiment's own.

    Its path is relative to the experiment file, or to the current folder without a file.

    Raises
    ------
    InputError
        If there is none.
    """
    if data is not None:
        return data if isinstance(data, pd.DataFrame) else Path(data)
    own = settings.data.path
    if not own:
        where = settings.name if isinstance(experiment, Experiment) else experiment
        raise InputError(
            f"{where}: data.path is empty, this experiment runs on a panel you bring; name it "
            "with --data PATH"
        )
    return folder_of(experiment) / own


def folder_of(experiment: Experiment | Path | str) -> Path:
    """Return the folder that paths of an experiment start at."""
    return Path() if isinstance(experiment, Experiment) else Path(experiment).parent
