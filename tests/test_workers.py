"""How much runs at once."""

import gc
import os
import threading

import numpy  # noqa: F401 - brings the library of linear algebra
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from city_resilience import workers
from city_resilience.errors import InputError
from city_resilience.progress import silent
from city_resilience.workers import (
    at_most,
    in_threads,
    seldom_collecting,
    usable_cores,
    worker_count,
)


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """Eight cores, and control groups in a folder, of which there are none."""
    monkeypatch.delenv(workers.VARIABLE, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(workers, "CONTROL_GROUPS", tmp_path)
    monkeypatch.setattr(workers, "OWN_GROUPS", tmp_path / "cgroup")
    return tmp_path


def grant(folder, own, **files):
    (folder / "cgroup").write_text(own)
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_all_cores_that_the_affinity_leaves_are_used(monkeypatch):
    assert usable_cores() == 8
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    assert worker_count() == usable_cores() == 1


def test_a_system_without_affinity_or_groups_counts_its_cores(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert usable_cores() == 5
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1


@pytest.mark.parametrize(
    ("granted", "cores"),
    [
        ({"cpu_dot_max": "300000 100000"}, 3),
        ({"cpu_dot_max": "150000 100000"}, 2),
        ({"cpu_dot_max": "20000 100000"}, 1),
        ({"cpu_dot_max": "max 100000"}, 8),
        ({"cpu_dot_max": "6400000 100000"}, 8),
        ({"cpu_dot_max": "500000 100000", "a__b__cpu_dot_max": "400000 100000"}, 4),
        ({"a__cpu_dot_max": "200000 100000", "a__b__cpu_dot_max": "max 100000"}, 2),
        ({"a__cpu_dot_max": "unreadable"}, 8),
    ],
)
def test_the_smallest_grant_of_the_groups_above_counts(machine, granted, cores):
    grant(machine, "0::/a/b\n", **granted)
    assert usable_cores() == cores


@pytest.mark.parametrize("mount", ["cpu,cpuacct", "cpu"])
@pytest.mark.parametrize(("quota", "cores"), [("250000\n", 3), ("-1\n", 8)])
def test_groups_of_version_1_count(machine, mount, quota, cores):
    own = "5:cpu,cpuacct:/jobs/mine\n3:memory:/jobs/mine\n0::/\n"
    files = {"_dot_cfs_quota_us": quota, "_dot_cfs_period_us": "100000\n"}
    grant(machine, own)
    folder = machine / mount / "jobs"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / f"cpu{name.replace('_dot_', '.')}").write_text(text)
    assert usable_cores() == cores


def test_a_container_that_sees_its_own_group_as_the_top_is_limited(machine):
    grant(machine, "0::/docker/not/visible\n", cpu_dot_max="200000 100000")
    assert usable_cores() == 2


def test_what_is_told_goes_before_the_variable_and_that_before_the_cores(monkeypatch):
    monkeypatch.setenv(workers.VARIABLE, " 12 ")
    assert worker_count() == 12
    with at_most(3):
        assert worker_count() == 3
        with at_most(None):
            assert worker_count() == 3
    assert worker_count() == 12


@pytest.mark.parametrize("given", ["0", "-1", "two", "1.5", "²"])
def test_a_variable_that_is_no_number_is_refused(monkeypatch, given):
    monkeypatch.setenv(workers.VARIABLE, given)
    with pytest.raises(InputError, match=f"CITY_RESILIENCE_WORKERS: .*{given!r}"):
        worker_count()


def test_less_than_one_worker_is_refused():
    with pytest.raises(InputError, match=r"--workers: .* found 0"), at_most(0):
        pass


def test_calls_run_at_once_and_answers_keep_their_order():
    gate = threading.Barrier(3, timeout=20)  # opens only if three calls wait at the same time
    told = []
    calls = [lambda k=k: (gate.wait(), k)[1] for k in range(6)]
    with at_most(3):
        found = in_threads(calls, "waiting", lambda *given: told.append(given))
    assert found == list(range(6))
    assert told == [("waiting", done, 6) for done in range(1, 7)]


def test_calls_within_calls_start_no_threads():
    def outer():
        inner = [threading.get_ident for _ in range(3)]
        return {threading.get_ident(), *in_threads(inner, "", silent)}

    with at_most(4):
        assert [len(found) for found in in_threads([outer] * 5, "", silent)] == [1] * 5
        assert worker_count() == 4


def test_one_worker_starts_no_thread():
    with at_most(1):
        found = in_threads([threading.get_ident] * 3, "", silent)
    assert set(found) == {threading.get_ident()}


@pytest.mark.parametrize("count", [1, 4])
def test_an_error_ends_what_has_not_begun(count):
    begun = []

    def fail():
        raise ValueError("stop")

    later = [lambda k=k: begun.append(k) for k in range(500)]
    with at_most(count), pytest.raises(ValueError, match="stop"):
        in_threads([fail, *later], "", silent)
    assert len(begun) < 500


@pytest.mark.parametrize("count", [1, 3])
def test_linear_algebra_starts_no_threads_within_a_call(count):
    def blas():
        return {own["num_threads"] for own in threadpool_info() if own["user_api"] == "blas"}

    with threadpool_limits(2, user_api="blas"), at_most(count):
        before = blas()
        assert in_threads([blas] * 3, "", silent) == [{1}] * 3
        assert blas() == before


def test_cycles_are_looked_for_seldom_and_as_before_in_the_end():
    before = gc.get_threshold()
    with seldom_collecting(wanted=False):
        assert gc.get_threshold() == before
    with seldom_collecting():
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_threshold() == before
