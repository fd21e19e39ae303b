"""Converters: a publisher's files become samples, one module per corpus, listed in `building.CORPORA`.

Shared: building, single_requests, intents (options, files), wordings, mentions (where a value is said), rivals.
Dialogues: sgd; star (star_dialogue, star_state, star_tools); multidogo; taskmaster4; multiwoz (multiwoz_dialogues).
Single requests: snips, clinc150, banking77, restaurants8k, nlupp, metatool, seal_tools,
function_calling (conversations).
Published skills (skills, skill_tools, pairing): botframework (lu_format), hwu64, ovos_skills (templates),
home_assistant (sentence_templates), thingpedia (thingtalk, thingpedia_lines, thingpedia_calls), and those that share
intent_files: alexa_skills (alexa_files, drawn_values), rasa_bots (rasa_files), dialogflow_agents.
Small sets: small_tool_sets (tool_sets, leon, home_llm with its homes).
Benchmarks: bfcl, mtu_bench.
Our own: everyday (everyday_domain, everyday_format, everyday_values, everyday_words, everyday_counts).

They serve to reproduce the shipped weights, so they stand beside the recipes and not in the package.
"""
