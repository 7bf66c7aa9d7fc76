"""``python -m hexcoder``: as the program ``hexcoder``."""

from hexcoder.cli import run

if __name__ == "__main__":
    run()
