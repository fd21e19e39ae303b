"""Samples from a tool list alone, without any model.

tools, cues (what a parameter holds) → words, patterns, makers, values (texts and values) → draws, tasks, phrases,
attachments, questions, together, talk, replies (what is said) → conversation, several, changes, picks (what
happens) → parts, kinds → samples
"""
