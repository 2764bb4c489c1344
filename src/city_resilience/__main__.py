"""``python -m city_resilience``: the command line."""

from city_resilience.commands.main import entry

if __name__ == "__main__":
    entry()
