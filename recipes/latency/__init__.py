"""The parts of `benchmark_latency`.

made_up (tools and conversations from a seed) → clock (CPU and wall time, a yardstick that travels between machines) →
turns (one turn, bind, throughput), starts (fresh processes: start and memory), peers (what else could route) →
pages (the figures as Markdown)
"""
