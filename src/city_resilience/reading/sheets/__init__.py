"""Yearbook sheets: their heads, bodies, captions and years, read into cells of one panel."""
