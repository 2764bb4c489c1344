"""Lines are added to the text of an experiment file and to nothing else in it."""

from __future__ import annotations

import tomllib

import pytest

from city_resilience.errors import InputError
from city_resilience.experiment.added_lines import add_lines

LINES = {'loans/阿 "x" 市/2010': "drop", "gdp/*/2011-2014": "*0.001"}
FILES = {
    "without the table": 'name = "x"  # mine\n\n[data]\ncity = "a"\n',
    "empty": "",
    "no newline at the end": '[data]\ncity = "a"',
    "with the table": 'a = 1\n[data.corrections] # b\n"b/c/2009" = 3.5  # seen\n\n# end\n[model]\n',
    "table at the end": '[data.corrections]\n"b/c/2009" = "drop"',
    "empty table": "[ data . corrections ]\n\n[model]\nb = [\n  [1],\n  [2]\n]\n",
    "array in the table": '[data.corrections]\n"b/c/2009" = "drop"\nz = [\n[1]\n]\n[model]\n',
    "header in a string": 'a = """\n[data.corrections]\n"""\n[data.corrections]\n"x/y/2001" = 1\n',
    "windows": '[data.corrections]\r\n"b/c/2009" = "drop"\r\n\r\n[model]\r\nc = 1\r\n',
    "dotted": 'data.city = "a"\n',
}


@pytest.mark.parametrize("case", FILES)
def test_the_keys_are_added_and_every_line_stays(case):
    text = FILES[case]
    changed = add_lines(text, "data.corrections", LINES)
    values = tomllib.loads(changed)
    assert LINES.items() <= values["data"]["corrections"].items()
    for key in LINES:
        del values["data"]["corrections"][key]
    before = tomllib.loads(text)
    before.setdefault("data", {}).setdefault("corrections", {})
    assert values == before
    kept = iter(changed.splitlines())
    assert all(line in kept for line in text.splitlines())  # in their order
    assert ("\r\n" in changed) is ("\r\n" in text)
    assert "\n" not in changed.replace("\r\n", "") or "\r\n" not in text
    assert add_lines(changed, "data.corrections", LINES) == changed


def test_lines_stand_at_the_end_of_their_table():
    changed = add_lines(FILES["with the table"], "data.corrections", {"n/o/2001": "drop"})
    assert changed == FILES["with the table"].replace("# seen\n", '# seen\n"n/o/2001" = "drop"\n')


@pytest.mark.parametrize(
    "text",
    [
        '[data]\ncorrections = { "a/b/2001" = "drop" }\n',
        "[data]\ncorrections = 3\n",
        "data = 3\n",
        "[data\n",
    ],
)
def test_a_form_that_takes_no_lines_is_refused(text):
    with pytest.raises(InputError, match=r"write it as|not valid TOML"):
        add_lines(text, "data.corrections", LINES)
