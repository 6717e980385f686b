"""Orders a taxi over gRPC with typed messages, watches its events, and cancels it.

    pip install grpcio grpcio-tools
    MADANG_GRPC__LISTEN=127.0.0.1:8081 madang &
    curl --remote-name-all http://127.0.0.1:8080/proto/{businesses,taxi}.proto
    python3 examples/grpc_client.py 127.0.0.1:8081 .

A server with identity needs a token in the environment variable TOKEN.
"""

import json
import os
import sys

import grpc


def main() -> None:
    address = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:8081"
    folder = sys.argv[2] if len(sys.argv) > 2 else "."
    files = ["taxi.proto", "businesses.proto"]
    for file in files:
        if not os.path.exists(os.path.join(folder, file)):
            sys.exit(f"{file} is not in {folder}: a server has it at /proto/{file}")
    sys.path.insert(0, os.path.abspath(folder))
    (taxi, taxi_services), (messages, services) = map(grpc.protos_and_services, files)
    token = os.environ.get("TOKEN")
    identity = [("authorization", f"Bearer {token}")] if token else []
    with grpc.insecure_channel(address) as channel:
        businesses = services.BusinessesStub(channel)
        wanted = messages.WatchRequest(business="taxi", resource="orders")
        events = businesses.Watch(wanted, metadata=identity, timeout=60)
        print(f"watching after {next(events).position}")

        orders = taxi_services.OrdersStub(channel)
        call = taxi.OrdersCallRequest(order_type="basic", name="Jung")
        key = [("idempotency-key", "grpc-client-1")]
        order = orders.Call(call, metadata=identity + key, timeout=5).aggregate
        print(f"order {order.number} is {order.body.status}")

        # The generic service has the same commands. Their bodies are JSON.
        body = {"name": "Jung", "orderType": "basic"}
        call = messages.ExecuteRequest(
            business="taxi",
            resource="orders",
            command="call",
            body=json.dumps(body, sort_keys=True, separators=(",", ":")).encode(),
        )
        again = businesses.Execute(call, metadata=identity + key, timeout=5).aggregate
        print(f"the same key has order {again.number}")

        cancel = taxi.OrdersCancelRequest(number=order.number)
        orders.Cancel(cancel, metadata=identity, timeout=5)
        try:
            orders.Cancel(cancel, metadata=identity + [("if-match", '"1"')], timeout=5)
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
