"""Samples → weights: the parts of a run; `recipes/train_router.py` is the run.

episodes, one_by_one → augmentation (rates, chaining, typos), out_of_scope → targets → losses → batches →
optimizer, ema → between → fit → responses, generator
"""
