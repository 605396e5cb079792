"""scim2-tester, which tries a SCIM server like an identity provider, finds nothing over HTTP."""

from collections.abc import Callable

import httpx2 as httpx
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from tests.factories import person
from tests.integration.accounts.provisioning.helpers import token
from tests.integration.serving.conftest import Served, serve  # noqa: F401  (a fixture)


@pytest.mark.slow
def test_scim2_tester_finds_nothing(serve: Callable[..., Served]) -> None:  # noqa: F811
    bearer = token(person("administrator"))
    server = serve()
    with httpx.Client(
        base_url=f"{server.url}/scim/v2", headers={"Authorization": f"Bearer {bearer}"}, timeout=60
    ) as http:
        client = SyncSCIMClient(http)
        client.discover()
        results = check_server(client)
    good = {Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE}
    found = [result for result in results if result.status not in good]
    assert len(results) > 40
    assert not found, "\n".join(f"{r.resource_type} {r.title}: {r.reason} {r.data}" for r in found)
