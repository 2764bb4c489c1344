"""Workbooks, experiment files and model folders that load, mutated at random."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mutated_files import with_bytes

__all__ = ["mutated_bundle", "mutated_experiment", "mutated_workbook"]

VALUES: tuple[Any, ...] = (
    *(None, True, "", "x", "\x00", "../x", "\u202e", -1, 0, 1, 3, 2**31, 2**63, -(2**70), 10**400),
    *(
        0.5,
        -0.5,
        1e300,
        float("nan"),
        float("inf"),
        [],
        {},
        [[]],
        {"a": {}},
        ["a", "a"],
        "9" * 5000,
    ),
)
TOKENS = (
    *('"', "'''", "[", "]", "[[", "{", "}", "=", "\n", ".", ",", "#", "\\", "0x", "1e400", "nan"),
    *("inf", "-", "2010-13-45", "true", "9" * 30, "9" * 5000, "[" * 300, "a." * 80 + "b = 1\n"),
    *("\x00", "\ufeff", 'extends = "."\n', 'extends = "/dev/null"\n', "[data]\n", "seed = -1\n"),
)
Files = dict[str, bytes]


def mutated_experiment(text: str, chance: random.Random) -> bytes:
    """Return the text of an experiment with tokens and bytes changed, lines moved or doubled."""
    lines = text.splitlines(keepends=True)
    for _ in range(chance.choice([1, 1, 2, 4])):
        kind, at = chance.randrange(5), chance.randrange(max(len(lines), 1))
        if kind == 0:
            lines.insert(at, chance.choice(TOKENS))
        elif kind == 1 and lines:
            del lines[at]
        elif kind == 2 and lines:
            lines.insert(chance.randrange(len(lines)), lines[at])
        elif kind == 3 and lines:
            line, cut = lines[at], chance.randrange(len(lines[at]) + 1)
            lines[at] = line[:cut] + chance.choice(TOKENS) + line[cut + chance.randrange(9) :]
        elif lines and "=" in lines[at]:
            key = lines[at].partition("=")[0]
            lines[at] = f"{key}= {_toml(chance.choice(VALUES))}\n"
    content = "".join(lines).encode("utf-8", errors="replace")
    return with_bytes(content, chance) if chance.random() < 0.2 else content


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{a = {}}" if value else "{}"
    return "nan" if value is None else json.dumps(value).replace("NaN", "nan").lower()


def mutated_workbook(content: bytes, chance: random.Random) -> bytes:
    """Return an .xlsx file of which a part is changed as XML, or left out."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for _ in range(chance.choice([1, 1, 2])):
        name = chance.choice([*parts, *["xl/worksheets/sheet1.xml"] * 4])
        part = parts.get(name, b"<x/>")
        kind = chance.randrange(5)
        if kind == 0:
            parts.pop(name, None)
        elif kind == 1:
            old = chance.choice(
                [b'r="A1"', b"<row", b't="n"', b"<v>", b"<c ", b"</sheetData>", b"1"]
            )
            parts[name] = part.replace(old, chance.choice(_XML), chance.choice([1, -1]))
        else:
            parts[name] = with_bytes(part, chance)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


_XML = (
    *(
        b'r="XFD1048576"',
        b'r="ZZ60000"',
        b'r="A0"',
        b'r=""',
        b'r="A99999999999"',
        b"<row r='9999999'",
    ),
    *(
        b't="e"',
        b't="s"',
        b't="d"',
        b"<v>1e999",
        b"<v>&x;",
        b"<f>A1</f><v>",
        b"<c r='C9'><v>1</v></c>",
    ),
    *(b"", b"9" * 400, b'<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>', b"\xff\xfe"),
)


def mutated_bundle(files: Mapping[str, bytes], chance: random.Random) -> Files:
    """Return the files of a bundle, some changed; mostly with sums that agree with them."""
    made = dict(files)
    changed = chance.sample(sorted(made), chance.choice([1, 1, 2]))
    for name in changed:
        made[name] = _changed(name, made[name], chance)
    manifest = made.get("manifest.json", b"")
    if "manifest.json" not in changed and chance.random() < 0.95:
        listed = json.loads(manifest)
        for name in changed:
            digest = hashlib.sha256(made[name]).hexdigest()
            listed["files"][name] = {"sha256": digest, "size": len(made[name])}
        made["manifest.json"] = json.dumps(listed, ensure_ascii=False).encode()
    if chance.random() < 0.03:
        made.pop(chance.choice(sorted(made)))
    return made


def _changed(name: str, content: bytes, chance: random.Random) -> bytes:
    if chance.random() < 0.15:
        return with_bytes(content, chance)
    if name.endswith(".npz"):
        return _arrays(content, chance)
    if name.endswith(".json.gz"):
        return gzip.compress(_json(gzip.decompress(content), chance), mtime=0)
    return _json(content, chance) if name.endswith(".json") else with_bytes(content, chance)


def _json(content: bytes, chance: random.Random) -> bytes:
    value = json.loads(content)
    for _ in range(chance.choice([1, 1, 2])):
        inside, key = _somewhere(value, chance)
        if inside is None:
            continue
        kind = chance.randrange(4)
        if kind == 0:
            del inside[key]
        elif kind == 1 and isinstance(inside, list):
            inside.insert(key, inside[key])
        elif kind == 1:
            inside[chance.choice(["x", "", "3", "../x"])] = inside[key]
        else:
            inside[key] = chance.choice(VALUES)
    return json.dumps(value, ensure_ascii=False).encode("utf-8", errors="replace")


def _somewhere(value: Any, chance: random.Random) -> tuple[Any, Any]:
    inside, key = None, None
    while isinstance(value, dict | list) and value and (inside is None or chance.random() < 0.85):
        key = (
            chance.choice(sorted(value))
            if isinstance(value, dict)
            else chance.randrange(len(value))
        )
        inside, value = value, value[key]
    return inside, key


_ARRAYS: tuple[Callable[[Any, random.Random], Any], ...] = (
    lambda a, _: a[: len(a) // 2],
    lambda a, _: np.concatenate([a, a]),
    lambda a, _: a.astype(np.float32),
    lambda a, _: a.reshape(-1, 1),
    lambda a, _: a * 0,
    lambda a, _: a - 10**9,
    lambda a, _: a.astype("U40"),
    lambda a, chance: np.where(np.arange(len(a)) == chance.randrange(len(a) + 1), np.nan, a),
    lambda a, chance: np.where(np.arange(len(a)) == chance.randrange(len(a) + 1), 1e308, a),
    lambda a, _: a[:0],
)


def _arrays(content: bytes, chance: random.Random) -> bytes:
    with np.load(io.BytesIO(content), allow_pickle=False) as loaded:
        arrays = {name: loaded[name] for name in loaded.files}
    name = chance.choice(sorted(arrays))
    if chance.random() < 0.1:
        del arrays[name]
    else:
        arrays[name] = chance.choice(_ARRAYS)(arrays[name], chance)
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()
