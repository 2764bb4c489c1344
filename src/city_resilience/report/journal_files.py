"""Tables of a journal as LaTeX, Word and Excel files."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from city_resilience.files import write_bytes
from city_resilience.report.forecast_workbook import bytes_of, new_book, wide_of
from city_resilience.report.journal_table import JournalTable, Line
from city_resilience.report.journal_tables import journal_tables
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
    "·": "$\\cdot$",
    "ρ": "$\\rho$",
    "…": r"\dots{}",
    "–": "--",
    "<": "$<$",
    ">": "$>$",
}
_WORD = re.compile(r"[!-~–−±]+")
_PIECE = re.compile(r"[!-~–−±…]+ ?|.", re.DOTALL)
_STARS = re.compile(r"(?<=[\d}])(\*{1,3})$")
PREAMBLE = """\
% Tables of city-resilience mechanisms. They need \\usepackage{array,booktabs,longtable};
% Chinese text needs XeLaTeX with \\usepackage{xeCJK}.
"""
LETTERS = 105
"""Letters of the small font on a line of a page."""
EDGE, SMALL, LINE, WIDTH = 1.5, 7.5, "single", 15100


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
    made = [_tex_list(own) if own.words else _tex_table(own) for own in tables]
    return (PREAMBLE + "\n".join(made)).encode()


def _tex_table(table: JournalTable) -> str:
    """Return a floating table, a page of its own at most; no queue of floats grows too long."""
    blocks = [table.heads, table.rows, *([table.foot] if table.foot else [])]
    body = "\n\\midrule\n".join("\n".join(map(_tex_line, lines)) for lines in blocks)
    note = f"\\par\\smallskip\\raggedright {latex(table.note)}\n" if table.note else ""
    return (
        f"\\begin{{table}}[htbp]\n\\centering\\footnotesize\\setlength{{\\tabcolsep}}{{2pt}}\n"
        f"\\caption{{{_tex_caption(table)}}}\n"
        f"\\begin{{tabular}}{{{_tex_columns(_shares_of(table), 'centering')}}}\n\\toprule\n{body}\n"
        f"\\bottomrule\n\\end{{tabular}}\n{note}\\end{{table}}\n\\clearpage\n"
    )


def _tex_list(table: JournalTable) -> str:
    """Return a table of sentences, which goes on over pages."""
    own = _tex_columns(_shares_of(table), "raggedright")
    head = "\n".join(map(_tex_line, table.heads))
    rows = "\n\\addlinespace\n".join(map(_tex_line, table.rows))
    note = f"\\noindent {latex(table.note)}\\par\n" if table.note else ""
    return (
        f"\\begingroup\\footnotesize\\setlength{{\\tabcolsep}}{{3pt}}"
        f"\\setlength{{\\LTcapwidth}}{{\\linewidth}}\n"
        f"\\begin{{longtable}}{{{own}}}\n\\caption{{{_tex_caption(table)}}}\\\\\n"
        f"\\toprule\n{head}\n\\midrule\n\\endhead\n\\bottomrule\n\\endfoot\n{rows}\n"
        f"\\end{{longtable}}\n{note}\\endgroup\n\\clearpage\n"
    )


def _tex_caption(table: JournalTable) -> str:
    return latex(f"{table.caption['en']} / {table.caption['zh']}")


def _tex_columns(shares: Sequence[float], place: str) -> str:
    """Return columns of a width each; the first holds names, the others stand at a place."""
    places = ["raggedright", *[place] * (len(shares) - 1)]
    return "".join(
        f">{{\\{own}\\arraybackslash\\hspace{{0pt}}}}"
        f"p{{\\dimexpr {share:.3f}\\linewidth-2\\tabcolsep\\relax}}"
        for own, share in zip(places, shares, strict=True)
    )


def _shares_of(table: JournalTable) -> list[float]:
    """Return the share of the width that each column has."""
    if table.words:
        return widths_of(table)
    number = len(table.heads[0]) - 1
    names = 0.28 if number > 4 else 0.36
    return [names, *[min(0.16, (1 - names) / number)] * number]


def widths_of(table: JournalTable) -> list[float]:
    """Return the share of the width that each column of a table of sentences has.

    Each has room for its longest word; the rest follows the text in it.
    """
    columns = list(zip(*table.heads, *table.rows, strict=True))
    words = [[word for text in own for word in _WORD.findall(text)] for own in columns]
    least = [max(8, 2 + max(map(len, own), default=0)) / LETTERS for own in words]
    texts = [sum(map(wide_of, own)) for own in columns]
    left = max(0.0, 1 - sum(least))
    wide = [own + left * text / sum(texts) for own, text in zip(least, texts, strict=True)]
    return [own / sum(wide) for own in wide]


def _tex_line(line: Line) -> str:
    # A row that begins with a bracket would be read as the option of the row end before it.
    cells = (f"{{{cell}}}" if cell.startswith("[") else cell for cell in map(latex, line))
    return " & ".join(cells) + r" \\"


def _book(tables: Sequence[JournalTable], lang: str) -> bytes:
    """Return a workbook with a sheet a part, its tables below each other."""
    book = new_book()
    if not tables:
        book.create_sheet(STEM)
    for part in dict.fromkeys(table.part for table in tables):
        page, own = book.create_sheet(part), [table for table in tables if table.part == part]
        widths = _set_widths(page, own)
        number = 0
        for table in own:
            for line, kind in _every_line(table, lang, widths):
                number += 1
                wrapped = kind in ("head", "foot") or (kind == "body" and table.words)
                cells = [_cell(page, text, kind) for text in line]
                for cell, place in zip(cells, _places(line, table), strict=True):
                    cell.alignment = _alignment(place, wrapped)
                if wrapped:
                    page.row_dimensions[number].height = _height(line, widths)
                page.append(cells)
    return bytes_of(book)


def _set_widths(page: Any, tables: Sequence[JournalTable]) -> list[float]:
    """Make the columns of a sheet as wide as its tables ask, and print it on landscape pages."""
    lines = [line for own in tables for line in (*own.rows, *own.foot)]
    words, widths = tables[0].words, list[float]()
    for at in range(max(len(own.heads[0]) for own in tables)):
        widest = max((wide_of(line[at]) for line in lines if at < len(line)), default=0)
        most, least = (60, 14) if words or not at else (22, 18)
        widths.append(min(most, max(least, widest + 2)))
        page.column_dimensions["ABCDEFGHIJ"[at]].width = widths[-1]
    page.page_setup.orientation, page.page_setup.fitToHeight = "landscape", 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    return widths


def _every_line(
    table: JournalTable, lang: str, widths: Sequence[float]
) -> Iterator[tuple[Line, str]]:
    """Yield each line of a sheet and its kind: title, head, body, foot or note."""
    yield (table.caption[lang],), "title"
    yield from ((line, "head") for line in table.heads)
    yield from ((line, "body") for line in table.rows)
    yield from ((line, "foot") for line in table.foot)
    wide = sum(widths[: len(table.heads[0])])
    yield from (((text,), "note") for text in _folded(table.note, wide))
    yield (), "note"


def _folded(text: str, wide: float) -> Iterator[str]:
    """Yield a text in lines of a width; Chinese breaks anywhere."""
    line = ""
    for piece in _PIECE.findall(text):
        if line and wide_of(line + piece) > wide:
            yield line.strip()
            line = ""
        line += piece
    yield line.strip()


def _places(line: Line, table: JournalTable) -> list[str]:
    """Return where the texts of a line stand in their cells."""
    return ["left", *["left" if table.words else "center"] * (len(line) - 1)][: len(line)]


def _alignment(place: str, wrapped: bool) -> Any:
    from openpyxl.styles import Alignment

    return Alignment(horizontal=place, vertical="top", wrap_text=wrapped)


def _height(line: Line, widths: Sequence[float]) -> float:
    """Return the height in points of a line whose texts are wrapped."""
    lines = (len(list(_folded(text, 0.9 * w))) for text, w in zip(line, widths, strict=False))
    return 15.0 * max(lines)


def _cell(page: Any, text: str, kind: str) -> Any:
    """Return a cell that holds a text, whatever it begins with."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    cell = WriteOnlyCell(page, clean_text(text))
    cell.data_type = "s"
    if kind == "title":
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
            _paragraph(document, text, bold=text == table.caption[lang], before=True)
        _three_lines(document, table)
        _paragraph(document, table.note)
    made = io.BytesIO()
    document.save(made)
    return settled_workbook(made.getvalue())


