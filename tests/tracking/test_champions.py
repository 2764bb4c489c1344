"""Who was champion and why; the way back; what may not be promoted or gone back to."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from city_resilience.commands.main import run
from city_resilience.errors import GateRefused, InputError
from city_resilience.models.manifest import FORMAT_VERSION, MANIFEST
from city_resilience.tracking.champions import Change, history_of, previous_champion
from city_resilience.tracking.contender import AUDIT_ERRORS
from city_resilience.tracking.gate import VERDICT_AGAINST, VERDICT_REASONS, promote
from city_resilience.tracking.housekeeping import find_needless
from city_resilience.tracking.registry import RECIPE, champion_of, find_version, set_champion
from city_resilience.tracking.rollback import rollback
from city_resilience.tracking.store import Store, open_store
from places import ROOT

pytestmark = [pytest.mark.tracking, pytest.mark.usefixtures("copied_stores")]

GOLDEN = ROOT / "tests" / "golden" / f"bundle_{FORMAT_VERSION}" / "growth_gap" / "model"


class Shop:
    """A store whose versions are bundles with another origin, without a training behind them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.place = folder, str(folder / "store")
        self.store = open_store(self.place, create=True)
        self.store.client.create_registered_model("shop")

    def add(self, origin: int, *, recipe: str = "r1", **change: Any) -> Any:
        """Register a version; ``change`` goes into its manifest."""
        number = len(list(self.folder.glob("source*"))) + 1
        source = self.folder / f"source{number}"
        bundle = source / "artifacts" / "bundle"
        shutil.copytree(GOLDEN, bundle)
        manifest = json.loads((bundle / MANIFEST).read_text())
        tags = change.pop("tags", {})
        manifest |= {"origin": origin, "fingerprint": f"f{origin}", **change}
        (bundle / MANIFEST).write_text(json.dumps(manifest))
        run_id = self.store.client.create_run(self.store.experiment_id("shop")).info.run_id
        self.store.client.set_terminated(run_id)
        self.store.client.create_model_version(
            "shop", source.as_uri(), run_id=run_id, tags={RECIPE: recipe, **tags}
        )
        return find_version(f"shop/{number}", self.store)

    @property
    def champion(self) -> int:
        found = champion_of("shop", self.store)
        assert found is not None
        return found.version

    def command(self, *words: str) -> int:
        return run([*words, "--store", self.place])


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def told(store: Store) -> list[tuple[int, int | None, str, str]]:
    return [(c.version, c.previous, c.how, c.reason) for c in history_of("shop", store)]


def test_each_rollback_leaves_one_champion_behind(shop, capsys):
    for origin in (2019, 2020, 2021):
        promote(shop.add(origin), shop.store)
    assert shop.command("rollback", "shop", "--reason", "a withdrawn yearbook") == 0
    line = "shop/2 is champion now (rolled back: a withdrawn yearbook)\n"
    assert capsys.readouterr().out == line
    assert rollback("", shop.store).version.version == 1, "the store holds only one model"
    with pytest.raises(InputError, match="shop: no champion before version 1 is known; name the"):
        rollback("shop", shop.store)
    assert promote(find_version("shop/3", shop.store), shop.store).reason == "refitted"
    assert rollback("shop", shop.store, to=3).reason == "already"
    assert rollback("shop", shop.store, to=2).previous == 3
    changes = history_of("shop", shop.store)
    assert told(shop.store) == [
        (1, None, "first", ""),
        (2, 1, "refitted", ""),
        (3, 2, "refitted", ""),
        (2, 3, "rolled_back", "a withdrawn yearbook"),
        (1, 2, "rolled_back", ""),
        (3, 1, "refitted", ""),
        (2, 3, "rolled_back", ""),
    ]
    assert [change.at for change in changes] == sorted(change.at for change in changes)
    assert shop.command("models", "history") == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert len(rows) == 7
    assert "a withdrawn yearbook" in rows[3]


def test_older_data_are_no_promotion_but_a_rollback(shop, capsys):
    older, newer = shop.add(2019, recipe="r0"), shop.add(2020)
    promote(newer, shop.store)
    for words in ([], ["--force", "--reason", "I like it"]):
        assert shop.command("promote", "shop/1", *words) == 3
        assert capsys.readouterr().err == (
            "city-resilience: shop/1 is not promoted: its data end in 2019, before the champion's "
            "in 2020: the data run backwards, and to go back to it is a rollback; go back with "
            "city-resilience rollback shop --to 1\n"
        )
    assert shop.champion == 2
    assert rollback("shop", shop.store, to=1, reason="a census").version.version == 1
    assert shop.champion == older.version
    assert told(shop.store)[-1] == (1, 2, "rolled_back", "a census")


