"""An engine that runs each piece of work on copies, as one elsewhere would."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import cloudpickle

__all__ = ["travelled"]


def travelled(
    calls: Sequence[Callable[..., Any]], shared: Sequence[Any], /
) -> Iterator[tuple[int, Any]]:
    """Run calls on copies that were sent, the last one first, and send back what they give."""
    sent = [cloudpickle.dumps(own) for own in shared]
    for place in reversed(range(len(calls))):
        call = cloudpickle.loads(cloudpickle.dumps(calls[place]))
        result = call(*map(cloudpickle.loads, sent))
        yield place, cloudpickle.loads(cloudpickle.dumps(result))
