"""A test that leaves this machine fails."""

from __future__ import annotations

import socket
import threading

import pytest
from pytest_socket import SocketConnectBlockedError


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_another_machine_cannot_be_reached() -> None:
    with socket.socket() as client, pytest.raises(SocketConnectBlockedError, match=r"192\.0\.2\.1"):
        client.connect(("192.0.2.1", 80))  # an address that is kept for documentation


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_server_of_this_machine_can(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        answering = threading.Thread(target=lambda: server.accept()[0].close())
        answering.start()
        with socket.create_connection((host, server.getsockname()[1]), timeout=10) as client:
            assert client.recv(1) == b""
        answering.join()
