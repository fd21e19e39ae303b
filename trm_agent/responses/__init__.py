"""Words for direct answers, learned from the user's own conversations; no value in them lacks a source.

facts, fields (what may be said at a point) → telling (which of it should be) → templates (answers without their
values), collecting, bank (the answers kept) → head (what the answer state asks for) → situation, choosing (which) →
filling, completing (what it leaves out) → guard (nothing without a source) → storage

Without learned words: frames (`frames_en.jsonl`, `frames_vi.jsonl`) → phrasing, offering, asking (how a
parameter is asked for) → speaking.
Words of its own: lexicon, candidates → decoder → writing → decoder_storage.
"""
