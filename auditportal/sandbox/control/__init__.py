"""Control a running sandbox, from tests and over HTTP."""
