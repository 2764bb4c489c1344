"""``export``: issued forecasts in the layout of the forecast hubs."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from city_resilience.commands.console import echo
from city_resilience.commands.options import PATH, model_option, record_option, store_option
from city_resilience.errors import InputError, check_known

if TYPE_CHECKING:
    import pandas as pd

    from city_resilience.issued.record import IssuedForecast
    from city_resilience.models.forecaster import Forecaster

__all__ = ["Exported", "command", "export_issued", "show"]

FORMATS = ("hub",)
OWN = ("hub-config", "model-metadata", "model-output", "target-data")


@dataclass(frozen=True)
class Exported:
    """What was exported, and where.

    Attributes
    ----------
    issued : tuple of IssuedForecast
        Those that no later one supersedes.
    files : tuple of str
        Names in the folder.
    """

    out: Path
    issued: tuple[IssuedForecast, ...]
    files: tuple[str, ...]


def export_issued(
    out: Path | str,
    model: Path | str = "",
    *,
    format: str = "hub",
    team: str = "cityres",
    actuals: Iterable[Path | str] | Mapping[dt.date, Path | str] = (),
    record: Path | str | None = None,
    store: str = "",
) -> Exported:
    """Write the issued forecasts of a model as a forecast hub; what was issued stays as it is.

    Parameters
    ----------
    out : Path
        Folder of the hub; one that this function wrote before is written anew.
    model, store
        As for ``find_stored``; its experiment says how a panel is read.
    format : str
        ``hub``: hubverse.
    team : str
        Abbreviation of the team: letters, digits and _.
    actuals : sequence of path, or mapping of date to path
        Panels with outcomes, by their days of publication; a path may begin with ``DATE=``. The
        day on which a panel's newest outcome is due unless given.
    record : Path, optional
        Folder of the record; as of ``predict``.

    Raises
    ------
    InputError
        If nothing was issued, something that was is changed, or the folder is of something else.
    """
    from city_resilience.commands.recording import record_folder
    from city_resilience.commands.stored import open_model
    from city_resilience.issued import hub
    from city_resilience.issued.record import read_issues

    check_known(format, FORMATS, "--format: no format")
    hub.check_abbreviation(team, "--team")
    out = Path(out)
    _check_out(out)
    forecaster, _ = open_model(model, store)
    issues = read_issues(record_folder(record, store), forecaster.experiment.name)
    standing = issues.standing
    files: dict[str, bytes] = {}
    tables = [hub.model_output(issues, one) for one in standing]
    for one, table in zip(standing, tables, strict=True):
        name, day = hub.hub_model(one, team), hub.origin_date(one.origin)
        files[f"model-output/{name}/{day}-{name}.parquet"] = hub.parquet(table)
    files |= _about(forecaster, team, standing, tables)
    if vintages := _vintages(forecaster, actuals):
        newest = vintages[max(vintages)]
        files["target-data/time-series.parquet"] = hub.parquet(hub.time_series(vintages))
        files["target-data/oracle-output.parquet"] = hub.parquet(hub.oracle_output(newest))
    _publish(out, files)
    return Exported(out, standing, tuple(files))


def _about(
    forecaster: Forecaster,
    team: str,
    issued: tuple[IssuedForecast, ...],
    tables: list[pd.DataFrame],
) -> dict[str, bytes]:
    """Return the files that describe the hub and its models."""
    from city_resilience.issued.hub_settings import metadata_files, settings_files

    locations = sorted({city for table in tables for city in table["location"].unique()})
    horizons = sorted({int(h) for table in tables for h in table["horizon"].unique()})
    draws = max(
        (len(own) and own.groupby("horizon")["output_type_id"].nunique().max())
        for own in (table[table["output_type"] == "sample"] for table in tables)
    )
    settings = forecaster.experiment
    plain = settings_files(settings, team, issued, locations, horizons, int(draws))
    files = {
        name: (json.dumps(own, ensure_ascii=False, indent=2) + "\n").encode()
        for name, own in plain.items()
    }
    return files | {
        name: text.encode() for name, text in metadata_files(settings, team, issued).items()
    }


def _vintages(
    forecaster: Forecaster, actuals: Iterable[Path | str] | Mapping[dt.date, Path | str]
) -> dict[dt.date, pd.DataFrame]:
    """Return the outcomes of each panel by its day of publication."""
    from city_resilience.audit.read_audited import read_audited
    from city_resilience.issued.hub import outcomes
    from city_resilience.tasks.dataset import build_dataset, common_origin
    from city_resilience.tasks.early import available_from

    given = (
        list(actuals.items()) if isinstance(actuals, Mapping) else [_dated(own) for own in actuals]
    )
    settings, found = forecaster.experiment, {}
    for day, path in given:
        panel = read_audited(path, settings, purpose="measure").panel
        dataset = build_dataset(panel, settings, forecaster.composite)
        newest = common_origin(dataset.outcome, dataset.years)
        due = available_from(newest, settings.outcome.publication_delay_days)
        if (day or due) in found:
            raise InputError(
                f"--actuals {path}: two panels of {day or due}; give each its day, DATE=PANEL"
            )
        found[day or due] = outcomes(dataset, settings.outcome.horizons)
    return found


def _dated(text: Path | str) -> tuple[dt.date | None, str]:
    """Split DATE=PATH; a path alone has no day."""
    day, sign, path = str(text).partition("=")
    if not sign:
        return None, str(text)
    try:
        return dt.date.fromisoformat(day), path
    except ValueError:
        return None, str(text)


def _check_out(out: Path) -> None:
    """Refuse a folder with anything but a hub that this command wrote."""
    from city_resilience.files import check_folder
    from city_resilience.foreign import read_json
    from city_resilience.issued.hub_settings import MAINTAINER

    check_folder(out)
    if not any((out / name).exists() for name in OWN):
        return
    try:
        found = read_json(out / OWN[0] / "admin.json", "name a new folder")
    except FileNotFoundError:
        found = None
    if not isinstance(found, dict) or found.get("maintainer") != MAINTAINER:
        raise InputError(
            f"--out {out}: holds a hub that this command did not write; name a new folder and copy "
            "from it what the hub takes"
        )


def _publish(out: Path, files: Mapping[str, bytes]) -> None:
    from city_resilience.publishing import publishing

    with publishing(out, obsolete=OWN) as folder:
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)


@click.command("export")
@click.option(
    "--format",
    type=click.Choice(FORMATS),
    default="hub",
    show_default=True,
    help="Layout: hub is that of the forecast hubs (hubverse).",
)
@click.option("--out", required=True, type=PATH, help="Folder of the hub.")
@model_option
@record_option
@store_option
@click.option(
    "--team",
    default="cityres",
    show_default=True,
    help="Abbreviation of the team: letters, digits and _.",
)
@click.option(
    "--actuals",
    multiple=True,
    metavar="[DATE=]PANEL",
    help="Panel with outcomes, for the hub's target data, with its day of publication (repeatable: "
    "one of each vintage).",
)
def command(**options: Any) -> None:
    """Write issued forecasts in the layout of the forecast hubs.

    \b
    Examples:
      city-resilience export --out hub --model china_prefecture
      city-resilience export --out hub --model models/demo --team mylab
      city-resilience export --out hub --model models/demo --actuals 2025-03-31=panel.csv
    """
    show(export_issued(**options))


def show(exported: Exported) -> None:
    """Show how many issued forecasts went into which models of the hub."""
    live = sum(one.is_live for one in exported.issued)
    count = len(exported.issued)
    echo(
        f"{exported.out}: {count} issued forecast{'s' * (count != 1)}, {live} of them live, in "
        f"{len(exported.files)} files"
    )
