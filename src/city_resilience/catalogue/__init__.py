"""What is known before any file is read: variables, units, the wording of sheets, places."""
