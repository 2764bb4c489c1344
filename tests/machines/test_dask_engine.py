"""Workers of Dask: the same numbers as threads, errors that arrive as they are, lost workers."""

from __future__ import annotations

import os
import signal
import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest

from city_resilience.commands.main import run
from city_resilience.commands.predict import predict
from city_resilience.errors import InputError
from city_resilience.evaluation.backtest import run_backtest
from city_resilience.evaluation.live import fit_forecaster
from city_resilience.evaluation.study.context import Settings
from city_resilience.evaluation.study.study import run_study
from city_resilience.explain import leading
from city_resilience.machines import connecting, dask_engine, parcels
from city_resilience.machines.connecting import connected, differing
from city_resilience.machines.dask_engine import on_dask
from city_resilience.models import forecaster
from city_resilience.models.manifest import FORMAT_VERSION
from city_resilience.progress import silent
from city_resilience.workers import at_most, expect_work, spread, spreading_on
from forecasting_inputs import experiment, facts_of, small_panel
from places import ROOT
from study_inputs import FAST, chosen
from travelling import travelled

TREES = {
    "members": ["persistence", "ridge", "xgboost"],
    "parameters": {"xgboost": {"rounds": 5}},
}


def test_backtest_and_served_model_are_the_same_wherever_their_folds_were_fitted():
    asked = experiment(model=TREES)
    dataset = facts_of(small_panel(), asked)

    def made():
        found = run_backtest(dataset, asked, views=True, explain=True)
        weights = found.served_weights
        served = fit_forecaster(dataset, asked, weights, structural=found.structural)
        every = [served.horizons[h] for h in (1, 2)] + [served.structural[h] for h in (1, 2)]
        return found, [own.members["xgboost"].to_bytes() for own in every]

    here, fitted = made()
    with spreading_on(travelled):
        there, others = made()
    assert fitted == others
    for name in ("frame", "intervals", "sums", "weights", "dropped"):
        pd.testing.assert_frame_equal(getattr(here, name), getattr(there, name), check_exact=True)
    assert {key: own.spec for key, own in here.explained.items()} == {
        key: own.spec for key, own in there.explained.items()
    }
    for key, own in here.explained.items():
        np.testing.assert_array_equal(own.values, there.explained[key].values)
        assert set(own.members) == set(there.explained[key].members)


@pytest.mark.slow
def test_a_study_is_the_same_wherever_its_refits_were_made():
    asked = chosen(model=FAST)
    dataset = facts_of(small_panel(), asked)
    parts, settings = ("random_split", "stability"), Settings(draws=20, refits=2)
    here = run_study(dataset, asked, "fp", parts=parts, settings=settings)
    with spreading_on(travelled):
        there = run_study(dataset, asked, "fp", parts=parts, settings=settings)
    assert list(here["parts"]) == list(there["parts"])
    for name, part in here["parts"].items():
        pd.testing.assert_frame_equal(
            *(
                pd.DataFrame(own["rows"], columns=own["columns"])
                for own in (part, there["parts"][name])
            ),
            check_exact=True,
        )


def _failing(number, _shared):
    raise InputError(f"row {number}: bad", "[paste]")


@pytest.mark.slow
def test_a_lost_worker_changes_nothing_and_an_error_comes_as_it_is(monkeypatch):
    monkeypatch.setattr(parcels, "LARGE", 1000)
    asked = chosen()
    dataset = facts_of(small_panel(), asked)
    here, killed = run_backtest(dataset, asked).frame, []
    with at_most(2), on_dask() as engine:

        def progress(what, done, total):
            if what == "rolling origins" and done == 2 and not killed:
                killed.append(min(engine.client.run(os.getpid).values()))
                os.kill(killed[0], signal.SIGKILL)

        there = run_backtest(dataset, asked, progress).frame
        with pytest.raises(InputError, match="row 1: bad") as found:
            spread([partial(_failing, 1)], (dataset,), "", silent)
        assert found.value.paste == "[paste]"
        workers = engine.client.scheduler_info()["workers"]
        assert all(address.startswith("tls://127.0.0.1:") for address in workers)
    assert killed
    pd.testing.assert_frame_equal(here, there, check_exact=True)


@pytest.mark.slow
def test_workers_start_beside_what_comes_before_the_first_work():
    assert not expect_work(["colorsys"])
    with at_most(1), on_dask() as engine:
        assert expect_work(["colorsys", "no_such_module"])
        assert engine._client is None
        assert [*engine.client.run(_loaded, "colorsys").values()] == [True]
        assert expect_work(["colorsys"])


def _loaded(name):
    return name in sys.modules


