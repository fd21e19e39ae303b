"""The frozen sentence encoder: texts → vectors, once.

sentence (load, verify, cache) → packed_linear (what makes it fast on a CPU)
"""
