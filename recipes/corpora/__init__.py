"""Converters: a publisher's files become samples, one module per corpus.

Shared: building, single_requests, intents (options, files), wordings, mentions (where a value is said), rivals.
Dialogues: sgd; star (star_dialogue, star_state, star_tools); multidogo. Single requests: snips, clinc150, banking77,
restaurants8k, nlupp, metatool, seal_tools, function_calling (conversations).
Skills, a form for intent files: skills (skill_tools, pairing); alexa_skills (alexa_files, drawn_values), rasa_bots
(rasa_files) and dialogflow_agents share intent_files.
Benchmarks: bfcl, mtu_bench.
Our own: everyday (everyday_domain, everyday_format, everyday_values, everyday_counts).

They serve to reproduce the shipped weights, so they stand beside the recipes and not in the package.
"""
