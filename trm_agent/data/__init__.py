"""Samples on disk, and one converter per public corpus."""
