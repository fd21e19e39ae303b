"""Tools and history → tensors, in the order of the pipeline.

window (what of a long history is read) → tool_index (rare words of tools) → catalogue (which of many tools enter) →
tool_vectors (encoded once, saved) → shapes (how a word is written), likeness (tokens beside names and descriptions) →
tensors (the layout of x)
"""
