"""A schwab-py client whose tokens Grantkeeper keeps: no token file, no refresh, no login in the bot."""

import contextlib

import httpx
from access_token import AccessTokenRefused
from schwab.client import Client


class GrantkeeperAuth(httpx.Auth):
    """Brings the access token along, and tries once more with a fresh one where it was refused."""

    def __init__(self, tokens, connection_id):
        self._tokens = tokens
        self._connection_id = connection_id

    def auth_flow(self, request):
        token = self._tokens.get(self._connection_id)
        request.headers["Authorization"] = f"Bearer {token['access_token']}"
        response = yield request
        if response.status_code != 401:
            return
        try:
            token = self._tokens.get(self._connection_id, instead=token)
        except AccessTokenRefused:
            return  # What the API says is of more use.
        request.headers["Authorization"] = f"Bearer {token['access_token']}"
        response = yield request
        if response.status_code == 401:
            # Says that this one is refused, too: nothing is asked for then, now and for an hour.
            with contextlib.suppress(AccessTokenRefused):
                self._tokens.get(self._connection_id, instead=token)


def schwab_client(tokens, connection_id, app_key, **httpx_options):
    """`tokens`: an AccessTokens; `app_key`: the client id, which schwab-py keeps out of its logs."""
    session = httpx.Client(auth=GrantkeeperAuth(tokens, connection_id), **httpx_options)
    return Client(app_key, session)
