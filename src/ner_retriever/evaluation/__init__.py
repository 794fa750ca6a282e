"""Benchmarks, systems to compare, metrics and reports: the paper's protocol, for any system.

`benchmarks.load` reads texts, types and what is relevant; `runner.evaluate` lets systems rank them
and measures; `report.write_report` makes a page of the results.
"""
