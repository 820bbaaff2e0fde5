"""The rows of bench/pipeline.py: each is measured in a fresh process of its own."""
