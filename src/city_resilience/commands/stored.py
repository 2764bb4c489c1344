"""Models that earlier runs left, in a store or as a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from city_resilience.models.forecaster import Forecaster
    from city_resilience.tracking.registry import FoundModel

__all__ = ["find_stored", "load_model"]


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
    from city_resilience.tracking.registry import find_model
    from city_resilience.tracking.store import open_store

    return find_model(str(model), lambda: open_store(store, create=False))


def load_model(model: Path | str = "", store: str = "") -> Forecaster:
    """Load a trained model; the parameters are those of `find_stored`.

    Raises
    ------
    InputError
        If there is none, or its bundle is not whole.
    """
    from city_resilience.models.bundle import load_bundle

    return load_bundle(find_stored(model, store).folder)
