from django.apps import AppConfig


class RecordingsConfig(AppConfig):
    name = "recordings"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let the client ask for keys where people put them in."""
        from recordings.api_keys import keys
        from recordings.commbox import assembly

        assembly.key_source = keys.current_keys
