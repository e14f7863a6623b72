"""The two sides of a conversation that tests play."""

import queue
from concurrent import futures

import grpc

from tests.support import api, configs
from tests.support.controller_server import ControllerServer


def test_a_controller_hears_hello_and_sends_a_snapshot():
    with ControllerServer() as controller, grpc.insecure_channel(controller.address) as channel:
        outgoing: queue.Queue = queue.Queue()
        outgoing.put(api.control.FromProxy(hello=api.control.Hello(node_id="n1")))
        outgoing.put(api.control.FromProxy(applied=api.transaction.Applied(transaction_id="t1", revision=1)))
        # Never ends by itself: the controller would take that for the proxy's leaving, maybe before it has sent anything.
        responses = api.services.ControlPlaneStub(channel).Connect(iter(outgoing.get, None))
        session = controller.wait_for_session()
        assert session.hello.node_id == "n1"
        server = {"id": "w1", "address": "127.0.0.1:1"}
        with futures.ThreadPoolExecutor(1) as pool:
            applied = pool.submit(session.apply, "t1", configs.site(server))
            sent = next(message for message in responses if message.WhichOneof("message") == "transaction")
            assert sent.transaction.snapshot.backends[0].servers[0].id == "w1"
            assert applied.result().revision == 1
        outgoing.put(None)
