"""Learners: one table entry and one pure function from (features, labels) to a fitted model.

All aim at the conditional median, because the score is the absolute error and growth gaps have
heavy tails: persistence by least absolute error, ridge on winsorised labels, boosting on the
absolute error, and forests grown on the inverse hyperbolic sine of the label, whose leaves are
turned back. Trees weigh a training row by exp(-age / recency), its age in years at the origin;
with a recency of 0 all years weigh alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from city_resilience.arrays import Float, Positions
from city_resilience.errors import InputError, check_known
from city_resilience.experiment.training import Model, Parameter
from city_resilience.machines.fitting import fit_elsewhere
from city_resilience.models.binned import binned
from city_resilience.models.fitted import Fitted, Linear
from city_resilience.models.tree import Tree
from city_resilience.models.trees import Trees
from city_resilience.models.weights import least_absolute_weights
from city_resilience.tasks.tall import TallRows
from city_resilience.tasks.task import Sample

if TYPE_CHECKING:
    import optuna

__all__ = [
    "GROWTH_GAP",
    "LEARNERS",
    "PERSISTENT",
    "Hyperparameter",
    "Learner",
    "fit_member",
    "learner_parameters",
]

GROWTH_GAP = "growth_gap"
PERSISTENT = (("gap", "value"), ("gap_mean5", "value"))
YEARLY = (("gap", "value"), *((f"gap_lag{years}", "value") for years in range(1, 5)))
Values = Mapping[str, Parameter]


@dataclass(frozen=True)
class Hyperparameter:
    """A parameter that an experiment may set.

    Attributes
    ----------
    default : int or float
        A whole number admits whole numbers only.
    low, high : float
        Smallest and largest value.
    search : tuple of two numbers or None
        Range that the search draws from, on a logarithmic scale with ``log``; None = not searched.
    """

    default: Parameter
    low: float
    high: float
    search: tuple[float, float] | None = None
    log: bool = False
    step: int = 1

    @property
    def whole(self) -> bool:
        """Whether it is a whole number."""
        return isinstance(self.default, int)

    def suggest(self, trial: optuna.Trial, name: str, low: float, high: float) -> Parameter:
        """Let an optuna trial draw a value."""
        value: Parameter
        if self.whole:
            value = trial.suggest_int(name, int(low), int(high), step=self.step, log=self.log)
        else:
            value = trial.suggest_float(name, low, high, log=self.log)
        return value


@dataclass(frozen=True)
class Learner:
    """An entry of the table of learners.

    ``label_en`` and ``label_zh`` name it wherever it is shown. ``past_only`` says that it reads no
    column but those of the family history. ``in_parts`` says that it learns from all rows of a tall
    panel, part after part; others get a sample of them, see `Sample.drawn`.
    """

    id: str
    label_en: str
    label_zh: str
    fit: Callable[[Sample, Values, int], Fitted]
    parameters: Mapping[str, Hyperparameter] = field(default_factory=dict)
    past_only: bool = False
    in_parts: bool = False

    @property
    def defaults(self) -> dict[str, Parameter]:
        """Every parameter that an experiment may set, at its default."""
        return {name: own.default for name, own in self.parameters.items()}

    def suggest(self, trial: optuna.Trial) -> dict[str, Parameter]:
        """Let an optuna trial draw the parameters that are searched."""
        return {
            name: own.suggest(trial, name, *own.search)
            for name, own in self.parameters.items()
            if own.search
        }


def recency_weights(sample: Sample, values: Values) -> Float | None:
    """Return exp(-age / recency) of each row; None, all alike, where ``recency`` is 0 years."""
    years = float(values["recency"])
    return np.exp(-sample.ages / years) if years > 0 else None


def fill_values(sample: Sample) -> Float:
    """Stand-ins for missing values: the middle rank, or the training median of a column."""
    known = np.isfinite(sample.features)
    fill = np.where([form == "rank" for form in sample.forms], 0.5, 0.0)
    for k in range(sample.features.shape[1]):
        if sample.forms[k] != "rank" and known[:, k].any():
            fill[k] = np.median(sample.features[known[:, k], k])
    return fill


def fit_persistence(sample: Sample, values: Values, seed: int) -> Linear:
    """Slopes on the last gap and its five-year mean, by least absolute error, none negative.

    At the shortest horizon the damped baseline as a member: where earlier origins trust the
    learners little, the blend shrinks towards it instead of towards a gap of zero. A missing gap
    counts as zero.
    """
    del values, seed
    width = len(sample.columns)
    own = [k for k, column in enumerate(sample.columns) if column in PERSISTENT]
    coefficients = np.zeros(width)
    filled = np.nan_to_num(sample.features)
    if own:
        coefficients[own] = least_absolute_weights(filled[:, own], sample.labels)
    centre = filled.mean(axis=0)
    return Linear(coefficients, np.zeros(width), centre, float(centre @ coefficients))


def fit_lasting_gap(sample: Sample, values: Values, seed: int) -> Linear:
    """Half the last gap and half its five-year mean, as they are; a longer horizon adds nothing.

    The naive rules of gaps that last, as a member: with few labels any fitted slope is chance.
    Where no mean of five years is known yet, that of the years there are. Where labels are no
    growth gaps, the slopes of persistence.
    """
    if sample.measure != GROWTH_GAP:
        return fit_persistence(sample, values, seed)
    place = {column: k for k, column in enumerate(sample.columns)}
    last, mean = ([place[column]] if column in place else [] for column in PERSISTENT)
    mean = mean or [place[column] for column in YEARLY if column in place]
    coefficients = np.zeros(len(place))
    if mean and not sample.before:
        for part in (last or mean, mean):
            coefficients[part] += 0.5 / len(part)
    centre = np.nan_to_num(sample.features).mean(axis=0)
    return Linear(coefficients, np.zeros(len(place)), centre, float(centre @ coefficients))


def fit_ridge(sample: Sample, values: Values, seed: int) -> Linear:
    """Ridge regression on the ranked columns, labels winsorised within the sample."""
    from sklearn.linear_model import Ridge

    del seed
    tail = float(values["winsorise"])
    labels = np.clip(sample.labels, *np.quantile(sample.labels, [tail, 1 - tail]))
    fill = fill_values(sample)
    filled = np.where(np.isnan(sample.features), fill, sample.features)
    ranked = np.flatnonzero([form == "rank" for form in sample.forms])
    centre = filled.mean(axis=0)
    coefficients = np.zeros(filled.shape[1])
    if ranked.size:
        model = Ridge(alpha=float(values["alpha"]), fit_intercept=False)
        model.fit((filled - centre)[:, ranked], labels - labels.mean())
        coefficients[ranked] = model.coef_
    return Linear(coefficients, fill, centre, float(labels.mean()))


def fit_xgboost(sample: Sample, values: Values, seed: int) -> Trees:
    """Boosted trees on the absolute error; each round adds ``num_parallel_tree`` averaged trees."""
    import xgboost

    weights = recency_weights(sample, values)
    rounds = int(values["rounds"])
    parameters = {
        "objective": "reg:absoluteerror",
        "tree_method": "hist",
        "seed": seed,
        "nthread": 1,
        "base_score": float(np.median(sample.labels)),
        **{name: value for name, value in values.items() if name not in ("rounds", "recency")},
    }
    if fit := fit_elsewhere(len(sample.labels)):
        booster = fit(np.asarray(sample.features), sample.labels, weights, parameters, rounds)
    elif isinstance(sample.features, TallRows):
        max_bin = int(values["max_bin"])
        with binned(sample.features, sample.labels, weights, max_bin) as data:
            booster = xgboost.train(parameters, data, num_boost_round=rounds)
    else:
        data = xgboost.DMatrix(sample.features, sample.labels, weight=weights, nthread=1)
        booster = xgboost.train(parameters, data, num_boost_round=rounds)
    return Trees(lambda: booster)


def fit_extra_trees(sample: Sample, values: Values, seed: int) -> Trees:
    """Extremely randomised trees grown on asinh(label / scale), leaves in percentage points.

    The scale is the median absolute label of the sample. A leaf's forecast is
    scale * sinh(mean of asinh(label / scale)), which lies between mean and median; the average
    over trees stays additive, so SHAP values remain exact in percentage points.
    """
    return _forest(sample, np.arange(len(sample.columns)), values, seed)


def fit_extra_trees_history(sample: Sample, values: Values, seed: int) -> Trees | Linear:
    """Extremely randomised trees on the columns of the family history alone.

    Where other indicators add noise, their trees split on it; this member cannot.
    """
    if len(sample.history):
        return _forest(sample, sample.history, values, seed)
    nothing = np.zeros(len(sample.columns))
    return Linear(nothing, nothing, nothing, float(np.median(sample.labels)))


def _forest(sample: Sample, columns: Positions, values: Values, seed: int) -> Trees:
    from sklearn.ensemble import ExtraTreesRegressor

    own = sample.only(columns)
    fill = fill_values(own)
    filled = np.where(np.isnan(own.features), fill, own.features).astype(np.float32)
    scale = float(np.median(np.abs(own.labels))) or 1.0
    model = ExtraTreesRegressor(
        n_estimators=int(values["trees"]),
        min_samples_leaf=min(int(values["min_leaf"]), max(1, len(filled) // 4)),
        max_features=float(values["max_features"]),
        random_state=seed,
        n_jobs=1,
    )
    weights = recency_weights(own, values)
    model.fit(filled, np.arcsinh(own.labels / scale), sample_weight=weights)
    size = scale / len(model.estimators_)
    grown = [_tree(each.tree_, size, fill, columns) for each in model.estimators_]
    return Trees.of(grown, 0.0, len(sample.columns))


def _tree(grown: Any, size: float, fill: Float, columns: Positions) -> Tree:
    """Turn a tree of scikit-learn into one of xgboost that sends every float32 the same way.

    There a row goes left at or below a float64, here below a float32: the smallest one above it.
    """
    children = np.column_stack([grown.children_left, grown.children_right])
    levels = [np.zeros(1, dtype=np.int64)]
    while levels[-1].size:
        below = children[levels[-1]].ravel()
        levels.append(below[below >= 0])
    order = np.concatenate(levels)
    place = np.empty(len(order), dtype=np.int32)
    place[order] = np.arange(len(order))
    leaf = grown.children_left[order] < 0
    feature = np.where(leaf, 0, grown.feature[order])
    threshold = grown.threshold[order]
    above = threshold.astype(np.float32)
    above = np.where(above <= threshold, np.nextafter(above, np.float32(np.inf)), above)
    return Tree(
        left=np.where(leaf, -1, place[grown.children_left[order]]).astype(np.int32),
        feature=columns[feature].astype(np.int32),
        condition=np.where(leaf, size * np.sinh(grown.value[order, 0, 0]), above).astype(
            np.float32
        ),
        missing_left=~leaf & (fill[feature].astype(np.float32) <= threshold),
        cover=grown.weighted_n_node_samples[order].astype(np.float32),
    )


RIDGE = {
    "alpha": Hyperparameter(100.0, 0.0, 1e9, search=(1.0, 1000.0), log=True),
    "winsorise": Hyperparameter(0.02, 0.0, 0.49),
}
RECENT_YEARS = {
    "rounds": Hyperparameter(100, 1, 10_000, search=(100, 500), step=50),
    "learning_rate": Hyperparameter(0.09, 1e-4, 1.0, search=(0.01, 0.1), log=True),
    "max_depth": Hyperparameter(3, 1, 12, search=(2, 6)),
    "min_child_weight": Hyperparameter(20.0, 0.0, 1e6, search=(5, 80), log=True),
    "subsample": Hyperparameter(0.7, 0.05, 1.0),
    "colsample_bytree": Hyperparameter(0.2, 0.01, 1.0, search=(0.2, 0.9)),
    "reg_lambda": Hyperparameter(5.0, 0.0, 1e9),
    "max_bin": Hyperparameter(32, 2, 1024),
    "num_parallel_tree": Hyperparameter(2, 1, 100),
    "recency": Hyperparameter(3.0, 0.0, 1e6),
}
ALL_YEARS = RECENT_YEARS | {
    "max_depth": replace(RECENT_YEARS["max_depth"], default=4),
    "colsample_bytree": replace(RECENT_YEARS["colsample_bytree"], default=0.5),
    "num_parallel_tree": replace(RECENT_YEARS["num_parallel_tree"], default=1),
    "recency": replace(RECENT_YEARS["recency"], default=0.0),
}
EXTRA_TREES = {
    "trees": Hyperparameter(100, 1, 5000),
    "min_leaf": Hyperparameter(25, 1, 10_000, search=(5, 60), log=True),
    "max_features": Hyperparameter(0.3, 0.01, 1.0, search=(0.1, 0.8)),
    "recency": Hyperparameter(6.0, 0.0, 1e6),
}
LEARNERS: Mapping[str, Learner] = {
    learner.id: learner
    for learner in (
        Learner("persistence", "persistence", "持续性预测", fit_persistence, past_only=True),
        Learner("lasting_gap", "lasting gap", "差距延续", fit_lasting_gap, past_only=True),
        Learner("ridge", "ridge on ranks", "基于排名的岭回归", fit_ridge, RIDGE),
        Learner(
            "xgboost",
            "xgboost on recent years",
            "侧重近年的xgboost",
            fit_xgboost,
            RECENT_YEARS,
            in_parts=True,
        ),
        Learner(
            "xgboost_all_years",
            "xgboost on all years alike",
            "各年等权的xgboost",
            fit_xgboost,
            ALL_YEARS,
            in_parts=True,
        ),
        Learner("extra_trees", "extra trees", "极端随机树", fit_extra_trees, EXTRA_TREES),
        Learner(
            "extra_trees_history",
            "extra trees on the past",
            "仅用历史的极端随机树",
            fit_extra_trees_history,
            EXTRA_TREES,
            past_only=True,
        ),
    )
}


def fit_member(sample: Sample, learner: str, values: Values, seed: int) -> Fitted:
    """Fit one learner on a sample; where that has no column, the median of its labels.

    Of a tall panel, learners that need all rows in memory at once get rows drawn with the seed.
    """
    if not sample.columns:
        nothing = np.empty(0)
        return Linear(nothing, nothing, nothing, float(np.median(sample.labels)))
    own = LEARNERS[learner]
    return own.fit(sample if own.in_parts else sample.drawn(seed), values, seed)


def learner_parameters(model: Model) -> dict[str, Values]:
    """Return the parameters of each member: the table's defaults, then the experiment's.

    Raises
    ------
    InputError
        If a member or a parameter does not exist.
    """
    for name in (*model.members, *model.parameters):
        check_known(name, LEARNERS, "model.members: no learner")
    for name, own in model.parameters.items():
        for key, value in own.items():
            _check_parameter(LEARNERS[name], key, value)
    return {
        name: {**LEARNERS[name].defaults, **model.parameters.get(name, {})}
        for name in model.members
    }


def _check_parameter(learner: Learner, key: str, value: Parameter) -> None:
    where, known = f"model.parameters.{learner.id}", learner.parameters
    check_known(key, known, f"{where}: no parameter")
    own = known[key]
    fits = isinstance(value, int if own.whole else (int, float)) and not isinstance(value, bool)
    if not fits or not own.low <= float(value) <= own.high:
        raise InputError(
            f"{where}.{key}: expected a {'whole number' if own.whole else 'number'} from "
            f"{own.low:g} to {own.high:g}, found {value!r}; change it"
        )