def test_what_all_workers_have_lost_is_sent_anew(monkeypatch):
    rounds = []

    class Losing(dask_engine.DaskEngine):
        def _once(self, todo, shared):
            rounds.append(list(todo))
            for place in list(todo)[: len(rounds) - 1]:
                yield place, todo[place](*shared)

    engine = Losing.__new__(Losing)
    engine._sent = [("old", None)]
    assert dict(engine([partial(pow, 2), partial(pow, 3)], (2,))) == {0: 4, 1: 9}
    assert rounds == [[0, 1], [0, 1], [1]]
    assert engine._sent == []
    rounds.clear()
    with pytest.raises(InputError, match="all workers were lost 3 times"):
        list(engine([partial(pow, 2)] * 9, (2,)))


def test_a_silent_scheduler_is_named_within_the_time_that_is_stated(monkeypatch, capsys):
    monkeypatch.setattr(connecting, "ANSWER_SECONDS", 1)
    address = "tcp://127.0.0.1:9"
    words = ["backtest", str(ROOT / "experiments" / "demo" / "experiment.toml")]
    assert run([*words, "--engine", "dask", "--scheduler", address]) == 2
    said = capsys.readouterr().err
    assert f"--scheduler {address}: no Dask scheduler answers within 1 s" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--scheduler", "tcp://h:1"], "--scheduler tcp://h:1: it is for --engine dask"),
        (["--fit-rows", "5"], "--fit-rows 5: it is for --engine dask"),
        (["--engine", "dask", "--fit-rows", "5"], "--fit-rows: workers of this machine share"),
        (["--engine", "dask", "--scheduler", "h:1"], "no address of a Dask scheduler"),
    ],
)
def test_a_scheduler_that_cannot_be_meant_is_refused(words, message, capsys):
    assert run(["backtest", "nothing.toml", *words]) == 2
    assert message in capsys.readouterr().err


def about(**packages):
    return {"packages": {"python": "3.11.7.final.0", "numpy": "2.1", "dask": "1", **packages}}


def test_versions_on_which_numbers_depend_have_to_be_the_same():
    here = about(**{"city-resilience": "0.2.0"})
    assert differing(here, about(**{"city-resilience": "0.2.0", "python": "3.11.2"})) == {}
    there = about(numpy="2.2", python="3.12.1")
    assert differing(here, there) == {
        "python": ("3.11", "3.12"),
        "city-resilience": ("0.2.0", None),
        "numpy": ("2.1", "2.2"),
    }


def test_a_worker_that_joins_in_the_middle_is_checked_before_it_works(monkeypatch):
    monkeypatch.setattr(connecting, "own_versions", lambda: about(numpy="2.2"))
    assert dask_engine._worked(about(numpy="2.2"), partial(pow, 2), 3) == 8
    with pytest.raises(InputError, match=r"a worker on .* has numpy 2\.2 \(here 2\.1\)"):
        dask_engine._worked(about(), partial(pow, 2), 3)


def test_workers_of_this_machine_keep_memory_as_this_process_does():
    dask = pytest.importorskip("dask")
    nanny = pytest.importorskip("distributed.nanny")
    with dask.config.set(connecting.ENVIRONMENT):
        given = nanny._get_env_variables(connecting.SPAWN)
    assert "MALLOC_TRIM_THRESHOLD_" not in given
    assert given["OMP_NUM_THREADS"] == "1"


class _Client:
    """A scheduler with one worker of another installation."""

    def __init__(self, workers):
        self.workers = workers

    def wait_for_workers(self, count, timeout):
        if not self.workers:
            raise TimeoutError

    def get_versions(self, packages):
        return {"client": about(**{"city-resilience": "0.2.0"}), "workers": self.workers}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


@pytest.mark.parametrize(
    ("workers", "message"),
    [
        ({}, "has had no worker for 120 s; start one: dask worker tcp://h:1"),
        ({"tcp://w:2": about()}, "the worker tcp://w:2 has city-resilience not installed"),
    ],
)
def test_workers_that_cannot_do_it_are_named(workers, message, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(distributed, "Client", lambda *_, **__: _Client(workers))
    with pytest.raises(InputError, match=message), connected("tcp://h:1"):
        pass


def test_a_forecast_and_its_drivers_are_the_same_wherever_parts_of_them_were_made(monkeypatch):
    bundle = ROOT / "tests" / "golden" / f"bundle_{FORMAT_VERSION}"
    panel, model = bundle / "panel.csv", bundle / "growth_gap" / "model"
    here = predict(panel, model, drivers=3).table
    monkeypatch.setattr(forecaster, "TOGETHER", 7)
    monkeypatch.setattr(leading, "PART", 7)
    travels = []

    def engine(calls, shared):
        travels.append(len(calls))
        return travelled(calls, shared)

    with spreading_on(engine):
        there = predict(panel, model, drivers=3).table
    pd.testing.assert_frame_equal(here, there, check_exact=True)
    assert len(travels) == 2
    assert min(travels) > 1
