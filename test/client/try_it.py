"""Run by test/client/python.test.ts against the embedded cloud: prints what it has got as JSON lines."""

import json
import sys
import time
import warnings

import httpx
from botocore.exceptions import EndpointConnectionError

sys.path.append(sys.argv.pop(1))
from access_token import AccessTokens, ReauthorizationRequired
from schwab_client import schwab_client

tokens = AccessTokens("local", wait_seconds=float(sys.argv[2]))
what = sys.argv[1]
try:
    if what == "get":
        first = tokens.get("demo-main", min_ttl_seconds=float(sys.argv[3]))
        again = tokens.get("demo-main", min_ttl_seconds=float(sys.argv[3]))
        print(json.dumps({"version_id": first["version_id"], "kept": again is first}))
    elif what == "offline":
        first = tokens.get("demo-main")

        def fail(**_):
            raise EndpointConnectionError(endpoint_url="https://secretsmanager")

        tokens._secrets.get_secret_value = fail
        with warnings.catch_warnings(record=True) as caught:
            again = tokens.get("demo-main", min_ttl_seconds=86400)
        print(json.dumps({"kept": again is first, "warned": str(caught[0].message)}))
    elif what == "ahead":
        now = time.time
        time.time = lambda: now() + 45 * 60
        with warnings.catch_warnings(record=True) as caught:
            got = [tokens.get("demo-main")["version_id"] for _ in range(3)]
        print(json.dumps({"version_ids": got, "warned": [str(each.message) for each in caught]}))
    elif what == "always-refused":
        sent = []

        def refuse(request):
            sent.append(request.headers["Authorization"])
            return httpx.Response(401, json={})

        client = schwab_client(tokens, "demo-main", "app-key", transport=httpx.MockTransport(refuse))
        statuses = [client.get_account_numbers().status_code for _ in range(5)]
        print(json.dumps({"statuses": statuses, "tokens": len(set(sent)), "calls": len(sent)}))
    else:
        sent = []

        def answer(request):
            sent.append(request.headers["Authorization"])
            return httpx.Response(401 if len(sent) == 1 and what == "refused" else 200, json={})

        client = schwab_client(tokens, "demo-main", "app-key", transport=httpx.MockTransport(answer))
        status = client.get_account_numbers().status_code
        print(json.dumps({"status": status, "sent": sent}))
except (ReauthorizationRequired, ValueError) as error:
    print(json.dumps({"error": str(error)}))
