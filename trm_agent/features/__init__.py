"""Tools and history → tensors, in the order of the pipeline.

window (what of a long history is read) → catalogue (which of many tools enter) → tool_index (rare words of tools) →
tool_vectors (encoded once, saved) → tensors (the layout of x)
"""
