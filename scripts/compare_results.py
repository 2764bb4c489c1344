"""Compare the numbers of two runs of the same commands, file by file.

Run the same commands before and after a change to the code, each time into a folder of its own,
then compare the folders:

    python scripts/compare_results.py out/before out/after
    python scripts/compare_results.py out/before out/after --rename own_trees=extra_trees_history

Files are paired by their path inside the folder: Parquet, CSV and JSON, outside of tracking
stores. Rows are paired by the columns that tell them apart, in whatever order they stand. Numbers
are equal when they differ by no more than the tolerance, and a blank equals a blank; texts are
equal when they are the same. What names a time, a run, a version or a path is left out. The exit
code is 0 when nothing differs, 1 when something does, 2 when the folders cannot be compared.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

STORE = "mlflow.db"
LEFT_OUT = frozenset(
    [
        "created",
        "date",
        "files",
        "finished",
        "folder",
        "package_version",
        "path",
        "paths",
        "run_id",
        "seconds",
        "sha256",
        "started",
        "time",
        "trained_with",
        "uri",
        "version",
        "versions",
    ]
)
SEPARATORS = ("/", ": ", ", ", ";", ":", ".")
ABSENT = "(absent)"
SHOWN = 4


@dataclass(frozen=True)
class Rules:
    """What counts as equal.

    Attributes
    ----------
    tolerance : float
        Largest absolute difference of two equal numbers.
    renames : mapping of str to str
        New label by old one.
    left_out : frozenset of str
        Columns and JSON keys that are not compared.
    """

    tolerance: float = 1e-9
    renames: Mapping[str, str] = field(default_factory=dict)
    left_out: frozenset[str] = LEFT_OUT

    def relabel(self, text: str) -> str:
        """Return a text of the first folder with its old labels replaced.

        A label is replaced where it is the whole text or a whole part of a path, a list or a
        dotted name; never inside a sentence.
        """
        if text in self.renames:
            return self.renames[text]
        for separator in SEPARATORS:
            if separator in text:
                return separator.join(self.relabel(part) for part in text.split(separator))
        return text


@dataclass
class Comparison:
    """What the comparison of one file found.

    Attributes
    ----------
    file : str
        Path inside the folders.
    rows : int
        Rows of a table, or values of a JSON file, that were paired.
    columns : int
        Columns that were compared; 0 for a JSON file.
    largest : float
        Largest difference of two numbers; infinite where one of them is blank.
    differs : list of str
        What differs, in words.
    """

    file: str
    rows: int = 0
    columns: int = 0
    largest: float = 0.0
    differs: list[str] = field(default_factory=list)


def differences(before: ArrayLike, after: ArrayLike) -> NDArray[np.float64]:
    """Return absolute differences: 0 for two blanks, infinite where only one is blank."""
    old, new = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        found = np.abs(new - old)
    found[(old == new) | (np.isnan(old) & np.isnan(new))] = 0.0
    found[np.isnan(found)] = np.inf
    return found


def is_number(column: pd.Series) -> bool:
    """Say whether a column holds numbers; yes and no are none."""
    types = pd.api.types
    return bool(types.is_numeric_dtype(column) and not types.is_bool_dtype(column))


def as_numbers(column: pd.Series) -> NDArray[np.float64]:
    """Return a column of numbers with not-a-number for blanks."""
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))


def as_texts(column: pd.Series) -> list[str]:
    """Return the values of a column as texts, whole numbers alike whatever their type."""
    shown: Callable[[Any], str] = "{:.15g}".format if is_number(column) else str
    return ["" if pd.isna(value) else shown(value) for value in column]


def key_columns(frame: pd.DataFrame) -> list[str]:
    """Return the columns that tell the rows apart, from the left.

    Columns of fractions are never among them, columns of whole numbers stored as floats only where
    the others do not suffice.
    """
    floats = {c: pd.api.types.is_float_dtype(frame[c]) for c in frame.columns}
    whole = [c for c in frame.columns if floats[c] and (frame[c].dropna() % 1 == 0).all()]
    keys: list[str] = []
    codes = np.zeros(len(frame), dtype=np.int64)
    for name in [*(c for c in frame.columns if not floats[c]), *whole]:
        if len(frame) == codes.max(initial=0) + 1:
            break
        values = pd.factorize(np.array(as_texts(frame[name]), dtype=object))[0]
        combined = pd.factorize(codes * len(frame) + values)[0]
        if combined.max(initial=0) > codes.max(initial=0):
            keys.append(name)
            codes = combined
    return keys


def row_names(frame: pd.DataFrame, keys: Sequence[str]) -> list[str]:
    """Name each row by its keys; rows of one name are numbered in the order of their values."""
    texts = [as_texts(frame[key]) for key in keys]
    names = pd.Series(
        [", ".join(row) for row in zip(*texts, strict=True)] if keys else [""] * len(frame),
        index=frame.index,
        dtype=object,
    )
    ordered = frame.sort_values(list(frame.columns)).index if len(frame.columns) else frame.index
    numbers = names.loc[ordered].groupby(names.loc[ordered]).cumcount().reindex(frame.index)
    pairs = zip(names, numbers, strict=True)
    return [f"{name} ({number + 1})" if number else name for name, number in pairs]


def paired_names(before: pd.DataFrame, after: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Name the rows of two tables alike."""
    shared = [name for name in before.columns if name in after.columns]
    keys = key_columns(before[shared])
    return row_names(before[shared], keys), row_names(after[shared], keys)


