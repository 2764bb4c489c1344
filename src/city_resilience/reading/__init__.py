"""From files to a panel: tables and sheets, their headers, keys and cells, and what is wrong."""
