"""The rows of bench/polling.py: each is measured in a fresh process of its own."""