def tidy(frame: pd.DataFrame, rules: Rules, relabel: bool) -> pd.DataFrame:
    """Return a table with texts in all columns that hold no numbers, labels replaced if asked."""
    kept = [name for name in frame.columns if name not in rules.left_out]
    columns = {}
    for name in kept:
        column = frame[name]
        if not is_number(column):
            texts = as_texts(column)
            column = pd.Series(
                [rules.relabel(t) for t in texts] if relabel else texts, dtype=object
            )
        columns[rules.relabel(name) if relabel else name] = column.reset_index(drop=True)
    if len(columns) < len(kept):
        raise ValueError(f"--rename gives two of these columns one name: {', '.join(kept)}")
    return pd.DataFrame(columns)


def read_table(path: Path) -> pd.DataFrame:
    """Read a Parquet or CSV file; only an empty cell is a blank."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    try:
        return pd.read_csv(
            path,
            encoding="utf-8-sig",
            keep_default_na=False,
            na_values=[""],
            low_memory=False,
        )
    except pd.errors.EmptyDataError:
        return pd.DataFrame()


def compare_tables(found: Comparison, before: Path, after: Path, rules: Rules) -> None:
    """Compare two tables row by row and column by column."""
    old = tidy(read_table(before), rules, relabel=True)
    new = tidy(read_table(after), rules, relabel=False)
    old_names, new_names = paired_names(old, new)
    old.index, new.index = pd.Index(old_names, dtype=object), pd.Index(new_names, dtype=object)
    note_unpaired(found, "column", list(old.columns), list(new.columns))
    note_unpaired(found, "row", old_names, new_names)
    common = old.index.intersection(new.index, sort=False)
    shared = [name for name in old.columns if name in new.columns]
    old, new = old.loc[common], new.loc[common]
    found.rows, found.columns = len(common), len(shared)
    for name in shared:
        compare_columns(found, old[name], new[name], rules.tolerance)


def compare_columns(
    found: Comparison, before: pd.Series, after: pd.Series, tolerance: float
) -> None:
    """Compare a column of paired rows and note how many differ, with the worst as an example."""
    if is_number(before) and is_number(after):
        sizes = differences(as_numbers(before), as_numbers(after))
        found.largest = max(found.largest, float(sizes.max(initial=0.0)))
    else:
        unequal = [b != a for b, a in zip(as_texts(before), as_texts(after), strict=True)]
        sizes = np.where(unequal, np.inf, 0.0)
    count = int((sizes > tolerance).sum())
    if count:
        worst = int(sizes.argmax())
        found.differs.append(
            f"{before.name}: {count} of {len(sizes)} rows, at [{before.index[worst]}] "
            f"{shown(before.iloc[worst])} became {shown(after.iloc[worst])}"
        )


def note_unpaired(found: Comparison, what: str, before: list[str], after: list[str]) -> None:
    """Note the columns or rows that stand on one side only."""
    for side, own, other in (("before", before, set(after)), ("after", after, set(before))):
        alone = [name for name in own if name not in other]
        if alone:
            more = " …" if len(alone) > SHOWN else ""
            listed = "; ".join(f"[{name}]" for name in alone[:SHOWN])
            found.differs.append(f"{len(alone)} {what}(s) only {side}: {listed}{more}")


def shown(value: Any) -> str:
    """Return a value as it is shown, shortened."""
    text = repr(float(value)) if isinstance(value, float | np.floating) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def compare_json(found: Comparison, before: Path, after: Path, rules: Rules) -> None:
    """Compare two JSON files value by value."""
    old = relabelled(json.loads(before.read_text("utf-8")), rules)
    new = json.loads(after.read_text("utf-8"))
    for place, earlier, later in pairs(old, new, rules):
        found.rows += 1
        if is_figure(earlier) and is_figure(later):
            size = float(differences([earlier], [later])[0])
            found.largest = max(found.largest, size)
            equal = size <= rules.tolerance
        else:
            equal = type(earlier) is type(later) and earlier == later
        if not equal:
            found.differs.append(f"{place}: {shown(earlier)} became {shown(later)}")


def is_figure(value: Any) -> bool:
    """Say whether a JSON value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def relabelled(value: Any, rules: Rules) -> Any:
    """Return a JSON value with its old labels replaced."""
    if isinstance(value, dict):
        return {rules.relabel(key): relabelled(part, rules) for key, part in value.items()}
    if isinstance(value, list):
        return [relabelled(part, rules) for part in value]
    return rules.relabel(value) if isinstance(value, str) else value


