"""Save a forecaster as a folder of plain files, and load it back: no pickle, no code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import Any

from city_resilience import __version__
from city_resilience.audit.training_levels import ColumnLevel
from city_resilience.errors import InputError, check_known, nearest
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.load import experiment_from
from city_resilience.files import write_folder
from city_resilience.indicators.formulas.composite import FittedComposite
from city_resilience.models.fitted import FITTED, Fitted
from city_resilience.models.forecaster import Forecaster, HorizonModel
from city_resilience.models.intervals import CALIBRATION, Calibration
from city_resilience.models.manifest import (
    CARD,
    CARD_HEAD,
    FORMAT,
    FORMAT_VERSION,
    MANIFEST,
    HorizonEntry,
    Manifest,
    MemberEntry,
    check_replaceable,
    manifest_bytes,
    parse_manifest,
    read_files,
)
from city_resilience.models.nowcast import HorizonNowcast, Slopes
from city_resilience.models.rows import STRUCTURAL
from city_resilience.models.signature import check_signature
from city_resilience.models.surprise import KINDS
from city_resilience.models.versions import package_versions
from city_resilience.tasks.features import FORMS, FeatureSpec
from city_resilience.tasks.indices import FittedIndex
from city_resilience.tasks.outcome import wait_of
from city_resilience.unfinished import unmoved

__all__ = ["OpenedBundle", "load_bundle", "open_bundle", "save_bundle"]


def save_bundle(forecaster: Forecaster, folder: Path | str, *, card_text: str = "") -> Path:
    """Write a forecaster as a bundle; the folder appears whole or not at all.

    The same forecaster and card text give the same bytes in the same environment. Members of weight
    zero are left out.

    Parameters
    ----------
    forecaster : Forecaster
    folder : Path
        New, empty, or an older bundle, which is replaced.
    card_text : str
        The model card, Markdown; its head alone when empty.

    Raises
    ------
    InputError
        If the folder holds anything that is not part of a bundle, or cannot be written.
    """
    folder = Path(folder)
    check_replaceable(folder)
    if not card_text:
        card_text = f"{CARD_HEAD}{forecaster.experiment.title or forecaster.experiment.name}\n"
    return write_folder(_content(forecaster, card_text), folder)


def load_bundle(folder: Path | str, key: Path | None = None) -> Forecaster:
    """Read a bundle as data and check it; nothing in it is executed.

    A bundle that takes the place of another one while that is read is read instead.

    Parameters
    ----------
    folder : Path
    key : Path, optional
        A public key whose owner must have signed it.

    Raises
    ------
    InputError
        If the manifest or a file is missing, changed, of an unknown format version or kind, holds
        arrays that do not fit, or lacks the signature that is asked for.
    """
    return open_bundle(folder, key).forecaster


@dataclass(frozen=True)
class OpenedBundle:
    """A bundle as it was read at one moment.

    Attributes
    ----------
    forecaster : Forecaster
    digest : str
        SHA-256 of its manifest, and so of all of it.
    trained_with : mapping of str to str
        Versions of this program and of the packages that numbers depend on.
    """

    forecaster: Forecaster
    digest: str
    trained_with: Mapping[str, str]


def open_bundle(folder: Path | str, key: Path | None = None) -> OpenedBundle:
    """Read a bundle as `load_bundle`, and say which one it was."""
    folder = Path(folder)
    data, manifest, content = unmoved(folder, partial(_read, key=key))
    trained_with = {"city-resilience": manifest.package_version, **manifest.versions}
    digest = hashlib.sha256(data).hexdigest()
    return OpenedBundle(_forecaster(manifest, content, folder), digest, trained_with)


def _forecaster(manifest: Manifest, content: Mapping[str, bytes], folder: Path) -> Forecaster:
    where = f"{folder / MANIFEST}"
    experiment = experiment_from(manifest.experiment, where)
    for view in (manifest.horizons, manifest.structural or manifest.horizons):
        if sorted(view) != list(experiment.outcome.horizons):
            raise InputError(
                f"{where}: it holds the horizons {sorted(view)}, its experiment asks for "
                f"{list(experiment.outcome.horizons)}; train the model again"
            )
    return Forecaster(
        experiment=experiment,
        origin=manifest.origin,
        cities=manifest.cities,
        horizons={
            horizon: _horizon(horizon, entry, manifest, experiment, content, where)
            for horizon, entry in manifest.horizons.items()
        },
        fingerprint=manifest.fingerprint,
        composite=_composite(manifest, where),
        nations=manifest.nations,
        levels={name: ColumnLevel(own.first, own.medians) for name, own in manifest.levels.items()},
        notes=manifest.notes,
        nowcasts={
            horizon: _nowcast(horizon, manifest, experiment, content, where)
            for horizon, entry in manifest.horizons.items()
            if entry.nowcast is not None
        },
        structural={
            horizon: _horizon(horizon, entry, manifest, experiment, content, where)
            for horizon, entry in manifest.structural.items()
        },
    )


def _read(folder: Path, key: Path | None) -> tuple[bytes, Manifest, dict[str, bytes]]:
    data = manifest_bytes(folder)
    if key is not None:
        check_signature(folder, data, key)
    manifest = parse_manifest(data, folder / MANIFEST)
    return data, manifest, read_files(folder, manifest)


def _content(forecaster: Forecaster, card_text: str) -> dict[str, bytes]:
    files: dict[str, bytes] = {CARD: card_text.encode()}
    horizons = {}
    for horizon, model in forecaster.horizons.items():
        horizons[str(horizon)], own = _stored_horizon(model)
        files |= own
        if horizon in forecaster.nowcasts:
            horizons[str(horizon)]["nowcast"], own = _stored_nowcast(
                horizon, forecaster.nowcasts[horizon]
            )
            files |= own
    structural = {}
    for horizon, model in forecaster.structural.items():
        structural[str(horizon)], own = _stored_horizon(model, f"{STRUCTURAL}/")
        files |= own
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "package_version": __version__,
        "versions": package_versions(),
        "experiment": _portable(forecaster),
        "origin": forecaster.origin,
        "cities": list(forecaster.cities),
        "horizons": horizons,
        **({"structural": structural} if structural else {}),
        "fingerprint": forecaster.fingerprint,
        "simulated": forecaster.experiment.data.simulated,
        "composite": forecaster.composite.as_dict() if forecaster.composite else None,
        **({"nations": list(forecaster.nations)} if forecaster.nations else {}),
        "levels": {name: asdict(own) for name, own in forecaster.levels.items()},
        **({"notes": list(forecaster.notes)} if forecaster.notes else {}),
        "files": {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
            for name, data in files.items()
        },
    }
    Manifest.model_validate(manifest)
    # Keys keep their order: forecasts are summed in the order of the weights.
    text = json.dumps(manifest, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    return files | {MANIFEST: text.encode()}


def _stored_horizon(
    model: HorizonModel, folder: str = ""
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return what the manifest says of a horizon, and its files; `_horizon` reads them back."""
    files, members = {}, {}
    for name, weight in model.weights.items():
        if weight > 0:
            member = model.members[name]
            path = f"{folder}h{model.horizon}/{name}/{member.file}"
            files[path] = member.to_bytes()
            members[name] = {"kind": member.kind, "files": [path]}
    calibration = ""
    if model.calibration is not None:
        calibration = f"{folder}h{model.horizon}/{CALIBRATION}"
        files[calibration] = model.calibration.to_bytes()
    spec = model.spec
    entry = {
        "columns": [list(column) for column in spec.columns],
        "shifts": dict(spec.shifts),
        "limits": dict(spec.limits),
        "dropped": dict(spec.dropped),
        "indices": {
            index.id: {"family": index.family, **index.fitted.as_dict()} for index in spec.indices
        },
        "weights": {name: float(weight) for name, weight in model.weights.items()},
        "slope": float(model.slope),
        "members": members,
        "calibration": calibration,
    }
    return entry, files


