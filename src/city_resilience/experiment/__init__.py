"""The experiment file: its tables and keys, how it is read, and the reference of its keys."""
