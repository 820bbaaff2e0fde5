"""The parts of `bench/soak.py`: a world of news, servers that fail, sinks that fail, a watch, a judge."""
