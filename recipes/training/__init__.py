"""Parts of `recipes/train_router.py`: options (and sizes), start (the weights it starts from), curves (what it draws)."""