def test_what_was_never_champion_and_is_no_older_is_no_way_back(shop):
    shop.add(2020)
    promote(find_version("shop/1", shop.store), shop.store)
    shop.add(2021)
    match = r"shop/2 was never champion and its data end in 2021, those of shop/1 in 2020: that is"
    with pytest.raises(InputError, match=match):
        rollback("shop", shop.store, to=2)
    with pytest.raises(InputError, match="'shop' has no '9'; versions: 2, 1"):
        rollback("shop", shop.store, to=9)
    with pytest.raises(InputError, match="no registered model 'shopp'; nearest: 'shop'"):
        rollback("shopp", shop.store)
    assert told(shop.store) == [(1, None, "first", "")]


def test_what_never_takes_the_champions_place_is_refused_though_forced(shop, capsys):
    cities = json.loads((GOLDEN / MANIFEST).read_text())["cities"]
    promote(shop.add(2020), shop.store)
    shop.add(2021, tags={AUDIT_ERRORS: "2"})
    shop.add(2021, cities=cities[: len(cities) // 2])
    experiment = json.loads((GOLDEN / MANIFEST).read_text())["experiment"]
    experiment["outcome"] = experiment["outcome"] | {"scale": "log"}
    shop.add(2021, experiment=experiment)
    shop.add(2019, cities=cities[: len(cities) // 2])
    reasons = ("audit errors that nothing settles: 2", "champion's", "is not that of the champion")
    for number, reason in zip((2, 3, 4), reasons, strict=True):
        assert shop.command("promote", f"shop/{number}", "--force", "--reason", "now") == 3
        err = capsys.readouterr().err
        assert reason in err
        assert "--force does not help here" in err
    with pytest.raises(GateRefused, match="shop/5 is not promoted: it has"):
        rollback("shop", shop.store, to=5)
    assert shop.champion == 1


def test_a_forced_promotion_needs_a_reason(shop, capsys):
    promote(shop.add(2020), shop.store)
    shop.add(2020, recipe="r2")
    assert shop.command("promote", "shop/2") == 3
    assert "not comparable: the store has no backtest of one of them" in capsys.readouterr().err
    for words in (["--force"], ["--force", "--reason", " "]):
        assert shop.command("promote", "shop/2", *words) == 2
        assert "no reason is given; say why with --reason" in capsys.readouterr().err
    assert shop.command("promote", "shop/2", "--force", "--reason", "a new law") == 0
    assert told(shop.store)[-1] == (2, 1, "forced", "a new law")


def test_the_verdict_of_the_training_counts_while_its_champion_stands(shop):
    promote(shop.add(2020), shop.store)
    tags = {VERDICT_AGAINST: "shop/1", VERDICT_REASONS: "lower", "gate": "lower by much"}
    passed = shop.add(2020, recipe="r2", tags=tags)
    refused = shop.add(2020, recipe="r3", tags=tags | {VERDICT_REASONS: "lower,few_years"})
    with pytest.raises(
        GateRefused, match="shop/3 is not promoted: lower by much; give --force with"
    ):
        promote(refused, shop.store)
    done = promote(passed, shop.store)
    assert (done.reason, done.why) == ("gate", "lower by much")
    late = shop.add(2020, recipe="r4", tags=tags)
    match = r"not comparable: the store has no backtest of one .*; train both on the same panel, or"
    with pytest.raises(GateRefused, match=match):
        promote(late, shop.store)


def test_cleaning_up_leaves_the_way_back(shop):
    for origin in (2018, 2019, 2020, 2021):
        promote(shop.add(origin), shop.store)
    found = [own.name for own in find_needless(shop.store, keep=0) if own.kind == "version"]
    assert found == ["shop/2", "shop/1"]
    shop.store.client.delete_model_version("shop", "3")
    assert rollback("shop", shop.store).version.version == 2, "what is gone is no way back"


def test_a_champion_that_another_program_made_is_shown_as_such(shop):
    promote(shop.add(2019), shop.store)
    set_champion(shop.add(2020), shop.store)
    assert history_of("shop", shop.store)[-1] == Change(2, 1, "", "unrecorded", "")
    assert rollback("shop", shop.store).version.version == 1


@pytest.mark.parametrize(
    ("reigns", "before"),
    [
        ("", None),
        ("1", None),
        ("1 2", 1),
        ("1 2 3 <2", 1),
        ("1 2 3 <1", None),
        ("1 2 3 <2 3", 2),
        ("1 2 1", 2),
        ("1 <0", 1),
    ],
)
def test_the_champion_before(reigns, before):
    """A version after ``<`` was gone back to."""
    changes = [
        Change(int(word.strip("<")), None, "", "rolled_back" if "<" in word else "gate", "")
        for word in reigns.split()
    ]
    assert previous_champion(changes) == before
