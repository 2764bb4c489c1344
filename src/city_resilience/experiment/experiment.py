"""The experiment: one strict, frozen value read from a TOML file.

Every key that the file may hold is a field here; an unknown key fails with the nearest known
names. The value is echoed into runs, bundles and reports.
"""

from __future__ import annotations

import hashlib
import json

from pydantic import Field

from city_resilience.experiment.data import Audit, Data, Sheets
from city_resilience.experiment.outcome import Outcome
from city_resilience.experiment.table import Table
from city_resilience.experiment.training import Evaluation, Features, Model, Search

__all__ = ["Experiment"]


class Experiment(Table):
    """All that decides a run besides the data.

    Attributes
    ----------
    name : str
        Name of the experiment and of its registered model.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    title: str = ""
    title_zh: str = ""
    evaluation: Evaluation
    data: Data = Data()
    audit: Audit = Audit()
    sheets: Sheets = Sheets()
    outcome: Outcome = Outcome()
    features: Features = Features()
    model: Model = Model()
    search: Search = Search()

    def digest(self) -> str:
        """Return a short hash of everything but the place of the data and the way to it."""
        values = self.model_dump(mode="json", exclude={"sheets": True, "data": {"path"}})
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]
