"""Parts of `recipes/learn_from_logs.py`, in the order of the run.

options → samples (convert, check, split) → mix (what is trained on) → live (held-out conversations played) → judging
(before and after) → choosing (how far on the way) → page (what came of it, with `page.html`)
"""
