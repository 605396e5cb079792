"""The hash of the product without its price: a hundred megabytes and a quarter of a second for each password."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class CheapArgon2(Argon2PasswordHasher):
    """Argon2id with the least of memory, rounds and threads."""

    time_cost, memory_cost, parallelism = 1, 8, 1
