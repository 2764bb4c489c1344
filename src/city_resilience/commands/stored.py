"""Models that earlier runs left, in a store or as a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from city_resilience.errors import InputError
from city_resilience.models.bundle import load_bundle
from city_resilience.models.forecaster import Forecaster
from city_resilience.tracking.registry import FoundModel, find_model, result_file
from city_resilience.tracking.store import open_store

__all__ = ["OpenModel", "find_stored", "load_model", "open_model"]


@dataclass(frozen=True)
class OpenModel:
    """A loaded model, and where it was found; nowhere for one that was given."""

    forecaster: Forecaster
    found: FoundModel | None = None

    @property
    def name(self) -> str:
        """The folder, or NAME/VERSION; "" for one that was given."""
        return self.found.name if self.found else ""

    def result(self, name: str, otherwise: str) -> Path:
        """Return a file that the run of the model left.

        Raises
        ------
        InputError
            If there is none; ``otherwise`` says what to do.
        """
        if self.found is None:
            raise InputError(f"{name}: a loaded model has none; {otherwise}")
        return result_file(self.found, name, otherwise)


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


def open_model(model: Forecaster | Path | str = "", store: str = "") -> OpenModel:
    """Load a model unless it is loaded already; otherwise as `find_stored`."""
    if isinstance(model, Forecaster):
        return OpenModel(model)
    found = find_stored(model, store)
    return OpenModel(load_bundle(found.folder), found)


def load_model(model: Path | str = "", store: str = "") -> Forecaster:
    """Load a trained model; the parameters are those of `find_stored`.

    Raises
    ------
    InputError
        If there is none, or its bundle is not whole.
    """
    return open_model(model, store).forecaster
