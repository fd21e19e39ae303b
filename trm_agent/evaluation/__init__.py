"""Router × samples → figures, tables, a page.

metrics → run → situations, slot_errors, sgd_goal, confidence, recalibration, benchmarks, responses → baselines,
compare, variants → report → plots, page (HTML, with `page.html`) → files
"""
