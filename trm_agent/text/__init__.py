"""What is known of a language, and of no tool: sentences, dates, names of fields.

language (`languages/*.json`; the stop lists are its `word_lists`) → numbers → units (`units.json`); sentences, clock,
days, periods → dates; spelled (codes read aloud); in_english (days and times of other languages); tense, content,
present (what a system message says of today); field_names

To speak: phrases (`phrases/*.json`), descriptions, nouns, actions (what a tool does) → statements, spoken (dates in
words)
"""
