"""Examples for clusters: they parse, fit together, and use options that the commands have."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml
from distributed.cli import dask_scheduler, dask_worker

from city_resilience.commands.main import main
from city_resilience.machines.dask_engine import SHARED
from places import ROOT

FOLDER = ROOT / "examples"
KUBERNETES, SLURM = FOLDER / "kubernetes", FOLDER / "slurm" / "train.sbatch"
HOST = re.compile(r"\b[\w-]+(?:\.[\w-]+)*\.(?:io|com|org|net|dev)\b(?!/v1)")


@cache
def documents() -> list[dict[str, Any]]:
    files = sorted(KUBERNETES.glob("*.yaml"))
    return [own for path in files for own in yaml.safe_load_all(path.read_text("utf-8"))]


def containers() -> Iterator[dict[str, Any]]:
    for own in documents():
        if own["kind"] in ("Deployment", "Job"):
            yield from own["spec"]["template"]["spec"]["containers"]


def shell_commands() -> Iterator[list[str]]:
    text = SLURM.read_text("utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        first = [k for k, word in enumerate(words) if word in ("dask", "city-resilience")]
        if first:
            yield words[first[0] :]


COMMANDS = [*(own["args"] for own in containers()), *shell_commands()]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words[:2]))
def test_options_are_those_of_the_commands(words):
    program, verb, *rest = words
    dask = {"scheduler": dask_scheduler.main, "worker": dask_worker.main}
    command = dask[verb] if program == "dask" else main.get_command(None, verb)
    known = {name for own in command.params for name in own.opts + own.secondary_opts}
    assert [word for word in rest if word.startswith("--") and word not in known] == []


def test_scheduler_workers_and_command_are_there():
    found = {tuple(words[:2]) for words in COMMANDS}
    assert found == {("dask", "scheduler"), ("dask", "worker"), ("city-resilience", "train")}
    assert len(COMMANDS) == 6


def test_workers_and_job_find_the_scheduler():
    service = next(own for own in documents() if own["kind"] == "Service")
    port = service["spec"]["ports"][0]["port"]
    address = f"tcp://{service['metadata']['name']}:{port}"
    every = [own["args"] for own in containers()]
    assert sum(address in words for words in every) == 2
    scheduler = next(words for words in every if words[1] == "scheduler")
    assert scheduler[scheduler.index("--port") + 1] == str(port)


def test_workers_and_job_share_a_folder():
    for own in containers():
        if own["args"][1] != "scheduler":
            (mount,) = own["volumeMounts"]
            told = {one["name"]: one["value"] for one in own["env"]}
            assert told[SHARED] == mount["mountPath"]


def test_every_pod_is_behind_the_policy():
    policy = next(own for own in documents() if own["kind"] == "NetworkPolicy")
    label = policy["spec"]["podSelector"]["matchLabels"].items()
    pods = [own for own in documents() if own["kind"] in ("Deployment", "Job")]
    assert len(pods) == 3
    for own in pods:
        assert label <= own["spec"]["template"]["metadata"]["labels"].items()


def test_the_script_is_one():
    done = subprocess.run(["bash", "-n", SLURM], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_registry_or_host_is_named():
    for path in FOLDER.rglob("*"):
        if path.is_file():
            text = path.read_text("utf-8").replace("networking.k8s.io/v1", "")
            assert HOST.findall(text) == [], path
    assert {own["image"] for own in containers()} == {"IMAGE"}
    first = (KUBERNETES / "Dockerfile").read_text("utf-8")
    assert re.findall(r"^FROM (.*)$", first, re.MULTILINE) == ["python:3.12-slim"]