def _paragraph(document: Any, text: str, *, bold: bool = False, before: bool = False) -> None:
    from docx.shared import Pt

    paragraph = document.add_paragraph()
    paragraph.paragraph_format.space_after = Pt(2 if before else 14)
    paragraph.paragraph_format.keep_with_next = before
    run = paragraph.add_run(clean_text(text))
    run.font.size, run.font.bold = Pt(SMALL + bold), bold or None


def _three_lines(document: Any, table: JournalTable) -> None:
    """Add a table with lines above, below its heads, above its foot, and below.

    A table of figures stays on one page where it fits; one of sentences goes on, with its heads.
    """
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    lines = [*table.heads, *table.rows, *table.foot]
    ruled = {len(table.heads), len(lines) - len(table.foot)}
    shares = [int(WIDTH * share) for share in _shares_of(table)]
    grid = "".join(f"<w:gridCol w:w='{share}'/>" for share in shares)
    own = parse_xml(
        f"<w:tbl {nsdecls('w')}><w:tblPr><w:tblW w:w='{sum(shares)}' w:type='dxa'/><w:tblBorders>"
        f"<w:top w:val='{LINE}' w:sz='12'/><w:bottom w:val='{LINE}' w:sz='12'/></w:tblBorders>"
        f"<w:tblLayout w:type='fixed'/></w:tblPr><w:tblGrid>{grid}</w:tblGrid></w:tbl>"
    )
    for number, line in enumerate(lines):
        about = _WordRow(
            shares,
            rule=number in ruled,
            head=number < len(table.heads),
            kept=not table.words,
            words=table.words,
        )
        own.append(_word_row(line, about))
    document.element.body.insert_element_before(own, "w:sectPr")


