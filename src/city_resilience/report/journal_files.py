"""Tables of a journal as LaTeX, Word and Excel files."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from city_resilience.files import write_bytes
from city_resilience.report.forecast_workbook import bytes_of, new_book, wide_of
from city_resilience.report.journal_tables import JournalTable, Line, journal_tables
from city_resilience.report.texts import Texts
from city_resilience.spreadsheet import clean_text, settled_workbook

__all__ = ["FILES", "latex", "write_journal_tables"]

STEM = "tables"
_LATEX = {
    "\\": r"\textbackslash{}",
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "−": "$-$",
    "×": r"$\times$",
    "²": "$^2$",
    "…": r"\dots{}",
    "–": "--",
    "<": "$<$",
    ">": "$>$",
}
_STARS = re.compile(r"(?<=[\d}])(\*{1,3})$")
PREAMBLE = """\
% Tables of city-resilience mechanisms. They need \\usepackage{booktabs}; Chinese text needs XeLaTeX
% with \\usepackage{xeCJK}.
"""
EDGE, SMALL, LINE = 1.5, 7.5, "single"


def latex(text: str) -> str:
    r"""Return a text as LaTeX prints it, stars of an estimate raised.

    Examples
    --------
    >>> latex("−1.64**"), latex("R², share_of & 5 %")
    ('$-$1.64$^{**}$', 'R$^2$, share\\_of \\& 5 \\%')
    """
    marked = "".join(_LATEX.get(letter, letter) for letter in clean_text(text))
    return _STARS.sub(r"$^{\1}$", marked)


def write_journal_tables(found: Mapping[str, Any], folder: Path, lang: str = "en") -> None:
    """Write the tables of a run to ``tables.tex``, ``tables.docx`` and ``tables.xlsx``.

    Parameters
    ----------
    found : mapping
        What ``run_mechanisms`` returned.
    lang : str
        ``en`` or ``zh``; captions are in both. The same run gives the same bytes.
    """
    tables = journal_tables(found, Texts(noun=found["noun"]), lang)
    for name, made in _WRITERS.items():
        write_bytes(made(tables, lang), folder / name)


def _tex(tables: Sequence[JournalTable], lang: str) -> bytes:
    del lang
    return (PREAMBLE + "\n".join(map(_tex_table, tables))).encode()


def _tex_table(table: JournalTable) -> str:
    columns = len(table.heads[0])
    caption = latex(f"{table.caption['en']} / {table.caption['zh']}")
    blocks = [table.heads, table.rows, *([table.foot] if table.foot else [])]
    body = "\n\\midrule\n".join("\n".join(map(_tex_line, lines)) for lines in blocks)
    note = f"\\par\\footnotesize {latex(table.note)}\n" if table.note else ""
    return (
        f"\\begin{{table}}[htbp]\n\\centering\n\\caption{{{caption}}}\n"
        f"\\begin{{tabular}}{{l{'c' * (columns - 1)}}}\n\\toprule\n{body}\n\\bottomrule\n"
        f"\\end{{tabular}}\n{note}\\end{{table}}\n"
    )


def _tex_line(line: Line) -> str:
    # A row that begins with a bracket would be read as the option of the row end before it.
    cells = (f"{{{cell}}}" if cell.startswith("[") else cell for cell in map(latex, line))
    return " & ".join(cells) + r" \\"


def _book(tables: Sequence[JournalTable], lang: str) -> bytes:
    """Return a workbook with a sheet a part, its tables below each other."""
    book, sheets = new_book(), dict[str, Any]()
    if not tables:
        book.create_sheet(STEM)
    for table in tables:
        if table.part not in sheets:
            sheets[table.part] = page = book.create_sheet(table.part)
            lines = [one for own in tables if own.part == table.part for one in own.rows]
            page.column_dimensions["A"].width = min(60, 2 + max(wide_of(one[0]) for one in lines))
            for letter in "BCDEFG":
                page.column_dimensions[letter].width = 22
        page = sheets[table.part]
        for number, line in enumerate(_every_line(table, lang)):
            page.append([_cell(page, text, bold=not number) for text in line])
    return bytes_of(book)


def _every_line(table: JournalTable, lang: str) -> Iterator[Line]:
    yield (table.caption[lang],)
    yield from (*table.heads, *table.rows, *table.foot)
    yield (table.note,)
    yield ()


def _cell(page: Any, text: str, *, bold: bool) -> Any:
    """Return a cell that holds a text, whatever it begins with."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    cell = WriteOnlyCell(page, clean_text(text))
    cell.data_type = "s"
    if bold:
        cell.font = Font(name="Calibri", size=11, bold=True)
    return cell


