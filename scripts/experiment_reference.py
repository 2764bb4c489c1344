"""Print docs/experiment.md, the reference of the experiment file, or the schema for editors.

Usage: python scripts/experiment_reference.py > docs/experiment.md
       python scripts/experiment_reference.py --schema > docs/experiment.schema.json
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterator

import pandas as pd

from city_resilience.experiment.reference import (
    REQUIRED,
    experiment_keys,
    experiment_schema,
    experiment_tables,
)

__all__ = ["experiment_page", "main"]

HEAD = """\
# The experiment file

An experiment file says, in TOML, all that decides a run besides the data. Only `name` and
`evaluation.first_origin` are required. A key that does not exist ends with exit code 2 and the
nearest names. `--set section.key=value` sets a key for one run. Where the type is "names → …", the
value is a table with names of your own.

The same from Python: `city_resilience.experiment_keys("outcome")` returns the keys of a table,
`experiment_schema()` the schema. This page is made of what the program itself reads.

## In an editor

[experiment.schema.json](experiment.schema.json) lets an editor complete keys, show what they mean
and mark mistakes. Taplo and the extension Even Better TOML of Visual Studio Code take it from the
first line of the file, as a path relative to it or an address:

```text
#:schema ../../docs/experiment.schema.json
```
"""


def experiment_page() -> str:
    """Return the page: for each table its keys, and an example of each."""
    keys = experiment_keys()
    sections = [
        _section(name, inspect.cleandoc(model.__doc__ or ""), keys[keys["table"] == name])
        for name, model in experiment_tables().items()
    ]
    return "\n".join([HEAD, *sections])


def main(arguments: list[str]) -> None:
    """Write the page or the schema to standard output as UTF-8."""
    if arguments == ["--schema"]:
        text = json.dumps(experiment_schema(), indent=2, ensure_ascii=False) + "\n"
    else:
        text = experiment_page()
    sys.stdout.buffer.write(text.encode("utf-8"))


def _section(name: str, meaning: str, keys: pd.DataFrame) -> str:
    lines = [
        f"## [{name}]" if name else "## At the top",
        "",
        meaning,
        "",
        "| key | type | default | meaning |",
        "|---|---|---|---|",
        *map(_row, keys.to_dict("records")),
        "",
        "```toml",
        *_example(name, keys),
        "```",
        "",
    ]
    return "\n".join(lines)


def _row(key: dict[str, str]) -> str:
    default = key["default"]
    shown = default if default in ("", REQUIRED) else f"`{default}`"
    cells = (f"`{key['key']}`", key["type"], shown, key["meaning"])
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _example(name: str, keys: pd.DataFrame) -> Iterator[str]:
    if name:
        yield f"[{name}]"
    for key, example in keys.loc[keys["example"] != "", ["key", "example"]].itertuples(index=False):
        yield f"{key} = {example}"


if __name__ == "__main__":
    main(sys.argv[1:])
