"""The official Python identity SDK, unmodified, sync and async, against a tenant of Dialtone over TLS.

Reads CONNECTION_STRING; REQUESTS_CA_BUNDLE (sync) and SSL_CERT_FILE (async) name the local CA. Every method of the client
is called; prints one line per step, and fails at the first that does not behave as with the original service.
"""

import asyncio
import os
import sys
from datetime import datetime, timedelta, timezone

from azure.communication.identity import CommunicationIdentityClient, CommunicationTokenScope, CommunicationUserIdentifier
from azure.communication.identity.aio import CommunicationIdentityClient as AsyncIdentityClient
from azure.core.exceptions import HttpResponseError

SCOPES = [CommunicationTokenScope.VOIP, CommunicationTokenScope.CHAT]


def expiry(token):
    """When a token expires, from the text that the SDK hands on."""
    return datetime.fromisoformat(str(token.expires_on).replace("Z", "+00:00"))


def lasts(token, hours):
    """Fails where a token does not last so long, give or take a minute."""
    off = expiry(token) - datetime.now(timezone.utc) - timedelta(hours=hours)
    assert abs(off) < timedelta(minutes=1), (token.expires_on, hours)


def refused(error, *statuses):
    """A refusal carries a status and a code."""
    assert error.status_code in statuses, error
    assert error.error is None or error.error.code, error


def sync(connection):
    client = CommunicationIdentityClient.from_connection_string(connection)
    user = client.create_user()
    assert user.raw_id.startswith("8:acs:"), user.raw_id
    print("sync: created", user.raw_id)
    other, token = client.create_user_and_token(SCOPES, token_expires_in=timedelta(hours=2))
    lasts(token, 2)
    token = client.get_token(user, SCOPES)
    lasts(token, 24)
    assert token.token.count(".") == 2
    for wrong in (timedelta(minutes=59), timedelta(hours=25)):
        try:
            client.get_token(user, SCOPES, token_expires_in=wrong)
        except HttpResponseError as error:
            refused(error, 400)
        else:
            sys.exit(f"a token of {wrong} was issued")
    client.revoke_tokens(user)
    client.get_token(user, [CommunicationTokenScope.VOIP_JOIN])
    try:
        client.get_token_for_teams_user("aad token", "client", "object")
    except HttpResponseError as error:
        refused(error, 403)
    else:
        sys.exit("a Teams user was known")
    for gone in (user, other):
        client.delete_user(gone)
    for missing in (user, CommunicationUserIdentifier("8:acs:" + "0" * 8 + "-0000-0000-0000-" + "0" * 12 + "_" + "1" * 8 + "-0000-0000-0000-" + "0" * 12)):
        try:
            client.get_token(missing, SCOPES)
        except HttpResponseError as error:
            refused(error, 404)
        else:
            sys.exit("a missing user got a token")
    print("sync: deleted")


async def run_async(connection):
    async with AsyncIdentityClient.from_connection_string(connection) as client:
        user = await client.create_user()
        other, token = await client.create_user_and_token(SCOPES, token_expires_in=timedelta(hours=1))
        lasts(token, 1)
        lasts(await client.get_token(user, SCOPES), 24)
        await client.revoke_tokens(user)
        try:
            await client.get_token_for_teams_user("aad token", "client", "object")
        except HttpResponseError as error:
            refused(error, 403)
        else:
            sys.exit("a Teams user was known")
        await client.delete_user(user)
        await client.delete_user(other)
    print("async: deleted")


def main():
    connection = os.environ["CONNECTION_STRING"]
    sync(connection)
    asyncio.run(run_async(connection))


if __name__ == "__main__":
    main()
