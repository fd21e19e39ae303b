"""A prediction → a legal decision, without any tensor.

prediction → rules (what the words around a value say of it) → slots (one value each) → calls (put together) → several,
coordination, echoes, by_clause (more than one call) → coverage and calibration (how sure) → state → decide
"""
