"""Who answers at the address of a cluster, and what is said where it is not one that can be used. No Ray is needed."""

from __future__ import annotations

import os
import socket
import threading
from types import SimpleNamespace

import pytest

from townlet.errors import ExecutorError
from townlet.executors import connecting
from townlet.executors.connecting import connect, has_ended_here

GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = bytes((0, 0, 6, 4, 0, 0, 0, 0, 0)) + bytes((0, 3, 0, 0, 0, 100))


class RefusingRay:
    """A Ray that says what the real one says: by an exception, and beside it from compiled code."""

    exceptions = SimpleNamespace(RayError=LookupError)

    def __init__(self, text, beside=""):
        self._text, self._beside, self.asked = text, beside, []

    def init(self, **settings):
        self.asked.append(settings)
        os.write(2, self._beside.encode())
        raise RuntimeError(self._text)


def refused(text, beside="", address="auto"):
    with pytest.raises(ExecutorError) as caught:
        connect(RefusingRay(text, beside), address, 1)
    assert caught.value.exit_code == 3
    return caught.value


@pytest.fixture
def answering():
    """``answering(reply)``: the address of somebody who answers whatever comes with that, and hangs up; None: never."""
    listeners, threads = [], []

    def make(reply):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        heard = []

        def serve():
            with listener.accept()[0] as there:
                heard.append(there.recv(100))
                if reply is None:
                    heard.append(there.recv(100))  # until the other side hangs up
                else:
                    there.sendall(reply)

        threads.append(threading.Thread(target=serve, daemon=True))
        threads[-1].start()
        return f"127.0.0.1:{listener.getsockname()[1]}", heard

    yield make
    for thread in threads:
        thread.join(5)
    for listener in listeners:
        listener.close()


OTHER = """Version mismatch: The cluster was started with:
    Ray: 2.40.0
    Python: 3.11.7
This process on node 10.0.0.2 was started with:
    Ray: 2.60.0
    Python: 3.12.1
"""


def test_a_cluster_of_other_versions_is_refused_with_both():
    error = refused(OTHER)
    assert str(error).startswith("the cluster at auto cannot be used")
    told = error.details
    assert {"Ray: 2.40.0", "Ray: 2.60.0", "Python: 3.11.7", "Python: 3.12.1"} <= set(told)
    assert told[-1] == "the cluster must have the same versions of Ray and Python as this process"


def test_where_no_cluster_runs_the_command_that_starts_one_is_told():
    error = refused("Could not find any running Ray instance. Please specify the one to connect to by setting it.")
    assert error.details == ("Could not find any running Ray instance", "start one with:  ray start --head")


def test_a_cluster_that_asks_for_a_token_says_so_only_beside_the_error(capfd):
    beside = "gcs_client.cc:210: Unauthenticated: RPC error: InvalidAuthToken\n" * 20
    error = refused("Failed to connect to Ray cluster at 10.0.0.1:6379", beside)
    assert "set RAY_AUTH_MODE=token" in error.details[1]
    assert capfd.readouterr().err == ""


def test_a_port_of_ray_that_is_not_the_head_is_told(capfd):
    error = refused("Failed to connect to Ray cluster at 10.0.0.1:10001", "Method not found! rpc_code: 12\n")
    assert "is not the head of a cluster" in error.details[-1]
    assert capfd.readouterr().err == ""


def test_ray_s_own_errors_are_errors_of_ours():
    class Unauthenticated(RefusingRay):
        def init(self, **settings):
            raise LookupError("Token authentication is enabled but no token was found. Ensure that it is there.")

    with pytest.raises(ExecutorError) as caught:
        connect(Unauthenticated(""), "auto", 1)
    assert caught.value.details[0] == "Token authentication is enabled but no token was found"
    assert "RAY_AUTH_TOKEN" in caught.value.details[-1]


def test_who_answers_as_ray_does_is_asked(answering):
    address, heard = answering(SETTINGS)
    ray = RefusingRay("not today")
    with pytest.raises(ExecutorError, match="cannot be used"):
        connect(ray, address, 1)
    assert heard[0].startswith(GREETING)
    assert [settings["address"] for settings in ray.asked] == [address]


@pytest.mark.parametrize("reply", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b"hi", b"", None])
def test_who_answers_otherwise_is_not_ray(answering, reply, monkeypatch):
    monkeypatch.setattr(connecting, "_ANSWERS_WITHIN", 0.5)
    address, _ = answering(reply)
    error = refused("", address=address)
    assert str(error).startswith(f"what answers at {address} is not Ray")


def test_with_tls_nothing_is_asked_before_ray_does(monkeypatch, answering):
    monkeypatch.setenv("RAY_USE_TLS", "1")
    address, _ = answering(b"")
    assert str(refused("no certificate", address=address)).startswith(f"the cluster at {address} cannot be used")


def test_an_address_where_nobody_answers_is_told_at_once():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "nobody answers at" in str(refused("", address=f"127.0.0.1:{port}"))


@pytest.mark.parametrize("address", ["nowhere", "host:", ":6379", "host:99999", "ray://host", "ray://host:10001"])
def test_what_is_not_an_address_is_refused(address):
    assert "this is not the address of a Ray cluster" in str(refused("", address=address))


class EndingRay:
    """A Ray that is started here; each start tells whether it is alive, and on which port its last process listens."""

    exceptions = SimpleNamespace(RayError=LookupError)

    def __init__(self, *starts):
        self.starts, self.began, self.ended = starts, 0, 0

    def init(self, **settings):
        assert settings["address"] == "local"
        self.began += 1

    def shutdown(self):
        self.ended += 1

    def get_runtime_context(self):
        return SimpleNamespace(get_node_id=lambda: "mine")

    def nodes(self):
        alive, port = self.starts[self.began - 1]
        return [{"NodeID": "mine", "Alive": alive, "NodeManagerAddress": "127.0.0.1", "RuntimeEnvAgentPort": port}]


class TestStartedHere:
    def test_it_is_used_when_its_last_process_is_there(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            ray = EndingRay((True, listener.getsockname()[1]))
            connect(ray, None, 1)
        assert (ray.began, ray.ended) == (1, 0)

    def test_one_that_ends_while_it_starts_is_started_again(self):
        ray = EndingRay((False, 1), (True, 0))
        connect(ray, None, 1)
        assert (ray.began, ray.ended) == (2, 1)

    def test_one_that_always_ends_is_an_error(self):
        ray = EndingRay(*[(False, 1)] * 9)
        with pytest.raises(ExecutorError, match="ends on this machine while it starts") as caught:
            connect(ray, None, 1)
        assert ray.began == ray.ended == 3
        assert "raylet.err" in caught.value.details[0]

    def test_a_slow_machine_is_given_time_and_then_the_benefit_of_the_doubt(self, monkeypatch):
        monkeypatch.setattr(connecting, "_UP_WITHIN", 0.5)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        ray = EndingRay((True, port))
        connect(ray, None, 1)
        assert (ray.began, ray.ended) == (1, 0)

    def test_ctrl_c_meanwhile_ends_it(self):
        class Interrupted(EndingRay):
            def nodes(self):
                raise KeyboardInterrupt

        ray = Interrupted((True, 0))
        with pytest.raises(KeyboardInterrupt):
            connect(ray, None, 1)
        assert ray.ended == 1

    def test_one_that_cannot_be_asked_has_not_ended(self):
        class Busy(EndingRay):
            def nodes(self):
                raise RuntimeError("rpc_code: 14")

        assert not has_ended_here(Busy())
