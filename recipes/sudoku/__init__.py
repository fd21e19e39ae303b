"""Parts of `recipes/validate_core.py`: puzzles → model."""
