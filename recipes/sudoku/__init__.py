"""Puzzles and model of `recipes/validate_core.py`."""
