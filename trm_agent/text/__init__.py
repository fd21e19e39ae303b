"""What is known of a language, and of no tool: sentences, dates, names of fields.

sentences → dates → field_names
"""
