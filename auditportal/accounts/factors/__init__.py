"""Second factors of people: passkeys, codes of an authenticator app, recovery codes. The rows are allauth's."""
