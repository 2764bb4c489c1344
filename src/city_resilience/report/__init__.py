"""The report: a plain summary first, then the page, the model card and the audit page."""
