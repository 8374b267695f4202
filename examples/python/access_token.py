"""A valid access token of a connection that Grantkeeper keeps, with nothing but boto3.

The contract that this follows is in client/README.md; take this file into your project and change it as you like.
"""

import datetime
import email.utils
import json
import re
import time
import warnings

import boto3
from botocore.exceptions import BotoCoreError, ClientError


class ReauthorizationRequired(Exception):
    """There is no valid token, and Grantkeeper could not refresh it. See the panel."""


class AccessTokenRefused(Exception):
    """The API refuses a fresh token as it did the one before: another token would not help."""


HOUR = 3600
# Grantkeeper's limits for requests of all consumers together, while a token is valid.
ASKS_PER_HOUR = 4
ASKS_PER_DAY = 20
# A replacement that is refused so soon shows that the token is not what the API objects to.
REPLACEMENT_TRIAL = 300
# `Date` has whole seconds, and an answer takes a moment.
TOLERATED_OFFSET = 30


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
        self._asked_at = {}
        self._replaced = {}
        self._refused_until = {}
        # How far this machine's clock is ahead of AWS's; 0 while that is next to nothing.
        self._ahead = 0

    def get(self, connection_id, min_ttl_seconds=60, instead=None):
        """A dictionary with `access_token`, `token_type`, `expires_at` (ISO 8601), and more.

        `instead`: a token that the API has refused, though its time was not over.
        """
        if instead is None:
            return self._get(connection_id, min_ttl_seconds)
        self._require_replaceable(connection_id, instead)
        token = self._get(connection_id, min_ttl_seconds, instead)
        self._replaced[connection_id] = (token["version_id"], time.monotonic())
        return token

    def _require_replaceable(self, connection_id, refused):
        """A new token does not help where the last new one did not: nothing is asked for an hour."""
        version, at = self._replaced.get(connection_id, (None, 0))
        now = time.monotonic()
        if now >= self._refused_until.get(connection_id, 0):
            if version != refused["version_id"] or now >= at + REPLACEMENT_TRIAL:
                return
            self._refused_until[connection_id] = now + HOUR
        raise AccessTokenRefused(
            f"{connection_id}: the API refused a token and then the one that replaced it, so the token is not "
            "what it objects to. No other one is asked for within an hour."
        )

    def _get(self, connection_id, min_ttl_seconds, instead=None):
        def serves(token):
            return not _is_same(token, instead) and self._seconds_left(token) > min_ttl_seconds

        token = self._kept.get(connection_id)
        if token and serves(token):
            return token
        try:
            token = self._read(connection_id)
            version = token["version_id"]
            asked_at = [at for at in self._asked_at.get(connection_id, []) if at > time.monotonic() - HOUR]
            may_ask = self._waited_for.get(connection_id) != version and len(asked_at) < ASKS_PER_HOUR
            if not serves(token) and may_ask:
                # Waited for once: the next one to ask takes what there is.
                self._waited_for[connection_id] = version
                self._asked_at[connection_id] = [*asked_at, time.monotonic()]
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
        if _is_same(token, instead) or self._seconds_left(token) <= 0:
            raise ReauthorizationRequired(
                f"{connection_id}: no valid access token. Its owner has to log in before "
                f"{token.get('deadline')}, or Grantkeeper cannot reach the provider, or all consumers together have "
                f"had {ASKS_PER_HOUR} refreshes within an hour or {ASKS_PER_DAY} within a day: {token.get('panel_url')}"
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
        self._compare_clocks(answer["ResponseMetadata"]["HTTPHeaders"].get("date"))
        try:
            token = json.loads(answer["SecretString"])
        except ValueError:
            token = {}
        if "disconnected_at" in token:
            raise ReauthorizationRequired(f"{connection_id} was disconnected on {token['disconnected_at']}.")
        # RFC 6749 appendix A.12. An HTTP library refuses other characters in a header, and prints what it refuses.
        if not re.fullmatch(r"[\x20-\x7e]+", str(token.get("access_token", ""))):
            raise ValueError(f"The secret {name} is not Grantkeeper's: access_token is missing or malformed.")
        return {**token, "version_id": answer["VersionId"], "arn": answer["ARN"]}

    def _seconds_left(self, token):
        expires_at = datetime.datetime.fromisoformat(token["expires_at"].replace("Z", "+00:00"))
        return expires_at.timestamp() - (time.time() - self._ahead)

    def _compare_clocks(self, date):
        """By a clock that is ahead every token has ended, and a new one would be asked for again and again."""
        if date is None:
            return
        ahead = time.time() - email.utils.parsedate_to_datetime(date).timestamp()
        if abs(ahead) <= TOLERATED_OFFSET:
            ahead = 0
        elif self._ahead == 0:
            warnings.warn(
                f"This machine's clock is {abs(ahead):.0f} seconds {'ahead of' if ahead > 0 else 'behind'} AWS's. "
                "Access tokens are judged by AWS's clock. Set this one right.",
                stacklevel=2,
            )
        self._ahead = ahead

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