def _document(tables: Sequence[JournalTable], lang: str) -> bytes:
    """Return a document of landscape pages with three-line tables."""
    from docx import Document
    from docx.enum.section import WD_ORIENT
    from docx.shared import Cm

    document = Document()
    page = document.sections[0]
    page.orientation = WD_ORIENT.LANDSCAPE
    page.page_width, page.page_height = Cm(29.7), Cm(21.0)
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Cm(EDGE)
    core = document.core_properties
    core.title, core.author, core.comments = "city-resilience mechanisms", "", ""
    core.language = {"en": "en-GB", "zh": "zh-CN"}[lang]
    for table in tables:
        for text in dict.fromkeys(table.caption[own] for own in (lang, *table.caption)):
            _paragraph(document, text, bold=text == table.caption[lang])
        _three_lines(document, table)
        _paragraph(document, table.note)
    made = io.BytesIO()
    document.save(made)
    return settled_workbook(made.getvalue())


def _paragraph(document: Any, text: str, *, bold: bool = False) -> None:
    from docx.shared import Pt

    paragraph = document.add_paragraph()
    paragraph.paragraph_format.space_after = Pt(2)
    run = paragraph.add_run(clean_text(text))
    run.font.size, run.font.bold = Pt(SMALL + bold), bold or None


def _three_lines(document: Any, table: JournalTable) -> None:
    """Add a table with lines above, below its heads, above its foot, and below."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    lines = [*table.heads, *table.rows, *table.foot]
    ruled = {len(table.heads), len(lines) - len(table.foot)}
    own = parse_xml(
        f"<w:tbl {nsdecls('w')}><w:tblPr><w:tblW w:w='5000' w:type='pct'/><w:tblBorders>"
        f"<w:top w:val='{LINE}' w:sz='12'/><w:bottom w:val='{LINE}' w:sz='12'/></w:tblBorders>"
        f"</w:tblPr><w:tblGrid>{'<w:gridCol/>' * len(table.heads[0])}</w:tblGrid></w:tbl>"
    )
    for number, line in enumerate(lines):
        own.append(_word_row(line, rule=number in ruled))
    document.element.body.insert_element_before(own, "w:sectPr")


def _word_row(line: Line, *, rule: bool) -> Any:
    from xml.sax.saxutils import escape

    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    border = f"<w:tcBorders><w:top w:val='{LINE}' w:sz='4'/></w:tcBorders>" if rule else ""
    cells = "".join(
        f"<w:tc><w:tcPr>{border}</w:tcPr><w:p><w:pPr><w:spacing w:after='0'/>"
        f"<w:jc w:val='{'center' if at else 'left'}'/></w:pPr><w:r><w:rPr>"
        f"<w:sz w:val='{int(2 * SMALL)}'/></w:rPr><w:t xml:space='preserve'>"
        f"{escape(clean_text(text))}</w:t></w:r></w:p></w:tc>"
        for at, text in enumerate(line)
    )
    return parse_xml(f"<w:tr {nsdecls('w')}>{cells}</w:tr>")


_WRITERS: Mapping[str, Callable[[Sequence[JournalTable], str], bytes]] = {
    f"{STEM}.tex": _tex,
    f"{STEM}.docx": _document,
    f"{STEM}.xlsx": _book,
}
FILES = tuple(_WRITERS)
"""Names of the files."""
