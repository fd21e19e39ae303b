"""Tools and history → tensors, in the order of the pipeline.

conversation (messages as arrays) → window (what of a long history is read) → tools (a tool list as arrays) →
tool_index (rare words of tools) → catalogue (which of many tools enter) → tool_vectors (encoded once, saved) →
tool_folder (whole lists, kept between processes) →
relevance (how near the user's words come to any tool) → shapes, likeness (how tokens are written, what they are like) →
flags (what a decision point adds) → batch (the layout of x)
"""
