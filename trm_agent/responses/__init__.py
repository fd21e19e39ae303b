"""Words for direct answers, learned from the user's own conversations; no value in them lacks a source.

In the order of the way: `facts` (what may be said at a point), `templates` (an answer with its values taken out),
`bank` (the answers kept), `head` (what the TRM's answer state asks for), `choosing`, `filling`, `guard`.
"""
