"""Experiment files of strangers: what goes beyond a limit ends with an error for the user."""

from __future__ import annotations

import os
import time
import tracemalloc
from pathlib import Path

import pytest

from city_resilience.errors import InputError
from city_resilience.experiment.load import MOST_BASES, MOST_BYTES, load_experiment

PLAIN = 'name = "x"\n[evaluation]\nfirst_origin = 2010\n'
NINES = "9" * 5000
TEXTS = {
    "dots": ("a" + ".a" * 100_000 + " = 1\n" + PLAIN, r"line 1: a key of more than 32 parts"),
    "table of dots": (
        PLAIN + "[a" + ".a" * 100_000 + "]\n",
        r"line 4: a key of more than 32 parts",
    ),
    "quoted dots": ('"a"' + ' . "a"' * 100 + " = 1\n", "a key of more than 32 parts"),
    "lists": (f"x = {'[' * 900}{']' * 900}\n{PLAIN}", "nested deeper than 32 levels"),
    "lists that are read": (f"x = {'[' * 90}{']' * 90}\n{PLAIN}", "nested deeper than 32 levels"),
    "endless lists": ("x = " + "[" * 100_000, "nested deeper than 32 levels"),
    "digits": (f"x = {NINES}\n{PLAIN}", "a whole number of more than 63 bits"),
    "digits of sixteen": (PLAIN.replace("2010", f"0x{NINES}"), "key 'evaluation.first_origin'"),
    "seed": (PLAIN + f"[model]\nseed = {2**70}\n", "key 'model.seed': a whole number of more"),
    "seed of 40 bits": (PLAIN + f"[model]\nseed = {2**40}\n", "key 'model.seed'"),
    "warm-up": (PLAIN + "warmup_origins = 1000000000\n", "key 'evaluation.warmup_origins'"),
    "horizons": (
        PLAIN + f"[outcome]\nhorizons = {list(range(1, 9000))}\n",
        "key 'outcome.horizons'",
    ),
    "own columns": (
        PLAIN + "[data.columns]\n" + "".join(f'c{i}.family = "control"\n' for i in range(5000)),
        "key 'data.columns'",
    ),
    "device": ('extends = "/dev/zero"\n', "/dev/zero: a device or a pipe, not a file"),
    "folder": ('extends = "."\n', "a folder, not a file"),
    "pipe": ('extends = "pipe"\n', "pipe: a device or a pipe, not a file"),
    "itself": ('extends = "experiment.toml"\n', "the file extends itself"),
    "long name": (f'extends = "{"n" * 5000}"\n', "cannot be read: File name too long"),
    "name with a zero": ('extends = "a\\u0000.toml"\n', r"a\\x00\.toml': no name of a file"),
    "size": (PLAIN + "#" * MOST_BYTES, "larger than 4 MB"),
    "mark of another encoding": ("\ufeff\xe9".encode("utf-16"), "not UTF-8 text, byte 0xff"),
    "nothing": ("\x00", "not valid TOML"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_a_hostile_experiment_is_refused_at_once(case, tmp_path):
    text, message = TEXTS[case]
    path = tmp_path / "experiment.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    os.mkfifo(tmp_path / "pipe")
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises(InputError, match=message) as refused:
        load_experiment(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert time.process_time() - began < 5
    assert peak < 100e6
    assert len(str(refused.value)) < 6000


def test_a_long_row_of_files_that_extend_each_other_is_refused(tmp_path: Path):
    for at in range(MOST_BASES + 2):
        (tmp_path / f"{at}.toml").write_text(f'extends = "{at + 1}.toml"\n')
    (tmp_path / f"{MOST_BASES + 2}.toml").write_text(PLAIN)
    with pytest.raises(InputError, match="more than 16 files in a row"):
        load_experiment(tmp_path / "0.toml")
    assert load_experiment(tmp_path / "9.toml").name == "x"


@pytest.mark.parametrize("value", ["[" * 5000, NINES, "0x" + NINES])
def test_a_hostile_override_is_refused(value, tmp_path):
    path = tmp_path / "experiment.toml"
    path.write_text(PLAIN)
    with pytest.raises(InputError, match=r"not a value of TOML|more than 63 bits"):
        load_experiment(path, [f"model.seed={value}"])
    with pytest.raises(InputError, match="nested deeper than 32 levels"):
        load_experiment(path, [".".join("a" * 5000) + "=1"])
