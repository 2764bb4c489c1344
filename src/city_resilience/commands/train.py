"""``train``: from a panel to a registered forecast.

Files are first written to a temporary folder. What a user sees, the output folder and the
registered version, appears only after everything before it has succeeded.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from city_resilience.commands.options import (
    PATH,
    as_of_option,
    early_option,
    engine_options,
    experiment_options,
    record_option,
    store_option,
    vintage_option,
    working,
)
from city_resilience.errors import GateRefused, without_password
from city_resilience.progress import Progress, silent
from city_resilience.publishing import publishing

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from city_resilience.commands.early import Given
    from city_resilience.commands.evaluation import Evaluation
    from city_resilience.commands.recording import Recorded
    from city_resilience.commands.run import Live
    from city_resilience.commands.source import Source
    from city_resilience.experiment.experiment import Experiment
    from city_resilience.report.summary import Summary
    from city_resilience.tracking.registry import ModelVersion
    from city_resilience.tracking.verdict import Verdict

__all__ = ["Trained", "command", "show", "train"]


@dataclass(frozen=True)
class Trained:
    """What ``train`` made, and where it is.

    Attributes
    ----------
    summary : Summary
        What the report was made of.
    seconds : float
        How long it took.
    run_id, store : str
        The run, and the store that keeps it.
    opening : str
        What opens the run: a command line, or its address where the store is a server.
    version : ModelVersion
        As it was registered.
    verdict : Verdict
        Whether it is champion, and why.
    out : Path or None
        Folder of the files.
    issued : tuple of Recorded
        What was issued, where the experiment says so and the version is champion.
    """

    source: Source
    evaluation: Evaluation
    live: Live
    summary: Summary
    seconds: float
    run_id: str
    store: str
    opening: str
    version: ModelVersion
    verdict: Verdict
    out: Path | None
    issued: tuple[Recorded, ...] = ()


def train(
    experiment: Experiment | Path | str,
    data: pd.DataFrame | Path | str | None = None,
    *,
    out: Path | str | None = None,
    overrides: Iterable[str] = (),
    early: Given = None,
    as_of: dt.date | str | None = None,
    store: str = "",
    serve: str = "",
    require_promotion: bool = False,
    record: Path | str | None = None,
    vintage: dt.date | str | None = None,
    progress: Progress = silent,
) -> Trained:
    """Backtest, fit, explain, log, register as challenger, and promote when the gate passes.

    Parameters
    ----------
    experiment, data, overrides, early, as_of
        As for ``load``.
    out : Path, optional
        Folder that receives the tables, the report and the model bundle.
    store : str
        Tracking store; see ``resolve_store``.
    serve : str
        What is served instead of ``model.serve``; see ``serving``.
    require_promotion : bool
        Raise ``GateRefused`` when the new version does not become champion.
    record : Path, optional
        Folder of the record, where the experiment has the forecasts issued; beside the store, in
        ``issued``, unless given here or in ``CITY_RESILIENCE_RECORD``.
    vintage : date or str, optional
        Day on which the panel was published, for the record.

    Raises
    ------
    InputError
        If something the user gave is not usable; nothing is registered or written then.
    GateRefused
        If promotion was required and the gate said no; the challenger stays registered.
    """
    from city_resilience.commands import evaluation, judging, run
    from city_resilience.commands.recording import issue_trained, kept_of
    from city_resilience.commands.source import load, serving
    from city_resilience.evaluation.study.study import study_beside
    from city_resilience.mechanisms.run import mechanisms_beside
    from city_resilience.tracking.interface import opening_of
    from city_resilience.tracking.runs import track
    from city_resilience.tracking.store import open_store

    started = time.perf_counter()
    out = None if out is None else Path(out)
    run.check_model_folder(out)
    source = load(
        experiment,
        data,
        overrides,
        out=out,
        files=(*run.FILES, *run.OPTIONAL_FILES),
        with_early=True,
        early=early,
        as_of=as_of,
    )
    source = serving(source, serve)
    evaluation.refuse_window_measure(source.experiment)
    file = Path(experiment) if isinstance(experiment, str | Path) else None
    kept = kept_of(source.experiment, record, vintage, store, file)
    study = study_beside(file, source.experiment) if file else None
    claims = mechanisms_beside(file, source.experiment) if file else None
    source = evaluation.searched(source, progress)
    opened = open_store(store, create=True, experiment_file=file)
    fingerprint = source.panel.fingerprint()
    with (
        publishing(out, obsolete=run.OWN) as folder,
        track(opened, source.experiment, fingerprint=fingerprint) as tracked,
        run.run_beside(source),
    ):
        evaluated, live = run.evaluate_and_fit(source, fingerprint, progress)
        progress("writing tables and report", 0, 1)
        seconds = time.perf_counter() - started
        about = {"study": study, "mechanisms": claims, "run_id": tracked.run_id, "seconds": seconds}
        summary = run.summarise_run(source, evaluated, live, **about)
        run.write_run(folder, source, evaluated, live, summary)
        progress("writing tables and report", 1, 1)
        progress("logging and registering", 0, 1)
        version, verdict = judging.register_run(
            tracked,
            folder,
            source,
            evaluated,
            live,
            summary,
            judge_again=lambda: judging.judge(source, evaluated, live, opened, progress),
        )
        progress("logging and registering", 1, 1)
        digest = run.digest_of(folder)
    issued: tuple[Recorded, ...] = ()
    if kept is not None:
        issued = issue_trained(kept, source, live, digest, version, opened)
    if require_promotion and not version.is_champion:
        raise GateRefused(f"{version.reference} stays challenger: {verdict.words()}")
    return Trained(
        source=source,
        evaluation=evaluated,
        live=live,
        summary=summary,
        seconds=time.perf_counter() - started,
        run_id=tracked.run_id,
        store=opened.uri,
        opening=opening_of(opened, tracked.experiment_id, tracked.run_id),
        version=version,
        verdict=verdict,
        out=out,
        issued=issued,
    )


@click.command("train")
@experiment_options
@early_option
@as_of_option
@click.option("--out", type=PATH, help="Folder for tables, report and model.")
@store_option
@click.option(
    "--serve",
    default="",
    metavar="MODEL",
    help="Serve the blend, a member or a naive rule instead; best-naive is the rule with the "
    "lowest error at the shortest horizon.",
)
@click.option("--require-promotion", is_flag=True, help="Exit with 3 if the model is not promoted.")
@record_option
@vintage_option
@engine_options
def command(**options: Any) -> None:
    """Score a model on past years, fit it, forecast, explain, and register it.

    \b
    Examples:
      city-resilience train experiments/demo/experiment.toml --out out/demo
      city-resilience train experiments/china_prefecture/experiment.toml --data panel.csv
    """
    from city_resilience.commands.console import progress_bars

    with progress_bars() as progress, working(options):
        result = train(**options, progress=progress)
    show(result)


def show(result: Trained) -> None:
    """Show what a training run found and where its files are."""
    from city_resilience.commands.console import open_console, say, table_of
    from city_resilience.commands.evaluation import show_summary

    summary, console = result.summary, open_console()
    show_summary(summary, result.evaluation)
    horizon = summary["horizons"][0]
    sizes = summary["by_horizon"][str(horizon)]["families"]["families"]
    columns = [
        ("family", "{family}"),
        (f"mean |contribution|, {summary['measure']['unit']}", "{size:.3f}"),
    ]
    title = f"What the forecasts rest on (horizon {horizon})"
    console.print(table_of(title, columns, [{"family": f, "size": size} for f, size in sizes]))
    for line in _lines(result):
        say(console, line)


def _panel_name(result: Trained) -> str:
    return str(result.source.data) if isinstance(result.source.data, Path) else "DATA"


def _behind(result: Trained) -> Iterator[str]:
    """Say where a naive rule is ahead, and what to paste to serve the model or another."""
    from city_resilience.commands.judging import behind_naive
    from city_resilience.commands.source import BEST_NAIVE
    from city_resilience.evaluation.baselines import NAIVE
    from city_resilience.report.texts import model_name

    scores, model = result.evaluation.scores, result.source.experiment.model
    if model.serve in NAIVE:
        yield f"Served      the naive rule {model_name(model.serve, 'en')}; no learner is behind it"
    found = {one.horizon: one for one in behind_naive(scores, model.serve)}
    for horizon, one in found.items():
        rule = model_name(one.naive, "en")
        yield (
            f"Behind      at h = {horizon}: errors are {one.percent} % above those of the best "
            f"naive rule ({rule}); read these forecasts beside it"
        )
    first = min(result.source.experiment.outcome.horizons)
    if first not in found or result.version.is_champion:
        return
    yield f"Serve it    city-resilience promote {result.version.reference}"
    every = scores[(scores["slice"] == "all") & (scores["horizon"] == first)]
    others = every[every["model"].isin({"blend", *model.members} - {model.serve})]
    for name in others.nsmallest(1, "mae")["model"]:
        if first not in {one.horizon for one in behind_naive(scores, name)}:
            yield f"Or another  --set model.serve={name} (not behind at h = {first})"
    rule = model_name(found[first].naive, "en")
    yield f"Or the rule --serve {BEST_NAIVE} ({rule}, with intervals like any model)"


def _next(result: Trained) -> Iterator[str]:
    """Say what to paste to see what is new, and to promote it, where that waits for a user."""
    verdict, reference = result.verdict, result.version.reference
    if verdict.champion:
        yield f"Compare it  city-resilience compare {reference} {verdict.champion}"
    if verdict.ruling.needs == "promote" and "behind_naive" not in verdict.codes:
        yield f"Promote it  city-resilience promote {reference}"


def _lines(result: Trained) -> Iterator[str]:
    from city_resilience.commands.early import early_lines
    from city_resilience.commands.recording import recorded_lines
    from city_resilience.report.account import account_line
    from city_resilience.report.texts import words

    counts, study = result.source.audited.counts, result.summary.get("study")
    verdict = result.verdict
    found = [
        f"{counts[kind]} {kind}{'s' * (counts[kind] != 1)}"
        for kind in result.summary["run"]["audit"]
    ]
    corrections = len(result.source.experiment.data.corrections)
    declared = f"{corrections} correction{'s' * (corrections != 1)} declared"
    yield f"Audit       {', '.join(found)}, {counts['accepted']} accepted; {declared}"
    if read := account_line(result.source.panel.account.as_dict(), _panel_name(result)):
        yield f"Read        {read}"
    for line in early_lines(result.source.dataset, result.live.forecaster.origin):
        yield f"Early       {line}"
    alias = " and ".join(result.version.aliases)
    yield f"Registered  {result.version.reference} as {alias}"
    yield f"Verdict     {words(f'verdict_{verdict.decision}', 'en')}: {verdict.words()}"
    yield from _next(result)
    yield from _behind(result)
    for recorded in result.issued:
        for line in recorded_lines(recorded):
            yield f"Issued      {line}"
    yield without_password(f"Run         {result.run_id} in {result.store}")
    yield without_password(f"Open it     {result.opening}")
    if result.out is not None:
        yield f"Files       {result.out} (report.html, forecast.csv, model/ …)"
    if study:
        about = (
            "this recipe and panel" if study["same"] else "another recipe or panel: run study again"
        )
        made = study["source"]["created"]
        yield f"Study       of {made} is in the report, made with {about}"
    if claims := result.summary.get("mechanisms"):
        about = (
            "" if claims["same"] else "; other claims, experiment or panel: run mechanisms again"
        )
        yield f"Claims      tests of {claims['source']['created']} are in the report{about}"
    yield f"Time        {result.seconds:.0f} s"