def _stored_nowcast(
    horizon: int, nowcast: HorizonNowcast
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return what the manifest says of a nowcast, and its files; `_nowcast` reads them back."""
    steps = [[asdict(slopes) for slopes in step] for step in nowcast.steps]
    known = {key: own.to_bytes() for key, own in nowcast.calibrations.items()}
    names = {key: f"h{horizon}/nowcast_{k}_{CALIBRATION}" for k, key in enumerate(known)}
    files = {names[key]: data for key, data in known.items()}
    return {"steps": steps, "calibrations": names}, files


def _portable(forecaster: Forecaster) -> dict[str, Any]:
    """Return the experiment without the places of its files, which are nobody else's business."""
    values = forecaster.experiment.model_dump(mode="json")
    own = values["data"]
    own["path"] = ""
    own.pop("coordinates", None)
    if vintages := own.get("vintages"):
        own["vintages"] = {day: PurePath(path).name for day, path in vintages.items()}
    for release in values.get("early", {}).values():
        release.pop("path", None)
    return values


def _composite(manifest: Manifest, where: str) -> FittedComposite | None:
    if not manifest.composite:
        return None
    with _reading(f"{where}: the composite outcome is damaged"):
        return FittedComposite.from_dict(manifest.composite)


def _horizon(
    horizon: int,
    entry: HorizonEntry,
    manifest: Manifest,
    experiment: Experiment,
    content: Mapping[str, bytes],
    where: str,
) -> HorizonModel:
    at = f"{where}: horizon {horizon}"
    with _reading(f"{at}: a composite index is damaged"):
        indices = tuple(
            FittedIndex(
                id, own.family, FittedComposite.from_dict(own.model_dump(exclude={"family"}))
            )
            for id, own in entry.indices.items()
        )
    spec = FeatureSpec(entry.columns, entry.shifts, entry.limits, entry.dropped, indices)
    _check_spec(spec, at)
    for name, weight in entry.weights.items():
        if weight < 0 or (weight > 0 and name not in entry.members):
            raise InputError(f"{at}: weight of {name!r} has no member; train the model again")
    members = {}
    for name, own in entry.members.items():
        with _reading(f"{at}, {name}"):
            members[name] = _member(own, content, len(spec.columns))
    calibration = _calibration(entry.calibration, horizon, manifest, experiment, content, at)
    return HorizonModel(horizon, spec, members, dict(entry.weights), calibration, entry.slope)


def _nowcast(
    horizon: int,
    manifest: Manifest,
    experiment: Experiment,
    content: Mapping[str, bytes],
    where: str,
) -> HorizonNowcast:
    at, entry = f"{where}: horizon {horizon}, nowcast", manifest.horizons[horizon].nowcast
    assert entry is not None
    for slopes in (own for step in entry.steps for own in step):
        for kind, pair in slopes.by_kind.items():
            check_known(kind, KINDS, f"{at}: kind", "is not known", "train it again")
            if min(pair) < 0:
                raise InputError(f"{at}: a slope is negative; train the model again")
    steps = tuple(tuple(Slopes(**own.model_dump()) for own in step) for step in entry.steps)
    found = {
        key: _calibration(name, horizon, manifest, experiment, content, at)
        for key, name in entry.calibrations.items()
    }
    return HorizonNowcast(steps, {key: own for key, own in found.items() if own is not None})


def _calibration(
    name: str,
    horizon: int,
    manifest: Manifest,
    experiment: Experiment,
    content: Mapping[str, bytes],
    at: str,
) -> Calibration | None:
    if not name:
        return None
    wait = wait_of(experiment.outcome.measure, horizon)
    with _reading(at):
        return Calibration.from_bytes(
            content[name], wait, len(manifest.cities), experiment.model.interval
        )


def _check_spec(spec: FeatureSpec, at: str) -> None:
    for name, form in spec.columns:
        if form not in FORMS:
            raise InputError(f"{at}: form {form!r} of {name!r} is not known{nearest(form, FORMS)}")
        if not 0 <= spec.shifts.get(name, -1) <= spec.limits.get(name, -1):
            raise InputError(f"{at}: shift and limit of {name!r} do not fit; train it again")


def _member(entry: MemberEntry, content: Mapping[str, bytes], columns: int) -> Fitted:
    kind = entry.kind
    check_known(kind, FITTED, "kind", "is not known", "update city-resilience")
    model = FITTED[kind]
    data = [content[name] for name in entry.files if name.rsplit("/", 1)[-1] == model.file]
    if not data:
        raise InputError(f"{model.file}: missing from the model; export the model again")
    return model.from_bytes(data[0], columns)


@contextmanager
def _reading(at: str) -> Iterator[None]:
    """Say where in the bundle something cannot be read."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{at}: {error}") from error
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, MemoryError) as error:
        raise InputError(f"{at}: cannot be read ({error}); train the model again") from error
