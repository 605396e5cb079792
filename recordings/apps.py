from django.apps import AppConfig


class RecordingsConfig(AppConfig):
    name = "recordings"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let the client ask for keys where people put them in."""
        from recordings.commbox import assembly
        from recordings.refresh import keys

        assembly.key_source = keys.current_keys
