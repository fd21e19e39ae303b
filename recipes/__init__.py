"""One file per thing to do; each is run from the command line and meant to be copied.

See it: quickstart, agent_with_fallback, trace_turn. Data: prepare_data, synthesize, mix_samples, swap_values,
join_requests, answer_confirmations, nearest_tools, make_telecom_logs. Train: learn_from_logs (from logs to a router
in one command), train_router, calibrate_router, train_responses, inspect_responses, export_graphs. Serve many:
route_logs. Judge: evaluate_router, evaluate_everyday, evaluate_live, run_cases, robustness, audit_answers,
benchmark_latency, benchmark_catalogue. Compare: compare_recursion, compare_confidence, supervision_steps,
finetuning_curve, responses_curve, ablate_rules, validate_core. Keep the project whole: check, keep_predictions,
build_package, check_package.
Shared: opening (a checkpoint, its threads and samples).
"""
