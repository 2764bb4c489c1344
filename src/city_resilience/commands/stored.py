"""Models that earlier runs left, in a store or as a folder."""

from __future__ import annotations

from pathlib import Path

from city_resilience.models.bundle import OpenedBundle, open_bundle
from city_resilience.models.forecaster import Forecaster
from city_resilience.tracking.registry import FoundModel, find_model
from city_resilience.tracking.store import open_store

__all__ = ["find_stored", "load_model", "open_model", "open_stored"]


def find_stored(model: Path | str = "", store: str = "") -> FoundModel:
    """Find the bundle of a model.

    Parameters
    ----------
    model : path or str
        A bundle folder, or NAME@alias, NAME/VERSION, NAME; "" = the champion of the only one.
    store : str
        Tracking store, see ``resolve_store``; it is not needed for a folder.

    Raises
    ------
    InputError
        If there is no such folder and no such registered model.
    """
    return find_model(str(model), lambda: open_store(store, create=False))


def open_model(
    model: Forecaster | Path | str = "", store: str = ""
) -> tuple[Forecaster, FoundModel | None]:
    """Load a model as `find_stored`, and say where it was found: nowhere if it is one already."""
    if isinstance(model, Forecaster):
        return model, None
    bundle, found = open_stored(model, store)
    return bundle.forecaster, found


def open_stored(
    model: Path | str = "", store: str = "", key: Path | None = None
) -> tuple[OpenedBundle, FoundModel]:
    """Find a model as `find_stored` and open its bundle.

    Parameters
    ----------
    key : Path, optional
        A public key whose owner must have signed the bundle.
    """
    found = find_stored(model, store)
    return open_bundle(found.folder, key), found


def load_model(model: Path | str = "", store: str = "") -> Forecaster:
    """Load a trained model; the parameters are those of `find_stored`.

    Raises
    ------
    InputError
        If there is none, or its bundle is not whole.
    """
    return open_model(model, store)[0]
