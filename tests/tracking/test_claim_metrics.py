"""What a run of `mechanisms` logs of the claims."""

from city_resilience.mechanisms.verdicts import SUPPORTED, UNSUPPORTED
from city_resilience.tracking.metrics import claim_metrics


def test_verdicts_are_counted_and_so_are_the_tests_of_each_claim() -> None:
    one = {"claim": "K1", "verdict": SUPPORTED, "supported": 2, "tested": 3}
    other = {"claim": "K2", "verdict": UNSUPPORTED, "supported": 0, "tested": 4}
    found = claim_metrics({"verdicts": {"about": {"claims": [one, other]}}, "baseline": {}})
    assert {metric.key: metric.value for metric in found} == {
        "claims/supported": 1,
        "claims/not_supported": 1,
        "claims/untestable": 0,
        "claims/K1_tests_supported": 2,
        "claims/K1_tests": 3,
        "claims/K2_tests_supported": 0,
        "claims/K2_tests": 4,
    }
    assert claim_metrics({"baseline": {}}) == []