@dataclass(frozen=True)
class _WordRow:
    """How a row of a Word table is laid out."""

    widths: Sequence[int]
    rule: bool
    head: bool
    kept: bool
    words: bool


def _word_row(line: Line, about: _WordRow) -> Any:
    from xml.sax.saxutils import escape

    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    border = f"<w:tcBorders><w:top w:val='{LINE}' w:sz='4'/></w:tcBorders>" if about.rule else ""
    size = f"<w:rPr><w:sz w:val='{int(2 * SMALL)}'/><w:szCs w:val='{int(2 * SMALL)}'/></w:rPr>"
    kept = "<w:keepNext/>" if about.kept or about.head else ""
    places = ["left", *["left" if about.words else "center"] * (len(line) - 1)]
    cells = "".join(
        f"<w:tc><w:tcPr><w:tcW w:w='{width}' w:type='dxa'/>{border}</w:tcPr><w:p><w:pPr>{kept}"
        f"<w:spacing w:before='{60 if about.rule else 0}' w:after='{60 if about.words else 0}'/>"
        f"<w:jc w:val='{place}'/>{size}</w:pPr>"
        f"<w:r>{size}<w:t xml:space='preserve'>{escape(clean_text(text))}</w:t></w:r></w:p></w:tc>"
        for text, place, width in zip(line, places, about.widths, strict=True)
    )
    head = "<w:tblHeader/>" if about.head else ""
    return parse_xml(f"<w:tr {nsdecls('w')}><w:trPr><w:cantSplit/>{head}</w:trPr>{cells}</w:tr>")


_WRITERS: Mapping[str, Callable[[Sequence[JournalTable], str], bytes]] = {
    f"{STEM}.tex": _tex,
    f"{STEM}.docx": _document,
    f"{STEM}.xlsx": _book,
}
FILES = tuple(_WRITERS)
"""Names of the files."""
