"""Parts of `recipes/train_router.py`: its options and sizes, the weights it starts from, the curves it draws."""
