"""The bill of materials names what the lock installs; what no source answers is no clean audit."""

from __future__ import annotations

import json
import re
import runpy

import pytest

from places import ROOT

LOCK = (ROOT / "requirements.lock").read_text("utf-8")
SBOM = runpy.run_path(str(ROOT / "scripts" / "sbom.py"))
AUDIT = runpy.run_path(str(ROOT / "scripts" / "audit_lock.py"))


def test_every_pin_of_the_lock_is_read_with_its_hashes_and_parents():
    pins = {(pin.name, pin.version): pin for pin in SBOM["locked"](LOCK)}
    assert len(pins) == len(re.findall(r"^[^\s#].*==", LOCK, re.M)) > 100
    assert sum(len(pin.hashes) for pin in pins.values()) == LOCK.count("--hash=")
    assert all(pin.hashes and pin.parents for pin in pins.values())
    known = {name for name, _ in pins} | {"city-resilience"}
    assert {parent for pin in pins.values() for parent in pin.parents} <= known
    [pandas] = [pin for pin in pins.values() if pin.name == "pandas"]
    assert {"city-resilience", "mlflow"} <= set(pandas.parents)
    assert any("python_full_version" in pin.marker for pin in pins.values())


def test_the_bill_of_materials_is_the_same_at_every_run(tmp_path, capsys):
    pytest.importorskip("cyclonedx", reason="cyclonedx-python-lib is in the extra dev")
    for name in ("a", "b"):
        SBOM["main"]([str(tmp_path / name)])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    bill = json.loads((tmp_path / "a").read_text("utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["name"] == "city-resilience"
    count = len(list(SBOM["locked"](LOCK)))
    assert len(bill["components"]) == count
    assert f"{count} packages" in capsys.readouterr().out
    asked = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    assert any(own.startswith("pandas==") for own in asked["city-resilience"])
    assert "://" not in re.sub(r'"\$schema": "[^"]+"', "", json.dumps(bill))


SOUND = {"name": "a", "version": "1", "vulns": []}
WEAK = {"name": "b", "version": "2", "vulns": [{"id": "X-1", "fix_versions": ["3"]}]}
UNKNOWN = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("found", "code", "words"),
    [
        ([SOUND, WEAK], 1, "b 2: X-1, mended in 3"),
        ([SOUND, SOUND], 0, "2 packages, 0 known weaknesses"),
        ([SOUND, UNKNOWN], 0, "not looked up: c (not found)"),
        ([UNKNOWN, UNKNOWN], 0, "the lock was not audited: the advisory source"),
        ([], 0, "the lock was not audited: no answer"),
    ],
)
def test_only_an_answer_is_an_audit(found, code, words, monkeypatch, capsys):
    asked = []
    own = AUDIT["main"].__globals__
    monkeypatch.setitem(
        own, "_asked", lambda path, _: asked.append(path) or (found, "" if found else "no answer")
    )
    assert AUDIT["main"]([]) == code
    assert words in capsys.readouterr().out
    answered = bool(found) and found != [UNKNOWN, UNKNOWN]
    assert [path.name for path in asked] == ["one.txt", *["requirements.lock"] * answered]


def test_a_source_that_does_not_answer_is_told(tmp_path, monkeypatch):
    own = AUDIT["_asked"].__globals__
    monkeypatch.setattr(own["sys"], "executable", "/bin/false")
    found, said = AUDIT["_asked"](tmp_path / "x", ())
    assert (found, said) == ([], "no answer")
