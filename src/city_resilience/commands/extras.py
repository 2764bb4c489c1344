"""What to install when a verb needs a package that a small installation lacks."""

from __future__ import annotations

from importlib.util import find_spec

__all__ = ["EXTRAS", "missing_package", "require"]

# Extra of pyproject.toml -> module -> the package that brings it.
EXTRAS = {
    "parquet": {"pyarrow": "pyarrow"},
    "train": {
        "docx": "python-docx",
        "filelock": "filelock",
        "matplotlib": "matplotlib",
        "mlflow": "mlflow",
        "shap": "shap",
        "sklearn": "scikit-learn",
    },
    "sign": {"cryptography": "cryptography"},
    "search": {"optuna": "optuna"},
    "scale": {"duckdb": "duckdb"},
    "dask": {"cryptography": "cryptography", "distributed": "distributed"},
    "mechanisms": {
        "diff_diff": "diff-diff",
        "doubleml": "doubleml",
        "linearmodels": "linearmodels",
        "pyhdfe": "linearmodels",
    },
}


def require(extra: str) -> None:
    """Refuse work that needs an extra before it begins.

    Raises
    ------
    ModuleNotFoundError
        If a module of the extra is not installed; `missing_package` says how to install it.
    """
    for module in EXTRAS[extra]:
        if find_spec(module) is None:
            raise ModuleNotFoundError(f"No module named {module!r}", name=module)


def missing_package(error: BaseException | None) -> str | None:
    """Say which package is missing and which extra brings it.

    Parameters
    ----------
    error : BaseException or None
        What ended a verb. Its causes are looked through as well: pandas raises an error of its
        own when it finds no pyarrow.

    Returns
    -------
    str or None
        None unless the cause is that the package of an extra is not installed.
    """
    if error is None:
        return None
    if isinstance(error, ImportError):
        module = (error.name or "").partition(".")[0]
        for extra, packages in EXTRAS.items():
            if module in packages:
                return (
                    f"{packages[module]} is not installed, which this needs; "
                    f'install it: pip install "city-resilience[{extra}]"'
                )
    return missing_package(error.__cause__)
