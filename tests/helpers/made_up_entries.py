"""A made-up entry of each kind that CONTRIBUTING.md says how to add, as an edit of the sources."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["ENTRIES", "Edit", "make"]


@dataclass(frozen=True)
class Edit:
    """Text that is put before or after another one, which stands in the file once."""

    file: str
    anchor: str
    before: str = ""
    after: str = ""


def make(edits: tuple[Edit, ...], sources: Path) -> None:
    """Make the edits in a copy of the package.

    Raises
    ------
    ValueError
        If an anchor does not stand in its file once.
    """
    for edit in edits:
        path = sources / edit.file
        parts = path.read_text("utf-8").split(edit.anchor)
        if len(parts) != 2:
            raise ValueError(f"{edit.file}: {edit.anchor!r} stands in it {len(parts) - 1} times")
        path.write_text((edit.before + edit.anchor + edit.after).join(parts), "utf-8")


ENTRIES = {
    "an indicator": (
        Edit(
            "indicators/table.toml",
            "[innovation]\n",
            before='lent_per_head = { formula = "ratios.made_up", of = ["loans", "population"], '
            'unit = "made-up", direction = 1, en = "Made-up lending", zh = "虚构的贷款" }\n\n',
        ),
        Edit(
            "indicators/formulas/ratios.py",
            "def ratio(",
            before="def made_up(x, y):\n    return 1000 * x / y\n\n\n",
        ),
    ),
    "a variable": (
        Edit(
            "catalogue/variables.toml",
            "[region]\n",
            before='[made_up_lamps]\nlabel_en = "Made-up lamps"\nlabel_zh = "虚构路灯"\n'
            'unit = "10k"\nfamily = "digital"\n\n',
        ),
    ),
    "another name of a variable in headers": (
        Edit(
            "catalogue/variables.toml",
            'aliases = ["金融机构贷款余额", ',
            after='"lent by made-up banks", ',
        ),
    ),
    "a word of yearbook sheets": (
        Edit("catalogue/sheets.toml", 'year = ["统计年度"', after=', "made-up year"'),
    ),
    "a word by which `new` guesses": (
        Edit("catalogue/families.toml", "digital = [\n", after='  "glimmer",\n'),
    ),
    "a measure of resilience": (
        Edit(
            "resilience/measures.py",
            "_TABLE = (\n",
            before="def _made_up(start, end, floor, gone, nation):\n"
            "    return growth_gap_between(start, end, floor, gone, nation)\n\n\n",
            after='    Measure("made_up_lead", "%", "above 0: ahead", "made-up lead", "虚构领先", '
            "*both_forms(_made_up)),\n",
        ),
    ),
    "a learner": (
        Edit(
            "models/learners.py",
            "LEARNERS: Mapping[str, Learner] = {\n",
            before="def fit_made_up(sample, values, seed):\n"
            "    nothing = np.zeros(len(sample.columns))\n"
            "    shrunken = values['shrink'] * sample.labels.mean()\n"
            "    return Linear(nothing, nothing, nothing, float(shrunken))\n\n\n",
        ),
        Edit(
            "models/learners.py",
            "    for learner in (\n",
            after='        Learner("made_up_mean", "made-up mean", "虚构的均值", fit_made_up, '
            '{"shrink": Hyperparameter(0.5, 0.0, 1.0, search=(0.1, 0.9))}),\n',
        ),
    ),
    "an audit rule": (
        Edit(
            "audit/cells.py",
            "RULES = (\n",
            before="def made_up(view):\n"
            "    for at in zip(*np.nonzero(view.values == 1234.0)):\n"
            '        yield view.issue("warning", "made_up", "1234 looks made up", at=at)\n\n\n',
            after='    Rule("made_up", "Made-up number", "虚构的数字", made_up),\n',
        ),
    ),
    "a statistic of drivers": (
        Edit(
            "explain/slices.py",
            '    "mean_abs": ',
            before='    "made_up_largest": lambda contributions: contributions.abs().max(),\n',
        ),
    ),
    "a figure of the report": (
        Edit(
            "report/figures.py",
            "FIGURES: dict[str, FigureEntry] = {\n",
            before="def draw_made_up(part, summary, say):\n"
            '    return Bars.of([(say("covered_90"), 97531.0)])\n\n\n',
        ),
        Edit(
            "report/figures.py",
            '        FigureEntry("families", ',
            before='        FigureEntry("made_up", "drivers", draw_made_up),\n',
        ),
        Edit(
            "report/texts.toml",
            'report = ["City',
            before='fig_made_up = ["A made-up figure", "虚构的图"]\n',
        ),
    ),
}
