"""The nightly script: dated files, lock, log and exit codes, with a stand-in for the program."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from places import ROOT

SCRIPT = ROOT / "scripts" / "pull_predictions.sh"
DATED = re.compile(r"forecast-\d{4}-\d\d-\d\d\.csv")

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="the POSIX script; Windows has pull_predictions.ps1"
)


@pytest.fixture
def pull(tmp_path):
    """Return a function that runs the script with a program of the given shell lines."""

    def run(body: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
        program = tmp_path / "program"
        program.write_text(f'#!/bin/sh\nout=$5\necho "$*" >"{tmp_path}/arguments"\n{body}\n')
        program.chmod(0o755)
        settings = {
            "CITY_RESILIENCE_COMMAND": str(program),
            "CITY_RESILIENCE_DATA": "panel of 2024.csv",
            "CITY_RESILIENCE_MODEL": "models/one",
            "CITY_RESILIENCE_OUT_DIR": str(tmp_path / "out"),
            "CITY_RESILIENCE_LOG": str(tmp_path / "log" / "pull.log"),
            **({"PATH": path} if path else {}),
        }
        return subprocess.run(
            ["/bin/sh", str(SCRIPT)],
            env=os.environ | settings,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".pull_predictions.lock")


WRITES = 'echo city,forecast >"$out"; echo {} >"$out.manifest.json"; echo a closing table'


def test_success_leaves_dated_forecast_manifest_and_one_log_line(pull, tmp_path):
    done = pull(WRITES)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    forecast, manifest = visible(tmp_path / "out")
    assert DATED.fullmatch(forecast)
    assert manifest == f"{forecast}.manifest.json"
    arguments = (tmp_path / "arguments").read_text()
    assert arguments.startswith("predict --data panel of 2024.csv --out ")
    assert arguments.endswith(f"/{forecast} --model models/one --strict\n")
    pull(WRITES)
    lines = (tmp_path / "log" / "pull.log").read_text().splitlines()
    assert len(lines) == 2
    assert all(re.search(r"^\S+ exit=0 seconds=\d+ .* done$", line) for line in lines)


def test_bad_input_passes_exit_code_and_message_and_leaves_no_file(pull, tmp_path):
    done = pull('echo half >"$out"; echo "panel.csv: no city column; name it" >&2; exit 2')
    assert done.returncode == 2
    assert done.stderr == "pull_predictions: panel.csv: no city column; name it\n"
    assert visible(tmp_path / "out") == []
    log = (tmp_path / "log" / "pull.log").read_text()
    assert re.fullmatch(r"\S+ exit=2 .* panel\.csv: no city column; name it\n", log)


def test_further_options_and_files_are_passed_on(pull, tmp_path, monkeypatch):
    monkeypatch.setenv("CITY_RESILIENCE_OPTIONS", "--lang zh --drivers 1")
    done = pull(f'{WRITES}; echo x >"${{out%.csv}}.parquet"')
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "arguments").read_text().endswith(" --strict --lang zh --drivers 1\n")
    written = visible(tmp_path / "out")
    assert [name.partition(".")[2] for name in written] == ["csv", "csv.manifest.json", "parquet"]


def test_an_alarm_is_kept_with_the_forecast(pull, tmp_path):
    alarm = "Alarm: loans is 10,000 times its level"
    done = pull(f'{WRITES}; echo "{alarm}" >&2; echo "city-resilience: written" >&2; exit 3')
    assert done.returncode == 3
    assert done.stderr == f"{alarm}\npull_predictions: city-resilience: written\n"
    forecast, manifest = visible(tmp_path / "out")
    assert manifest == f"{forecast}.manifest.json"
    lines = (tmp_path / "log" / "pull.log").read_text().splitlines()
    assert lines[0] == alarm
    assert " exit=3 " in lines[1]


def test_failed_run_keeps_the_forecast_of_an_earlier_one(pull, tmp_path):
    pull(WRITES)
    forecast = next(path for path in (tmp_path / "out").iterdir() if path.suffix == ".csv")
    assert pull('echo half >"$out"; exit 1').returncode == 1
    assert forecast.read_text() == "city,forecast\n"


def test_success_without_a_manifest_is_a_failure(pull, tmp_path):
    done = pull('echo city >"$out"')
    assert done.returncode == 1
    assert "manifest was not written" in done.stderr
    assert visible(tmp_path / "out") == []


@pytest.mark.parametrize("with_flock", [True, False])
def test_overlapping_run_is_skipped_with_75(pull, tmp_path, with_flock):
    if with_flock and shutil.which("flock") is None:
        pytest.skip("flock is not installed")
    path = None if with_flock else path_without_flock(tmp_path)
    inner = f'/bin/sh "{SCRIPT}" >"{tmp_path}/inner" 2>&1; echo $? >>"{tmp_path}/inner"; {WRITES}'
    done = pull(inner, path)
    assert done.returncode == 0, done.stderr
    message, code = (tmp_path / "inner").read_text().splitlines()
    assert message == "pull_predictions: skipped: another run is still at work"
    assert code == "75"
    assert pull(WRITES, path).returncode == 0


def test_lock_of_a_dead_run_does_not_block(pull, tmp_path):
    stale = tmp_path / "out" / ".pull_predictions.lock.d"
    stale.mkdir(parents=True)
    ended = subprocess.Popen(["true"])
    ended.wait()
    (stale / "pid").write_text(f"{ended.pid}\n")
    assert pull(WRITES, path_without_flock(tmp_path)).returncode == 0
    assert not stale.exists()


def path_without_flock(tmp_path: Path) -> str:
    """Return a search path that holds the script's tools, but no flock."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in [
        "cat",
        "date",
        "dirname",
        "grep",
        "mkdir",
        "mktemp",
        "mv",
        "rm",
        "sh",
        "tail",
        "tee",
    ]:
        (tools / tool).symlink_to(str(shutil.which(tool)))
    return str(tools)
