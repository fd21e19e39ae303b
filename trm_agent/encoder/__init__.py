"""The frozen sentence encoder: texts → vectors, once.

sentence (load, verify, cache) → packed_linear (what makes it fast on a CPU)
tracing (torch module → ONNX graph) → export (of an encoder, needs torch) → sixteen_bits (its weights) → stored (where
it lies) → graph (run without torch) → sessions, threads
minilm: graph of the default encoder
"""
