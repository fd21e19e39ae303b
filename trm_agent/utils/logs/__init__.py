"""Logs in the formats that other tools write, and their way to samples.

records → detect → openai, sharegpt, langchain (langsmith) → messages → samples; dates, declarations
"""
