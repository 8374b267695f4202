"""A valid access token of a connection that Grantkeeper keeps, with nothing but boto3.

The contract that this follows is in client/README.md; take this file into your project and change it as you like.
"""

import datetime
import json
import re
import time
import warnings

import boto3
from botocore.exceptions import BotoCoreError, ClientError


class ReauthorizationRequired(Exception):
    """There is no valid token, and the keeper has brought no new one: see the panel."""


class AccessTokens:
    """One of these serves a whole process."""

    def __init__(self, stack, wait_seconds=10, session=None):
        session = session or boto3.Session()
        self._stack = stack
        self._wait_seconds = wait_seconds
        self._secrets = session.client("secretsmanager")
        self._states = session.client("stepfunctions")
        self._kept = {}
        self._waited_for = {}

    def get(self, connection_id, min_ttl_seconds=60, instead=None):
        """A dictionary with `access_token`, `token_type`, `expires_at` (ISO 8601), and more.

        `instead`: a token that the API has refused, though its time was not over.
        """

        def serves(token):
            return not _is_same(token, instead) and _seconds_left(token) > min_ttl_seconds

        token = self._kept.get(connection_id)
        if token and serves(token):
            return token
        try:
            token = self._read(connection_id)
            version = token["version_id"]
            if not serves(token) and self._waited_for.get(connection_id) != version:
                # Waited for once: the next one to ask takes what there is.
                self._waited_for[connection_id] = version
                self._ask_for_refresh(connection_id, token)
                ends = time.monotonic() + self._wait_seconds
                while not serves(token) and time.monotonic() < ends:
                    time.sleep(0.5)
                    token = self._read(connection_id)
        except (BotoCoreError, ClientError) as error:
            if token is None:
                raise
            # AWS does not answer, or refuses: what there is serves as long as it lives.
            warnings.warn(f"{connection_id}: no newer access token: {error}", stacklevel=2)
        if _is_same(token, instead) or _seconds_left(token) <= 0:
            raise ReauthorizationRequired(
                f"{connection_id}: no valid access token. Its owner has to log in before "
                f"{token.get('deadline')}, or the keeper cannot reach the provider: {token.get('panel_url')}"
            )
        self._kept[connection_id] = token
        return token

    def _read(self, connection_id):
        name = f"grantkeeper/{self._stack}/{connection_id}/access"
        try:
            answer = self._secrets.get_secret_value(SecretId=name)
        except ClientError as error:
            if "staging label" in error.response["Error"].get("Message", ""):
                raise ReauthorizationRequired(f"{connection_id} has never been connected.") from None
            raise
        try:
            token = json.loads(answer["SecretString"])
        except ValueError:
            token = {}
        if "disconnected_at" in token:
            raise ReauthorizationRequired(f"{connection_id} was disconnected on {token['disconnected_at']}.")
        # RFC 6749 appendix A.12. An HTTP library refuses other characters in a header, and prints what it refuses.
        if not re.fullmatch(r"[\x20-\x7e]+", str(token.get("access_token", ""))):
            raise ValueError(f"The secret {name} is not the keeper's: access_token is missing or malformed.")
        return {**token, "version_id": answer["VersionId"], "arn": answer["ARN"]}

    def _ask_for_refresh(self, connection_id, token):
        # Named by what everybody has, so that any number of consumers start one.
        _, partition, _, region, account, *_ = token["arn"].split(":")
        machine = f"grantkeeper-{self._stack}-refresh-{connection_id}"
        try:
            self._states.start_execution(
                stateMachineArn=f"arn:{partition}:states:{region}:{account}:stateMachine:{machine}",
                name=token["version_id"],
            )
        except self._states.exceptions.ExecutionAlreadyExists:
            pass


def _is_same(token, other):
    return other is not None and token["version_id"] == other["version_id"]


def _seconds_left(token):
    expires_at = datetime.datetime.fromisoformat(token["expires_at"].replace("Z", "+00:00"))
    return (expires_at - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
