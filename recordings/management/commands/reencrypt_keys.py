"""manage.py reencrypt_keys: encrypt the stored secrets with the first of KEY_ENCRYPTION_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recordings.api_keys import encryption, keys
from recordings.audit import Actor
from recordings.trail.phrases import count


class Command(BaseCommand):
    help = (
        "Encrypt every stored API key and secret of an authenticator app with the first of KEY_ENCRYPTION_KEYS. "
        "To rotate the encryption key, put the new one first and keep the old one second, restart the processes one by "
        "one, run this command, and then remove the old one. The portal keeps running."
    )

    def handle(self, **_: Any) -> None:
        done, failed = keys.reencrypt(by=Actor.system("reencrypt_keys"))
        key_id = encryption.current_id()
        others = [reencrypt() for reencrypt in encryption.others]
        if lost := sum(number for _, number in others):
            raise CommandError(
                f"{count(lost, 'secret')} of authenticator apps could not be decrypted, because KEY_ENCRYPTION_KEYS "
                "lacks the right key."
            )
        if failed:
            raise CommandError(
                f"{count(failed, 'API key')} could not be decrypted, because KEY_ENCRYPTION_KEYS lacks the right key. "
                f"{count(done, 'API key')} re-encrypted with key {key_id}."
            )
        self.stdout.write(f"{count(done, 'API key')} re-encrypted; all use key {key_id}.")
