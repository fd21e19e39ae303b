"""What is known of a language, and of no tool: sentences, dates, names of fields.

language → numbers → units; sentences, clock, days → dates; tense, content, present; field_names
"""
