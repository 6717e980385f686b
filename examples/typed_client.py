"""Places an order with a client that a generator made from the contract, and cancels it.

    pip install openapi-python-client
    openapi-python-client generate --meta none --url http://127.0.0.1:8080/openapi.json \
        --output-path madang_client
    python3 examples/typed_client.py http://127.0.0.1:8080

A server with identity needs a token in the environment variable MADANG_TOKEN.
"""

import os
import sys

from madang_client import AuthenticatedClient
from madang_client.api.taxiorders import taxi_orders_call, taxi_orders_cancel, taxi_orders_get
from madang_client.models import TaxiOrdersCall, TaxiOrdersCancel


def main() -> None:
    address = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"
    client = AuthenticatedClient(base_url=address, token=os.environ.get("MADANG_TOKEN", ""))
    call = TaxiOrdersCall(order_type="basic", name="Jung")
    order = taxi_orders_call.sync(client=client, body=call, idempotency_key="typed-client-1")
    print(f"order {order.id} is {order.status}, {order.fare} won")
    taxi_orders_cancel.sync(client=client, number=order.id, body=TaxiOrdersCancel())
    order = taxi_orders_get.sync(client=client, number=order.id)
    print(f"order {order.id} is {order.status}")


if __name__ == "__main__":
    main()
