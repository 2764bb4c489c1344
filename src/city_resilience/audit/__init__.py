"""What is doubtful in a panel, and the lines of an experiment file that settle it."""
