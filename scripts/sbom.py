"""Write what the lock installs as a bill of materials in CycloneDX JSON.

Usage: python scripts/sbom.py [out/sbom.cdx.json]

Every package of requirements.lock with its version, hashes and the packages that brought it. The
same lock gives the same file.
"""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from cyclonedx.model.bom import Bom

__all__ = ["bill_of", "locked", "main"]

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "city-resilience"
_BLOCK = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?P<rest>.*(?:\n +.*)*)", re.MULTILINE
)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_MARKER = re.compile(r"^ *; *([^\\\n]+?) *\\?$", re.MULTILINE)
_PARENT = re.compile(r"^ +#(?: via)? +(?!via$)([A-Za-z0-9][A-Za-z0-9._-]*)", re.MULTILINE)


class Pin(NamedTuple):
    """A package of the lock: where it applies, its hashes, and what asks for it."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    parents: tuple[str, ...]


def locked(lock: str) -> Iterator[Pin]:
    """Yield the packages of a lock; one may stand there once per version of Python."""
    for block in _BLOCK.finditer(lock):
        rest = block["rest"]
        marker = _MARKER.match(rest.partition("\n")[0])
        parents = (name.lower() for name in _PARENT.findall(rest))
        yield Pin(
            block["name"],
            block["version"],
            marker[1] if marker else "",
            tuple(_HASH.findall(rest)),
            tuple(dict.fromkeys(parents)),
        )


def bill_of(lock: str, version: str) -> Bom:
    """Return the bill of materials of a lock, for one version of the project."""
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.license import DisjunctiveLicense
    from packageurl import PackageURL

    whole = Component(
        name=PROJECT,
        version=version,
        type=ComponentType.APPLICATION,
        bom_ref=PROJECT,
        purl=PackageURL("pypi", name=PROJECT, version=version),
        licenses=[DisjunctiveLicense(id="Apache-2.0")],
    )
    bill = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_OID, lock))
    bill.metadata.component = whole
    bill.metadata.timestamp = datetime(1980, 1, 1, tzinfo=UTC)
    pins = list(locked(lock))
    made = {(pin.name, pin.version): _component(pin) for pin in pins}
    for component in made.values():
        bill.components.add(component)
    for parent in (whole, *made.values()):
        asked = [pin for pin in pins if parent.name in pin.parents]
        bill.register_dependency(parent, [made[pin.name, pin.version] for pin in asked])
    return bill


def _component(pin: Pin) -> Any:
    from cyclonedx.model import HashAlgorithm, HashType, Property
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    where = [Property(name="city-resilience:marker", value=pin.marker)] if pin.marker else []
    return Component(
        name=pin.name,
        version=pin.version,
        type=ComponentType.LIBRARY,
        bom_ref=f"{pin.name}=={pin.version}",
        purl=PackageURL("pypi", name=pin.name, version=pin.version),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=own) for own in pin.hashes],
        properties=where,
    )


def main(arguments: list[str] | None = None) -> None:
    """Write the file and say how many packages it names."""
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion

    from city_resilience import __version__

    given = sys.argv[1:] if arguments is None else arguments
    out = Path(given[0] if given else "out/sbom.cdx.json")
    bill = bill_of((ROOT / "requirements.lock").read_text("utf-8"), __version__)
    text = make_outputter(bill, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text + "\n", encoding="utf-8")
    print(f"{out}: {len(bill.components)} packages, CycloneDX 1.6")


if __name__ == "__main__":
    main()
