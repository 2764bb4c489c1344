"""A folder of panels, each forecast into its own file; what is done already is left alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from city_resilience.errors import InputError

if TYPE_CHECKING:
    from city_resilience.commands.forecasting import Asked, Predicted

__all__ = ["FORMATS", "Each", "predict_each"]

FORMATS = ("csv", "xlsx", "parquet")


@dataclass(frozen=True)
class Each:
    """What became of a folder of panels.

    Attributes
    ----------
    written, kept : tuple of Path
        Forecast files that are new, and those that were there already, of the same inputs.
    alarms : tuple of str
        Of the new ones, each with the name of its panel.
    refused : tuple of str
        Why a panel has no forecast.
    """

    written: tuple[Path, ...]
    kept: tuple[Path, ...]
    alarms: tuple[str, ...]
    refused: tuple[str, ...]


def predict_each(
    folder: Path,
    out: Path,
    suffix: str,
    *,
    model: str,
    store: str,
    asked: Asked,
    run: Callable[..., Predicted],
    **more: Any,
) -> Each:
    """Forecast each panel of a folder, whole or not at all, and go on where a run was cut off.

    A panel that is refused does not stop the others. The model is looked up once, so that all
    are forecast with the same version.

    Parameters
    ----------
    folder : Path
        Each file or folder in it is a panel.
    out : Path
        Folder; may be new.
    suffix : str
        Among `FORMATS`.
    asked : Asked
        What ``run`` asks for, so that what is done can be told.
    run : callable
        ``run(panel, model, out=PATH, store=STORE, **more)`` forecasts one panel.

    Raises
    ------
    InputError
        If there is no panel, two would be forecast into one file, or there is no such model.
    """
    from city_resilience.commands.forecast_files import inputs_of, is_done
    from city_resilience.commands.stored import find_stored
    from city_resilience.models.manifest import manifest_bytes

    panels = _panels(folder, out, suffix)
    found = find_stored(model, store)
    digest = hashlib.sha256(manifest_bytes(found.folder)).hexdigest()
    written, kept, alarms, refused = [], [], [], []
    for panel, target in panels.items():
        if is_done(target, inputs_of(panel, digest, (), asked)):
            kept.append(target)
            continue
        try:
            result = run(panel, found.name, out=target, store=store, **more)
        except InputError as error:
            refused.append(str(error))
            continue
        written.append(target)
        alarms += [f"{panel.name}: {alarm}" for alarm in result.alarms]
    return Each(tuple(written), tuple(kept), tuple(alarms), tuple(refused))


def _panels(folder: Path, out: Path, suffix: str) -> dict[Path, Path]:
    """Return the panels of a folder and where the forecast of each goes."""
    if not folder.is_dir():
        raise InputError(f"--data {folder}: no folder of panels; name one, or leave --each out")
    if out.is_file():
        raise InputError(f"--out {out}: is a file; --each writes a folder")
    if out.resolve() == folder.resolve() or folder.resolve() in out.resolve().parents:
        raise InputError(f"--out {out}: lies within the panels; name another folder")
    panels: dict[Path, Path] = {}
    for path in _inside(folder):
        target = out / f"{path.stem if path.is_file() else path.name}.{suffix}"
        if target in panels.values():
            raise InputError(
                f"{folder}: {path.name!r} and another panel would both be forecast into "
                f"{target.name}; rename one"
            )
        panels[path] = target
    if not panels:
        raise InputError(f"{folder}: holds no panel; name a folder with a file for each panel")
    return panels


def _inside(folder: Path) -> Sequence[Path]:
    from city_resilience.reading.opening import SUFFIXES

    visible = (path for path in sorted(folder.iterdir()) if path.name[0] not in "._~")
    return [path for path in visible if path.is_dir() or path.suffix.lower() in SUFFIXES]
