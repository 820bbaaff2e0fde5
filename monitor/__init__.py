"""A media monitor: feeds in, explained digests out, nothing lost on the way."""

__version__ = "0.1.0"