def pairs(before: Any, after: Any, rules: Rules, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the place and both values of every leaf of two JSON values."""
    if isinstance(before, list) and isinstance(after, list):
        before, after = named_items(before, after, rules)
    if not (isinstance(before, dict) and isinstance(after, dict)):
        yield place or "(all)", before, after
        return
    for key in {**before, **after}:
        if key not in rules.left_out:
            inside = f"{place}.{key}" if place else key
            yield from pairs(before.get(key, ABSENT), after.get(key, ABSENT), rules, inside)


def named_items(
    before: list[Any], after: list[Any], rules: Rules
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Name the items of two lists: records by what tells them apart, others by position."""
    if before and after and all(isinstance(item, dict) for item in [*before, *after]):
        old, new = paired_names(records(before, rules), records(after, rules))
    else:
        old, new = ([str(position) for position in range(len(s))] for s in (before, after))
    return (
        {f"[{name}]": item for name, item in zip(old, before, strict=True)},
        {f"[{name}]": item for name, item in zip(new, after, strict=True)},
    )


def records(items: list[dict[str, Any]], rules: Rules) -> pd.DataFrame:
    """Return the texts and numbers of JSON records as a table."""
    plain = [{k: v for k, v in r.items() if not isinstance(v, dict | list)} for r in items]
    return tidy(pd.DataFrame(plain, index=range(len(items))), rules, relabel=False)


READERS: dict[str, Callable[[Comparison, Path, Path, Rules], None]] = {
    ".parquet": compare_tables,
    ".csv": compare_tables,
    ".json": compare_json,
}


def find_files(folder: Path, relabel: Callable[[str], str] = str) -> dict[str, Path]:
    """Return the files of a folder that can be compared, by their path inside it.

    Raises
    ------
    ValueError
        If renaming gives two files one path.
    """
    stores = {path.parent for path in folder.rglob(STORE)}
    kept = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix in READERS and path.is_file() and not stores.intersection(path.parents)
    ]
    found = {relabel(path.relative_to(folder).as_posix()): path for path in kept}
    if len(found) < len(kept):
        raise ValueError(f"{folder}: --rename gives two files one path")
    return found


def compare_folders(before: Path, after: Path, rules: Rules) -> list[Comparison]:
    """Compare all files of two folders.

    Raises
    ------
    ValueError
        If there is nothing to compare, or a rename makes two names one.
    """
    old, new = find_files(before, rules.relabel), find_files(after)
    if not {*old} & {*new}:
        raise ValueError(f"{before} and {after} have no Parquet, CSV or JSON file in common")
    results = []
    for name in sorted({*old, *new}):
        found = Comparison(name)
        if name in old and name in new:
            READERS[new[name].suffix](found, old[name], new[name], rules)
        else:
            found.differs.append(f"only {'before' if name in old else 'after'}")
        results.append(found)
    return results


def table(results: Sequence[Comparison]) -> str:
    """Return the comparisons as a table of text, one line a file."""
    lines = [("file", "rows", "columns", "largest", "what differs")]
    for found in results:
        more = len(found.differs) - SHOWN
        words = [*found.differs[:SHOWN], *([f"and {more} more"] if more > 0 else [])]
        columns = str(found.columns) if found.columns else "–"
        differs = " | ".join(words) or "nothing"
        lines.append((found.file, str(found.rows), columns, f"{found.largest:.3g}", differs))
    width, rows, columns_width, largest = (max(len(li[i]) for li in lines) for i in range(4))
    return "\n".join(
        f"{file:<{width}}  {n:>{rows}}  {columns:>{columns_width}}  {size:>{largest}}  {what}"
        for file, n, columns, size, what in lines
    )


def rename(text: str) -> tuple[str, str]:
    """Read ``OLD=NEW``."""
    old, sign, new = text.partition("=")
    if not (old and sign and new):
        raise argparse.ArgumentTypeError(f"expected OLD=NEW, found {text!r}")
    return old, new


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the arguments of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("before", type=Path, help="folder of results before the change")
    add("after", type=Path, help="folder of results after it")
    add("--tolerance", type=float, default=1e-9, help="largest difference of equal numbers [1e-9]")
    add(
        "--rename",
        type=rename,
        action="append",
        default=[],
        metavar="OLD=NEW",
        help="a label, column or file that has another name after the change (repeatable)",
    )
    add("--ignore", action="append", default=[], metavar="KEY", help="a column or JSON key to skip")
    found = parser.parse_args(arguments)
    for folder in (found.before, found.after):
        if not folder.is_dir():
            parser.error(f"{folder} is no folder")
    return found


def main(arguments: Sequence[str]) -> int:
    """Run the script."""
    given = parse(arguments)
    rules = Rules(given.tolerance, dict(given.rename), LEFT_OUT.union(given.ignore))
    try:
        results = compare_folders(given.before, given.after, rules)
    except ValueError as error:
        print(f"compare_results: {error}", file=sys.stderr)
        return 2
    print(table(results))
    differing = sum(bool(found.differs) for found in results)
    print(f"\n{len(results)} files, {differing} differ (tolerance {given.tolerance:g})")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
