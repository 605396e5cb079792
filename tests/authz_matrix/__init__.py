"""Who gets what at each URL: `matrix.csv` has a row for each URL, id and method, a column for each kind of person.

The test that compares it with the portal: tests/integration/portal/test_authz_matrix.py.
"""
