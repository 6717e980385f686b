"""Orders a taxi over gRPC, watches its events, and cancels it.

    pip install grpcio grpcio-tools
    MADANG_GRPC__LISTEN=127.0.0.1:8081 madang &
    curl -O http://127.0.0.1:8080/proto/businesses.proto
    python3 examples/grpc_client.py 127.0.0.1:8081 businesses.proto

A server with identity needs a token in the environment variable TOKEN.
"""

import json
import os
import sys

import grpc


def main() -> None:
    address = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:8081"
    file = sys.argv[2] if len(sys.argv) > 2 else "businesses.proto"
    if not os.path.exists(file):
        sys.exit(f"{file} is missing: a server has it at /proto/businesses.proto")
    sys.path.insert(0, os.path.dirname(os.path.abspath(file)))
    messages, services = grpc.protos_and_services(os.path.basename(file))
    token = os.environ.get("TOKEN")
    identity = [("authorization", f"Bearer {token}")] if token else []
    with grpc.insecure_channel(address) as channel:
        businesses = services.BusinessesStub(channel)
        wanted = messages.WatchRequest(business="taxi", resource="orders")
        events = businesses.Watch(wanted, metadata=identity, timeout=60)
        print(f"watching after {next(events).position}")

        call = messages.ExecuteRequest(
            business="taxi",
            resource="orders",
            command="call",
            body=json.dumps({"orderType": "basic", "name": "Jung"}).encode(),
        )
        key = [("idempotency-key", "grpc-client-1")]
        order = businesses.Execute(call, metadata=identity + key, timeout=5).aggregate
        print(f"order {order.number} is {json.loads(order.body)['status']}")
        again = businesses.Execute(call, metadata=identity + key, timeout=5).aggregate
        print(f"the same key has order {again.number}")

        cancel = messages.ExecuteRequest(
            business="taxi", resource="orders", number=order.number, command="cancel", body=b"{}"
        )
        businesses.Execute(cancel, metadata=identity, timeout=5)
        try:
            businesses.Execute(cancel, metadata=identity + [("if-match", '"1"')], timeout=5)
        except grpc.RpcError as refused:
            problem = dict(refused.trailing_metadata())["problem-type"]
            print(f"{refused.code().name} {problem}: {refused.details()}")

        for response in events:
            event = json.loads(response.event) if response.event else {"type": "a sign of life"}
            print(event["type"])
            if event["type"] == "taxi.orders.Cancelled":
                break
        events.cancel()


if __name__ == "__main__":
    main()
