"""Benchmarks, systems to compare, metrics and reports: the paper's protocol, for any system.

`benchmarks.load` reads texts, types and what is relevant; `systems.loading.load_systems` makes
systems; `runner.evaluate` lets them rank the texts and measures; `report.write_report` makes a page
of the results.
"""
