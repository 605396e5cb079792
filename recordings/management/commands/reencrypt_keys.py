"""manage.py reencrypt_keys: encrypt the API keys in the database under the first of KEY_ENCRYPTION_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recordings.api_keys import encryption, keys
from recordings.audit import Actor
from recordings.trail.phrases import count


class Command(BaseCommand):
    help = (
        "Encrypt every API key that was put in under the first of KEY_ENCRYPTION_KEYS. Put the new key first, the old "
        "one behind it, restart the parts one by one, run this, then take the old one away. Nothing pauses meanwhile."
    )

    def handle(self, **_: Any) -> None:
        done, left = keys.reencrypt(by=Actor.system("reencrypt_keys"))
        under = encryption.current_id()
        if left:
            raise CommandError(
                f"{count(left, 'API key')} could not be opened: the key it is under is not in the settings. "
                f"{count(done, 'API key')} encrypted anew, under key {under}."
            )
        self.stdout.write(f"{count(done, 'API key')} encrypted anew; all are under key {under}.")
