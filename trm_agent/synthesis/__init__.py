"""Samples from a tool list alone, without any model.

tools, cues (what a parameter holds) → makers, values → tasks, phrases, questions, talk → conversation, replies, kinds,
several, together → samples
"""
