"""What a comparison says to the person who started it."""

import sys


class ComparisonError(Exception):
    """A comparison cannot be made or is not fair; the text says why and what to do."""


def say(text: str) -> None:
    """Write a line of progress to standard error."""
    print(f"peers: {text}", file=sys.stderr, flush=True)
