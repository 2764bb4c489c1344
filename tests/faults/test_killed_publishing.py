"""A folder that is published or exported, killed at each of its file operations."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from city_resilience import unfinished
from city_resilience.errors import InputError
from city_resilience.files import write_folder, write_json
from city_resilience.models.bundle import load_bundle
from city_resilience.models.bundle_copy import copy_bundle
from city_resilience.models.manifest import FORMAT_VERSION
from city_resilience.processes import is_gone, own_mark
from city_resilience.publishing import publishing
from city_resilience.unfinished import settle, sweep

STEPS = Path(__file__).parents[1] / "helpers" / "killed_steps.py"
CASES = 9
GOLDEN = Path(__file__).parents[1] / "golden" / f"bundle_{FORMAT_VERSION}"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, and exchanges folders")


def test_a_kill_at_any_operation_leaves_the_old_or_the_new_and_the_next_command_nothing_else():
    done = subprocess.run(
        [sys.executable, str(STEPS)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert len(results) == CASES
    assert {name: faults for name, (_, faults) in results.items() if faults} == {}
    assert min(operations for operations, _ in results.values()) >= 10


def dead_mark() -> str:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    _, _, place = own_mark().split(".", 2)
    return f"{child.pid}.1.{place}"


def test_only_what_surely_dead_processes_left_is_swept(tmp_path):
    own, dead = own_mark(), dead_mark()
    assert not is_gone(own)
    assert is_gone(dead)
    pid, start, host, boot, space = own.split(".")
    assert is_gone(f"{pid}.{int(start) + 1}.{host}.{boot}.{space}"), "the id is used again"
    assert is_gone(f"{pid}.{start}.{host}.000000.{space}"), "the machine was started again"
    unknown = [f"{pid}.1.000000.{boot}.{space}", f"1.1.{host}.{boot}.000000", "1.1.1", ""]
    assert not any(map(is_gone, unknown)), "another machine, another container, no mark"
    for mark in (own, dead, *unknown[:2]):
        (tmp_path / f".writing-{mark}-abc").mkdir()
        (tmp_path / f".city-resilience-{mark}-abc" / "new").mkdir(parents=True)
    for name in (".writing-mine", ".city-resilience", "writing"):
        (tmp_path / name).mkdir()
    sweep(tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert not any(dead in name for name in left)
    assert len(left) == 2 * 3 + 3


def test_writing_a_file_sweeps_the_folder_it_goes_to(tmp_path):
    (tmp_path / f".writing-{dead_mark()}-abc").mkdir()
    write_json({}, tmp_path / "a.json")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_folder_keeps_its_mode_and_the_files_of_the_user_stay_the_same_files(tmp_path):
    out = tmp_path / "out"
    write_folder({"a.csv": b"old", "notes.txt": b"mine"}, out)
    out.chmod(0o750)
    number = (out / "notes.txt").stat().st_ino
    with publishing(out) as folder:
        (folder / "a.csv").write_text("new")
    assert (out / "a.csv").read_text() == "new"
    assert out.stat().st_mode & 0o777 == 0o750
    assert (out / "notes.txt").stat().st_ino == number
    assert (out / "notes.txt").stat().st_nlink == 1


@pytest.mark.parametrize("way", ["here", "link", "not there"])
def test_a_folder_is_published_where_the_user_named_it(tmp_path, monkeypatch, way):
    place = tmp_path / "place"
    if way != "not there":
        place.mkdir()
    out = {"here": Path("."), "link": tmp_path / "link", "not there": tmp_path / "x" / "y"}[way]
    if way == "here":
        monkeypatch.chdir(place)
    if way == "link":
        out.symlink_to(place)
    before = place.stat().st_ino if way == "here" else None
    with publishing(out, obsolete=["gone"]) as folder:
        (folder / "a.csv").write_text("new")
    assert (out / "a.csv").read_text() == "new"
    assert out.is_symlink() == (way == "link")
    if way == "here":
        assert place.stat().st_ino == before, "the folder in which the user's shell is stays"
        assert os.listdir(place) == ["a.csv"]


def test_nothing_is_published_and_no_folder_stays_when_something_goes_wrong(tmp_path):
    with pytest.raises(ZeroDivisionError), publishing(tmp_path / "x" / "y") as folder:
        (folder / "a.csv").write_text(str(1 / 0))
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(InputError, match="cannot be written to"),
        publishing(tmp_path / "file" / "x"),
    ):
        pass


def test_a_reader_waits_for_a_living_writer_that_moved_the_folder_aside(tmp_path, monkeypatch):
    monkeypatch.setattr(unfinished, "SECONDS", 0.2)
    aside = tmp_path / f".writing-{own_mark()}-abc" / ".aside" / "model"
    aside.mkdir(parents=True)
    slept: list[float] = []
    monkeypatch.setattr(unfinished.time, "sleep", slept.append)
    settle(tmp_path / "model")
    assert slept
    shutil.move(aside, tmp_path / "model")
    slept.clear()
    settle(tmp_path / "model")
    assert slept == []


def test_a_bundle_that_is_exported_again_and_again_is_always_read_whole(tmp_path):
    models = [
        copy_bundle(GOLDEN / name / "model", tmp_path / name)
        for name in ("composite", "growth_gap")
    ]
    copy_bundle(models[0], tmp_path / "served")
    over = threading.Event()

    def flip() -> None:
        while not over.is_set():
            for model in models:
                copy_bundle(model, tmp_path / "served")

    flipping = threading.Thread(target=flip)
    flipping.start()
    try:
        names = {load_bundle(tmp_path / "served").experiment.name for _ in range(30)}
    finally:
        over.set()
        flipping.join()
    assert names <= {load_bundle(model).experiment.name for model in models}
