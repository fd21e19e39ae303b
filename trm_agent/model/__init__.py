"""Tensors → an answer.

trm (the paper's recursion: read it first) → config → reader (tokens) → reader_cache → network → answers (question
and answer) → nearness (what stands around the other values) → heads (the halting head, too) → spans →
halting (when a point stops) → predict (what an answer says)

graph_files (which graphs belong to which weights) → export (to ONNX, needs torch) → graphs (run without torch; halting
and predict stand there once more, in numpy)
"""
