"""Build an evidence bundle: everything an outsider needs to check a report without the portal."""
