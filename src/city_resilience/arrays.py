"""Types of arrays by what they hold; their shapes stand in the docstrings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Complex", "Float", "Int", "Mask", "Positions", "Strings"]

Complex = NDArray[np.complex128]
Float = NDArray[np.float64]
Int = NDArray[np.int64]
Mask = NDArray[np.bool_]
Positions = NDArray[np.intp]
Strings = NDArray[np.str_]
