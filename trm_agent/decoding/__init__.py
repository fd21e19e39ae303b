"""A prediction → a legal decision, without any tensor.

prediction, scene (what every step looks at), shown (what results have shown) → rules (what the words around a value say
of it) → in_history (the value of a span where it stands) → held (what the call before had) → slots (one value each) →
calls (put together) → several, coordination, echoes, by_clause (more than one call), record_fields, records (lists of
records), one_by_one (their entries, read one at a time) → coverage, calibration (how sure) → state (which may be
trusted) → decide (all of it, in order)
"""
