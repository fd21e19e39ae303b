"""Converters: a publisher's files become samples. One module per corpus; they serve to reproduce the shipped weights."""
