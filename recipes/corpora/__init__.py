"""Converters: a publisher's files become samples, one module per corpus.

They serve to reproduce the shipped weights, so they stand beside the recipes and not in the package.
"""
