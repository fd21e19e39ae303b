"""Samples looked over before anything is trained on them.

mentions → faults → page; `python -m trm_agent.check`
"""
