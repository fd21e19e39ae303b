"""Sample files: reading and writing them, strict JSON, other names for tools.

jsonl → strict_json → renaming; digest (what tells files apart)
"""
