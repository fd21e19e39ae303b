"""What `recipes/route_logs.py` reads: conversations (files → parts → rows)."""
