"""Numbers of the evaluations: distributions, averages with intervals, trends, coverage; as pages and as reports."""
