"""Text files in the code pages of many languages: read right, or refused, and never read wrong."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from city_resilience.commands.check import check
from city_resilience.commands.import_sheets import import_sheets
from city_resilience.commands.main import main
from city_resilience.commands.new import draft_experiment
from city_resilience.errors import InputError
from city_resilience.experiment.data import Data
from city_resilience.reading.code_pages import latin_page
from city_resilience.reading.encodings import find_encoding
from city_resilience.reading.read import read_panel

READ = [
    ("cp1250", "Łódź Kraków Poznań Gdańsk Wrocław"),
    ("iso8859_2", "Łódź Kraków Poznań Gdańsk Wrocław"),
    ("cp1250", "Plzeň Třebíč Liberec Kroměříž"),
    ("cp1250", "Plzeň Brno České-Budějovice"),
    ("cp1250", "PLZEŇ TŘEBÍČ"),
    ("cp1250", "Győr Pécs Székesfehérvár Miskolc"),
    ("cp1250", "Iaşi Timişoara Constanţa Bacău"),
    ("cp1250", "Košice Žilina Trenčín Prešov Nové-Zámky Ľubotice"),
    ("cp1254", "İstanbul Muğla Kırşehir Eskişehir Niğde Çanakkale"),
    ("cp1257", "Šiauliai Panevėžys Marijampolė Telšių"),
    ("cp1252", "Ardèche Ariège Corrèze Finistère Isère Rhône Hérault"),
    ("cp1252", "Logroño Coruña Córdoba"),
    ("cp1252", "MÁLAGA CÁDIZ LOGROÑO"),
    ("cp1252", "São Bento"),
    ("cp1252", "Brasília Goiânia Maranhão Açores"),
    ("cp1252", "Forlì Cantù Città"),
    ("cp1252", "København Tønder Rødovre Ærø Århus"),
    ("cp1252", "Trøndelag Østfold Møre Tromsø"),
    ("cp1252", "Köln München Düsseldorf Gießen"),
    ("cp1252", "Reykjavík Hafnarfjörður Garðabær"),
    ("cp1252", "Põlva Võru Pärnu"),
    ("cp1252", "Åland Île-de-France León Kärnten Città Região Sjælland Østfold"),
    ("cp1252", "Almería Area(km²) £m Café"),
    ("cp1251", "Москва Казань Київ"),
    ("cp1253", "Αθήνα Θεσσαλονίκη Πάτρα"),
    ("cp932", "東京都 札幌市 横浜市"),
    ("euc_jp", "東京都 札幌市 横浜市 さいたま市"),
    ("cp950", "臺北市 新北市 新竹縣"),
    ("gb18030", "太原 大同 阳泉"),
]
REFUSED = [
    ("cp850", "Ardèche Hérault Pyrénées"),
    ("cp850", "São-Paulo Maranhão Ceará"),
    ("cp437", "Logroño Cádiz León"),
    ("cp852", "Łódź Kraków Poznań"),
    ("mac_roman", "Köln München Düsseldorf"),
    ("mac_roman", "Hérault Évreux Orléans"),
    ("koi8_r", "Москва Казань Тула"),
    ("cp866", "Москва Казань Тула"),
    ("iso8859_5", "Москва Казань Тула"),
    ("cp1255", "ירושלים חיפה"),
    ("cp1256", "القاهرة الجيزة"),
    ("cp874", "กรุงเทพ เชียงใหม่"),
    ("cp949", "서울 부산 대구"),
]
DOUBTED = [
    ("cp1252", "Põlva Võru"),
    ("cp1250", "Koper Šempeter Črnomelj"),
    ("cp1250", "Bacău Brăila Buzău"),
    ("cp1257", "Rīga Liepāja Jūrmala Rēzekne"),
]


def written(path: Path, encoding: str, words: str) -> Path:
    rows = (
        f"{name},{year},{100 + 7 * at + 3 * (year - 2000)}\n"
        for at, name in enumerate(words.split())
        for year in range(2000, 2003)
    )
    path.write_bytes(("city,year,gdp_nominal\n" + "".join(rows)).encode(encoding))
    return path


@pytest.mark.parametrize(("encoding", "words"), READ)
def test_names_in_a_code_page_are_read_as_they_were_written(tmp_path, encoding, words):
    path = written(tmp_path / "panel.csv", encoding, words)
    assert path.read_bytes().decode(find_encoding(path)) == path.read_bytes().decode(encoding)


def test_the_panel_says_in_which_code_page_its_file_was(tmp_path):
    panel = read_panel(written(tmp_path / "panel.csv", "cp1250", "Łódź Kraków Poznań"))
    assert set(panel.cities) == {"Łódź", "Kraków", "Poznań"}
    assert "panel.csv: read as Windows-1250" in panel.notes
    assert panel.account.as_dict()["encoding"] == "Windows-1250"
    assert (
        "encoding"
        not in read_panel(
            written(tmp_path / "panel.csv", "utf-8", "Łódź Kraków Poznań")
        ).account.as_dict()
    )


def test_import_check_and_new_show_in_which_code_page_a_file_was_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = "Łódź Kraków Poznań Gdańsk Toruń Rzeszów"
    rows = [
        f"{name},{year},{100 + 7 * at + 3 * (year - 2000) + at * year % 5}"
        for at, name in enumerate(words.split())
        for year in range(2000, 2016)
    ]
    text = "\n".join(["city,year,GDP (million zloty)", *rows])
    for encoding, shown in (("cp1250", True), ("utf-8", False)):
        Path("panel.csv").write_bytes(text.encode(encoding))
        drafted = CliRunner().invoke(main, ["new", "panel.csv", "--out", "my.toml", "--force"])
        words = ["import", "panel.csv", "--out", "out.csv", "--gazetteer", "none"]
        imported = CliRunner().invoke(main, words)
        assert ("panel.csv: read as Windows-1250" in imported.output) is shown
        assert ("Windows-1250" in Path("out.list.csv").read_text("utf-8")) is shown
        checked = CliRunner().invoke(main, ["check", "panel.csv", "--experiment", "my.toml"])
        assert ("Windows-1250, see that names are right" in drafted.output) is shown
        assert ("text read as Windows-1250" in checked.output) is shown


@pytest.mark.parametrize(("encoding", "words"), REFUSED)
def test_a_page_that_is_not_known_is_refused_and_read_where_it_is_stated(tmp_path, encoding, words):
    path = written(tmp_path / "panel.csv", encoding, words)
    with pytest.raises(InputError, match=r"not UTF-8, .* say which with --encoding, or encoding"):
        read_panel(path)
    assert set(read_panel(path, Data(encoding=encoding)).cities) == set(words.split())


@pytest.mark.parametrize(("encoding", "words"), DOUBTED)
def test_names_that_are_words_in_two_pages_are_refused_with_both_readings(
    tmp_path, encoding, words
):
    path = written(tmp_path / "panel.csv", encoding, words)
    with pytest.raises(InputError, match=r"may be in several encodings: '\S+' in Windows-1252, '"):
        read_panel(path)
    assert set(read_panel(path, Data(encoding=encoding)).cities) == set(words.split())


def test_lines_of_plain_letters_say_nothing():
    assert latin_page(b"").encoding == latin_page(b"city,year\n").encoding == ""


def test_what_is_utf_8_is_read_so_whatever_is_stated(tmp_path):
    path = written(tmp_path / "panel.csv", "utf-8", "Łódź Kraków")
    assert set(read_panel(path, Data(encoding="cp1250")).cities) == {"Łódź", "Kraków"}


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ("cp125O", "no encoding 'cp125O'; name one such as utf-8"),
        ("hex", "no encoding 'hex'; name one such as utf-8"),
        ("utf-8", "not utf-8 text, byte 0xa3 at offset 22; correct the encoding"),
    ],
)
def test_an_encoding_that_is_none_or_another_is_refused(tmp_path, stated, said):
    path = written(tmp_path / "panel.csv", "cp1250", "Łódź Kraków Poznań")
    with pytest.raises(InputError, match=said):
        read_panel(path, Data(encoding=stated))


def test_import_check_and_new_take_the_encoding_that_is_stated(tmp_path):
    path = written(tmp_path / "panel.csv", "cp852", "Łódź Kraków Poznań")
    with pytest.raises(InputError, match="--encoding"):
        import_sheets([path], tmp_path / "out.csv", gazetteer="none")
    import_sheets([path], tmp_path / "out.csv", gazetteer="none", encoding="cp852")
    assert "Łódź" in (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
    assert "Łódź" in check(path, encoding="cp852").panel.cities


def test_a_draft_states_the_encoding_that_it_was_told_and_check_reads_it_there(tmp_path):
    words = "Łódź Kraków Poznań Gdańsk Toruń Rzeszów"
    rows = [
        f"{name},{year},{100 + 7 * at + 3 * (year - 2000) + at * year % 5}"
        for at, name in enumerate(words.split())
        for year in range(2000, 2016)
    ]
    path, toml = tmp_path / "panel.csv", tmp_path / "my.toml"
    path.write_bytes("\n".join(["city,year,GDP (million zloty)", *rows]).encode("cp852"))
    with pytest.raises(InputError, match="--encoding"):
        draft_experiment(path, toml)
    draft = draft_experiment(path, toml, encoding="cp852")
    assert draft.experiment.data.encoding == "cp852"
    assert "Łódź" in check(path, toml).panel.cities
    imported = import_sheets([path], tmp_path / "out.csv", experiment=toml, gazetteer="none")
    assert "Łódź" in set(imported.imported.cells["city"])


def test_the_option_is_there_on_the_command_line(tmp_path):
    path = written(tmp_path / "panel.csv", "cp852", "Łódź Kraków Poznań")
    out = tmp_path / "audit.json"
    run = CliRunner().invoke(main, ["check", str(path), "--encoding", "cp852", "--out", str(out)])
    assert run.exit_code == 0, run.output
    assert json.loads(out.read_text())["cities"] == 3


NAMES = {
    "cp1250": (
        "České Třebíč Plzeň Ústí Děčín Přerov Jičín Písek Kolín Havířov",
        "Győr Pécs Székesfehérvár Nyíregyháza Gödöllő Törökszentmiklós Makó Vác",
        "Varaždin Šibenik Kaštela Đakovo Čakovec Požega Zaprešić Metković",
    ),
    "cp1254": (
        "İstanbul Şanlıurfa Balıkesir Tekirdağ Muğla Niğde Uşak Şırnak Kütahya Kırşehir Eskişehir",
    ),
    "cp1257": ("Klaipėda Šiauliai Panevėžys Mažeikiai Kėdainiai Telšiai Plungė Šilutė",),
    "cp1252": (
        "Ardèche Ariège Corrèze Drôme Finistère Hérault Isère Nièvre Rhône Île Nîmes",
        "Forlì Cantù Città Cefalù Mondovì Santhià Licodìa Ciriè Salò Nardò Viggiù",
        "Põlva Võru Pärnu Jõgeva Kiviõli Türi Kärdla",
        "Bærum Tromsø Lillestrøm Ålesund Tønsberg Bodø Møre",
    ),
}


@pytest.mark.parametrize("encoding", NAMES)
def test_a_few_names_are_never_read_in_another_page(encoding):
    rng = random.Random(0)
    for language in NAMES[encoding]:
        names = language.split()
        assert latin_page("\n".join(names).encode(encoding)).encoding == encoding
        for _ in range(60):
            sample = "\n".join(rng.sample(names, 3)).encode(encoding)
            found = latin_page(sample)
            assert found.rivals or sample.decode(found.encoding) == sample.decode(encoding)
