"""Parts of `recipes/train_router.py`: options, start (the first weights), curves (what it draws)."""
