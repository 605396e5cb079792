"""Build an evidence bundle: everything an outsider needs to verify a report without the portal."""
