"""The brief of a report as a document of two A4 pages, by python-docx."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from city_resilience.files import write_bytes
from city_resilience.report.brief import Brief, BriefSection, BriefTable, brief_of
from city_resilience.report.brief_map import draw_map
from city_resilience.report.summary import Summary
from city_resilience.report.texts import Texts, language_of
from city_resilience.spreadsheet import clean_text, settled_workbook

__all__ = ["write_brief"]

FONTS = {"en": ("Calibri", "Microsoft YaHei"), "zh": ("Calibri", "Microsoft YaHei")}
"""Of Latin letters and of Chinese characters; a reader without them sees its own."""
INK, MUTED, HEAD, RULE = "1F2328", "59636E", "EDEFF2", "C9CED4"
EDGE, BODY, SMALL = 1.7, 9.5, 7.5
"""Margin, cm, and sizes of the texts, points."""
PAGE = 21.0 - 2 * EDGE
LIST_SHARES = (0.235, 0.12, 0.135, 0.22, 0.29)
"""Of the columns of a list."""


def write_brief(summary: Summary, path: Path, lang: str = "") -> Path:
    """Write the brief of a report, whole or not at all; the same summary gives the same bytes.

    Parameters
    ----------
    summary : dict
        What `summarise` returned.
    path : Path
        Ends in ``.docx``.
    lang : str
        ``en`` or ``zh``; that of the cities' names unless given.

    Raises
    ------
    InputError
        If the path cannot be written to.
    """
    lang = lang or language_of(entry["city"] for entry in summary["cities"])
    brief = brief_of(summary, Texts(summary["measure"]), lang)
    made = io.BytesIO()
    _document(brief).save(made)
    return write_bytes(settled_workbook(made.getvalue()), path)


def _document(brief: Brief) -> Any:
    from docx import Document
    from docx.shared import Cm

    document = Document()
    for name in ("Normal", "Title", "Heading 2"):
        _style(document.styles[name], brief.lang)
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21.0), Cm(29.7)
    page.left_margin = page.right_margin = Cm(EDGE)
    page.top_margin = page.bottom_margin = Cm(1.5)
    core = document.core_properties
    core.title, core.author, core.comments = clean_text(brief.title), "", ""
    core.language = {"en": "en-GB", "zh": "zh-CN"}[brief.lang]
    _first_page(document, brief)
    for at, section in enumerate(brief.sections):
        _section(document, section, breaks=at == 0)
    _text(document, brief.foot, size=7.0, colour=MUTED, around=(4, 2))
    return document


def _style(style: Any, lang: str) -> None:
    """Give a style the fonts of the language; without the Asian one Word takes any."""
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    latin, asian = FONTS[lang]
    style.font.name, style.font.color.rgb = latin, RGBColor.from_string(INK)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in list(fonts.attrib):
        if name.endswith("Theme"):
            del fonts.attrib[name]
    fonts.set(qn("w:eastAsia"), asian)
    fonts.set(qn("w:hAnsi"), latin)
    sizes = {"Normal": BODY, "Title": 17.0, "Heading 2": 11.5}
    style.font.size = Pt(sizes[style.name])
    style.font.bold = style.name != "Normal"
    form = style.paragraph_format
    form.space_before, form.space_after = Pt(6 if style.name == "Heading 2" else 0), Pt(2)
    form.line_spacing = 1.05


def _first_page(document: Any, brief: Brief) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Inches

    title = document.add_paragraph(clean_text(brief.title), style="Title")
    _no_border(title)
    _text(document, brief.about, colour=MUTED, around=(0, 4))
    if brief.banner:
        _text(document, brief.banner, bold=True, around=(0, 4))
    for sentence in brief.sentences:
        _text(document, sentence, style="List Number", around=(0, 1))
    if brief.map:
        picture, wide = draw_map(brief.map)
        place = document.add_paragraph()
        place.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = place.add_run()
        run.add_picture(io.BytesIO(picture), width=Inches(wide))
        run._r.xpath(".//wp:docPr")[0].set("descr", clean_text(brief.caption))
        _text(document, brief.caption, size=SMALL, colour=MUTED, around=(0, 4))
    _lists(document, brief.lists)
    for own in brief.levels:
        _captioned(document, own)


def _captioned(document: Any, table: BriefTable) -> None:
    """Add a table over the whole width below its title."""
    _text(document, table.title, size=SMALL + 0.5, bold=True, around=(4, 2))
    shares = (1.6, *(1.0 for _ in table.heads[1:]))
    _table(document, table, PAGE, [share / sum(shares) for share in shares])
    _gap(document, 3.0)


def _lists(document: Any, lists: Sequence[BriefTable]) -> None:
    """Put lists beside each other, by a table without borders that holds a table in each cell."""
    from docx.shared import Cm

    outer = document.add_table(rows=1, cols=len(lists))
    outer.autofit = False
    wide = PAGE / len(lists)
    for column in outer.columns:
        column.width = Cm(wide)
    for cell, own in zip(outer.rows[0].cells, lists, strict=True):
        cell.width = Cm(wide)
        _put(cell.paragraphs[0], own.title, SMALL + 0.5, bold=True)
        _table(cell, own, wide - 0.4, LIST_SHARES)
        _gap(cell, 1.0)


def _section(document: Any, section: BriefSection, *, breaks: bool) -> None:
    head = document.add_paragraph(clean_text(section.title), style="Heading 2")
    head.paragraph_format.page_break_before = breaks
    for sentence in section.sentences:
        _text(document, sentence, style="List Bullet", around=(0, 1))
    for own in section.tables:
        _captioned(document, own)


def _table(place: Any, table: BriefTable, wide: float, shares: Sequence[float]) -> None:
    """Add a table with a head that repeats for a screen reader, and thin lines below its rows."""
    from docx.oxml import OxmlElement
    from docx.shared import Cm

    columns = len(table.heads)
    made = place.add_table(rows=1 + len(table.rows), cols=columns)
    made.autofit = False
    _narrow(made)
    for column, share in zip(made.columns, shares, strict=True):
        column.width = Cm(wide * share)
    for row, texts in zip(made.rows, (table.heads, *table.rows), strict=True):
        first = texts is table.heads
        for at, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
            cell.width = Cm(wide * shares[at])
            _put(cell.paragraphs[0], text, SMALL, bold=first, colour=MUTED if first else INK)
            _below(cell, HEAD if first else "")
        if first:
            row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _narrow(table: Any) -> None:
    """Leave a millimetre between the edge of a cell and its text."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    sides = "".join(f'<w:{side} w:w="57" w:type="dxa"/>' for side in ("left", "right"))
    table._tbl.tblPr.append(parse_xml(f"<w:tblCellMar {nsdecls('w')}>{sides}</w:tblCellMar>"))


