"""Mutated panels, workbooks, experiments and model folders: a result or an error for the user."""

from __future__ import annotations

import runpy

import pytest

from places import ROOT

FUZZ = runpy.run_path(str(ROOT / "scripts" / "fuzz_readers.py"))
COUNTS = {"panel": 40, "workbook": 60, "experiment": 300, "bundle": 25}


@pytest.mark.parametrize("kind", COUNTS)
def test_the_same_mutated_files_at_every_run(kind, capsys):
    assert set(COUNTS) == set(FUZZ["KINDS"])
    code = FUZZ["main"](["--kind", kind, "--first", "2000000", "--count", str(COUNTS[kind])])
    assert code == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    ("kind", "seed"),
    [
        ("experiment", 3002590),
        ("bundle", 1003463),
        ("bundle", 9019807),
        ("bundle", 9033155),
        ("panel", 9020292),
    ],
)
def test_files_that_once_were_faults(kind, seed, capsys):
    code = FUZZ["main"](["--kind", kind, "--first", str(seed), "--count", "1"])
    assert code == 0, capsys.readouterr().out


@pytest.mark.slow
def test_a_minute_of_mutated_files(capsys):
    code = FUZZ["main"](["--first", "5000000", "--seconds", "60"])
    assert code == 0, capsys.readouterr().out


def test_what_is_no_declared_error_is_a_fault(tmp_path):
    def broken(_path):
        raise TypeError("damaged")

    def endless(_path):
        while True:
            pass

    FUZZ["faults_of"].__globals__["HANG"] = 0.2
    faults = FUZZ["faults_of"](tmp_path, {"own": broken, "other": endless})
    assert [fault.split(": ")[:2] for fault in faults[:2]] == [
        ["own", "TypeError"],
        ["other", "_Hang"],
    ]
