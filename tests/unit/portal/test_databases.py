"""What an address of PostgreSQL or Redis may ask for: TLS that is checked against an authority."""

import pytest
from celery import Celery
from django.core.cache.backends.redis import RedisCacheClient

from auditportal.databases import database


def test_postgresql_is_verified_as_its_address_says() -> None:
    url = "postgresql://web:secret@db.example/portal?sslmode=verify-full&sslrootcert=/etc/ca.pem"
    options = database(url, pool_size=4)["OPTIONS"]
    assert (options["sslmode"], options["sslrootcert"]) == ("verify-full", "/etc/ca.pem")


@pytest.mark.parametrize(
    "url", ["mysql://db.example/portal", "sqlite:///portal.sqlite3", "db.example/portal"]
)
def test_nothing_but_postgresql_is_a_database(url: str) -> None:
    with pytest.raises(ValueError, match="must start with postgresql://"):
        database(url)


def test_redis_is_verified_where_its_address_begins_with_rediss() -> None:
    """In the cache and in the broker, without a further setting."""
    url = "rediss://cache:secret@cache.example:6379/0?ssl_cert_reqs=required&ssl_ca_certs=/etc/ca.pem"
    pool = RedisCacheClient([url])._get_connection_pool(write=True)
    assert pool.connection_class.__name__ == "SSLConnection"
    assert pool.connection_kwargs["ssl_ca_certs"] == "/etc/ca.pem"
    assert Celery(broker=url).connection().transport_cls == "rediss"