def _below(cell: Any, fill: str) -> None:
    """Draw a thin line below a cell, and fill it."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    own = cell._tc.get_or_add_tcPr()
    line = f'<w:bottom w:val="single" w:sz="4" w:color="{RULE}"/>'
    own.append(parse_xml(f"<w:tcBorders {nsdecls('w')}>{line}</w:tcBorders>"))
    if fill:
        own.append(parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:fill="{fill}"/>'))


def _no_border(paragraph: Any) -> None:
    """Take the rule below a title away that the library's template has."""
    from docx.oxml.ns import qn

    style = paragraph.style.element
    for border in style.iter(qn("w:pBdr")):
        border.getparent().remove(border)
        return


def _text(
    document: Any,
    text: str,
    *,
    style: str = "Normal",
    around: tuple[float, float] = (0.0, 2.0),
    **look: Any,
) -> None:
    """Add a paragraph, with so many points above and below it."""
    from docx.shared import Pt

    made = document.add_paragraph(style=style)
    _put(made, text, **look)
    made.paragraph_format.space_before, made.paragraph_format.space_after = map(Pt, around)


def _gap(place: Any, points: float) -> None:
    """Leave so much space; a table needs a paragraph behind it."""
    from docx.shared import Pt

    form = place.add_paragraph().paragraph_format
    form.line_spacing, form.space_before, form.space_after = Pt(points), Pt(0), Pt(0)


def _put(
    paragraph: Any, text: str, size: float = BODY, *, bold: bool = False, colour: str = INK
) -> None:
    from docx.shared import Pt, RGBColor

    run = paragraph.add_run(clean_text(text))
    run.font.size, run.font.bold = Pt(size), bold or None
    run.font.color.rgb = RGBColor.from_string(colour)
    paragraph.paragraph_format.space_after = Pt(0)
