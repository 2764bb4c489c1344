"""The fitted forecaster as a folder of plain files: save, check, load."""

from city_resilience.bundle.card import model_card
from city_resilience.bundle.manifest import MANIFEST, Manifest, is_bundle, read_manifest
from city_resilience.bundle.store import (
    CARD,
    copy_bundle,
    load_bundle,
    package_versions,
    save_bundle,
)

__all__ = [
    "CARD",
    "MANIFEST",
    "Manifest",
    "copy_bundle",
    "is_bundle",
    "load_bundle",
    "model_card",
    "package_versions",
    "read_manifest",
    "save_bundle",
]
