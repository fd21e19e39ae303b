"""A prediction → a legal decision, without any tensor.

prediction, scene (what every step looks at), shown, shown_rows (what results have shown) → rules (what the words around
a value say of it) → in_history (the value of a span where it stands), named_choices (entries of a closed list) → held
(what the call before had) → slots (one value each) → calls (put together) → rows (which words belong to which record or
call) → several, coordination, echoes, by_clause (more than one call) → record_calls (a list of records), edited (what
becomes of the list of the call before); where these say nothing one_by_one (entries read one at a time), record_fields,
records → coverage, calibration (how sure) → state (which may be trusted) → decide (all of it, in order)
"""
