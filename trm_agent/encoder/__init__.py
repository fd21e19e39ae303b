"""The frozen sentence encoder: texts → vectors, once.

sentence (load, verify, cache) → packed_linear (what makes it fast on a CPU)
export (to ONNX, needs torch) → graph (run without torch) → sessions, threads
"""
