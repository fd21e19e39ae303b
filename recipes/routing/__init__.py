"""What `recipes/route_logs.py` reads: conversations (files → parts → rows), or made up to try it on (generate)."""
