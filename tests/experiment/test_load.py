"""One experiment file on top of another."""

from __future__ import annotations

import pytest

from city_resilience.errors import InputError
from city_resilience.experiment.load import load_experiment

BASE = """\
name = "base"
[data]
groups = ["zone"]
[data.corrections]
"loans/A/2011" = "drop"
[outcome]
horizons = [1, 2]
[evaluation]
first_origin = 2010
"""


def test_own_keys_are_set_over_those_of_the_base(tmp_path):
    (tmp_path / "base.toml").write_text(BASE)
    own = 'extends = "base.toml"\nname = "own"\n[outcome]\nhorizons = [3]\n'
    own += '[data.corrections]\n"loans/B/2012" = "drop"\n'
    (tmp_path / "own.toml").write_text(own)
    experiment = load_experiment(tmp_path / "own.toml", ["evaluation.first_origin=2012"])
    assert experiment.name == "own"
    assert experiment.outcome.horizons == (3,)
    assert experiment.data.groups == ("zone",)
    assert set(experiment.data.corrections) == {"loans/A/2011", "loans/B/2012"}
    assert experiment.evaluation.first_origin == 2012


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('extends = "own.toml"\n', "the file extends itself"),
        ('extends = "none.toml"\n', "none.toml: no such experiment file"),
        ("extends = 3\n", "a file name expected, found 3"),
    ],
)
def test_bad_bases(tmp_path, text, message):
    (tmp_path / "own.toml").write_text(text + 'name = "own"\n')
    with pytest.raises(InputError, match=message):
        load_experiment(tmp_path / "own.toml")
