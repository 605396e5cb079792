from django.apps import AppConfig


class ProvisioningConfig(AppConfig):
    name = "auditportal.accounts.provisioning"
    label = "provisioning"
