"""Work that a second process does beside this one."""

import os
import signal
from functools import partial

import numpy as np
import pytest

from city_resilience.companion import beside, companion, sharing, spread_beside
from city_resilience.errors import InputError
from city_resilience.progress import silent
from city_resilience.workers import at_most, worker_count


@pytest.fixture
def two_workers():
    with at_most(2):
        yield


def refuse():
    raise InputError("the panel is empty")


def end_other(own):
    if os.getpid() != own:
        os.kill(os.getpid(), signal.SIGTERM)
    return "made here"


def test_what_is_called_beside_runs_elsewhere_and_comes_back(two_workers):
    with companion(["city_resilience.errors"]):
        calls = [beside(os.getpid), beside(divmod, 7, 2), beside(os.getenv, "OMP_NUM_THREADS")]
        other, divided, threads = (call.result() for call in calls)
    assert other != os.getpid()
    assert (divided, threads) == ((3, 1), "1")


def test_the_other_process_takes_the_place_of_one_worker(two_workers):
    with sharing():
        assert worker_count() == 2
    with companion([]), sharing():
        assert worker_count() == beside(worker_count).result() == 1


def place_and_process(place, shared):
    return place + shared, os.getpid()


def test_a_share_of_pieces_of_work_runs_elsewhere_and_their_order_stays(two_workers):
    calls = [partial(place_and_process, place) for place in range(5)]
    with companion([]):
        places, processes = zip(*spread_beside(calls, (10,), "", silent), strict=True)
    assert places == (10, 11, 12, 13, 14)
    assert [process == os.getpid() for process in processes] == [False] * 2 + [True] * 3
    assert spread_beside(calls, (10,), "", silent) == [(k, os.getpid()) for k in places]


def total_after(array, path):
    path.write_bytes(np.full(12, 2.0).tobytes())
    return float(array.sum())


def test_what_the_other_process_made_is_taken_and_a_map_of_a_file_is_mapped(two_workers, tmp_path):
    whole = np.memmap(tmp_path / "array", np.float64, "w+", shape=(4, 3))
    whole[:] = 1.0
    taken = []
    with companion(["numpy"]):
        assert beside(total_after, whole[1:], tmp_path / "array").result() == 18.0
        calls = [partial(place_and_process, place) for place in range(2)]
        assert spread_beside(calls, (10,), "", silent, taken.append) == []
        places, processes = zip(*sorted(taken), strict=True)
    assert places == (10, 11)
    assert len(set(processes)) == 2


@pytest.mark.parametrize(("workers", "wanted"), [(1, True), (2, False)])
def test_one_worker_or_a_small_panel_has_no_other_process(workers, wanted):
    with at_most(workers), companion([], wanted):
        assert beside(os.getpid).result() == os.getpid()


def test_errors_are_those_of_this_process_and_a_lost_process_loses_nothing(two_workers):
    with companion([]):
        with pytest.raises(InputError, match="the panel is empty"):
            beside(refuse).result()
        assert beside(os.getpid).result() != os.getpid()
        assert beside(end_other, os.getpid()).result() == "made here"
        assert beside(os.getpid).result() == os.getpid()


def test_pieces_of_work_within_what_is_shared_run_here(two_workers):
    with companion([]), sharing():
        with sharing():
            assert worker_count() == 1
        found = spread_beside([os.getpid] * 4, (), "", silent)
    assert set(found) == {os.getpid()}
