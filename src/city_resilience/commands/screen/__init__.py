"""What the command line shows: tables and progress on the terminal."""
