"""A server takes on no more than it was told to, says how it is, and stops when what it began is done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from langchain_trm import ChatTRM
from langchain_trm.server.app import create_app
from langchain_trm.server.command import main, parser, read_settings
from langchain_trm.server.settings import Limits, ServerSettings
from tests.langchain_trm.scripted_router import Plan, ScriptedRouter
from tests.langchain_trm.server.conftest import TOOLS, Serve, running, slow_router

HELLO = {"model": "trm", "messages": [{"role": "user", "content": "hello"}], "tools": TOOLS}


def post(url: str, **more: Any) -> httpx.Response:
    return httpx.post(f"{url}/v1/chat/completions", timeout=30, **({"json": HELLO} | more))


def test_large_requests_are_refused(served: Serve) -> None:
    url = served(ServerSettings(limits=Limits(body_bytes=2000, messages=3, tools=2)))
    declared = post(url, json=HELLO | {"user": "x" * 2000})
    chunked = post(url, json=None, content=iter([b" " * 1500] * 2), headers={"content-type": "application/json"})
    for answer in (declared, chunked):
        assert answer.status_code == 413
        assert answer.json()["error"]["message"] == "the body is larger than 2000 bytes"
    many = post(url, json=HELLO | {"messages": HELLO["messages"] * 4})
    assert (many.status_code, many.json()["error"]["message"]) == (413, "4 messages; this server takes 3 in a request")
    many = post(url, json=HELLO | {"tools": [{}] * 3})
    assert (many.status_code, many.json()["error"]["param"]) == (413, "tools")
    assert post(url).status_code == 200


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"n": NaN}', b"[" * 5000, b"\xff"])
def test_what_is_no_json_object_is_a_400(served: Serve, body: bytes) -> None:
    answer = post(served(), json=None, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_json"


def test_a_form_of_another_page_is_refused(served: Serve) -> None:
    answer = post(served(), json=None, content=b"{}", headers={"content-type": "text/plain"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")


def test_a_foreign_host_name_is_refused(served: Serve) -> None:
    url = served()
    assert httpx.get(f"{url}/health", headers={"host": "evil.example:80"}).status_code == 403
    for host in ("localhost:1", "[::1]:1", "127.0.0.1"):
        assert httpx.get(f"{url}/health", headers={"host": host}).status_code == 200


def test_a_key_is_asked_for_where_there_is_one(served: Serve) -> None:
    url = served(ServerSettings(key="secret"))
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "secret"}):
        answer = post(url, headers=headers)
        assert (answer.status_code, answer.json()["error"]["type"]) == (401, "authentication_error")
    assert post(url, headers={"authorization": "Bearer secret"}).status_code == 200
    assert httpx.get(f"{url}/health").status_code == 200
    assert httpx.get(f"{url}/metrics").status_code == 401


def test_unknown_paths_and_methods_are_openai_shaped(served: Serve) -> None:
    url = served()
    assert httpx.get(f"{url}/v2/x").json()["error"]["code"] == "not_found"
    assert httpx.get(f"{url}/v1/chat/completions").json()["error"]["code"] == "method_not_allowed"
    assert httpx.get(f"{url}/static/../app.py").status_code == 404
    assert httpx.get(f"{url}/static/%2e%2e/app.py").status_code == 404


def test_a_slow_decision_is_given_up_and_others_are_answered(served: Serve) -> None:
    url = served(ServerSettings(limits=Limits(threads=1, timeout=0.3)), router=slow_router(1.0))
    began = time.monotonic()
    answer = post(url)
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "timeout")
    assert time.monotonic() - began < 0.9
    assert httpx.get(f"{url}/health").json()["busy"] == 1


def test_more_than_may_wait_are_refused_at_once(served: Serve) -> None:
    url = served(ServerSettings(limits=Limits(threads=1, waiting=1)), router=slow_router(1.0))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: post(url), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 503, 503]
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["error"]["code"] == "overloaded"


def _crash(*_: Any) -> Plan:
    raise RuntimeError("inner secret")


def test_a_crash_says_nothing_of_the_inside(served: Serve, caplog: pytest.LogCaptureFixture) -> None:
    url = served(router=ScriptedRouter(_crash))
    answer = post(url)
    assert answer.status_code == 500
    assert answer.json()["error"]["message"] == "the server failed; its log says more"
    assert "inner secret" not in answer.text
    assert "inner secret" in caplog.text


def test_the_metrics_count(served: Serve) -> None:
    url = served(min_confidence=0.9)
    for text in ("a flight to Rome tomorrow", "a flight to Rome", "hm, maybe"):
        post(url, json=HELLO | {"messages": [{"role": "user", "content": text}]})
    httpx.get(f"{url}/somewhere/else")
    answer = httpx.get(f"{url}/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    lines = set(answer.text.splitlines())
    assert 'trm_decisions_total{decision="tool_call"} 1.0' in lines
    assert 'trm_decisions_total{decision="direct_answer"} 1.0' in lines
    assert 'trm_handed_over_total{measure="confidence",to="nobody"} 1.0' in lines
    assert 'trm_requests_total{path="/v1/chat/completions",status="200"} 2.0' in lines
    assert 'trm_requests_total{path="/v1/chat/completions",status="422"} 1.0' in lines
    assert 'trm_requests_total{path="other",status="404"} 1.0' in lines
    assert "trm_decision_seconds_count 3.0" in lines
    assert "trm_busy 0.0" in lines


def test_what_began_is_answered_before_the_server_stops() -> None:
    app = create_app(ChatTRM(router=slow_router(1.0)))
    answers: list[httpx.Response] = []
    with running(app) as (url, server, thread):
        asking = threading.Thread(target=lambda: answers.append(post(url)))
        asking.start()
        while httpx.get(f"{url}/health").json()["busy"] == 0:
            time.sleep(0.02)
        server.should_exit = True
        asking.join(20)
        thread.join(20)
    assert [answer.status_code for answer in answers] == [200]


def test_wrong_options_are_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    for options, message in (
        (["--upstream-model", "x"], "--upstream-key-env and --upstream-model need --upstream-url"),
        (["--upstream-url", "example.com"], "--upstream-url must begin with http:// or https://, got 'example.com'"),
        (["--key-env", "NO_SUCH_KEY"], "the environment variable NO_SUCH_KEY is not set; it should hold a key"),
        (["--threads", "0"], "--threads must be above 0, got 0"),
        (["--min-confidence", "3"], "less than or equal to 1"),
    ):
        assert main(["serve", *options]) == 1
        assert message in capsys.readouterr().err


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("langchain_trm.server.command.find_spec", lambda name: None if name == "uvicorn" else name)
    assert main(["serve"]) == 1
    assert "`trm serve` needs uvicorn; install the extra: uv add 'trm-agent[serve]'" in capsys.readouterr().err


def test_keys_come_from_the_environment_and_never_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UP_KEY", "secret-1")
    monkeypatch.setenv("OWN_KEY", "secret-2")
    options = ["serve", "--upstream-url", "http://x/v1", "--upstream-key-env", "UP_KEY", "--key-env", "OWN_KEY"]
    settings = read_settings(parser().parse_args(options))
    assert settings.upstream is not None
    assert (settings.upstream.key, settings.key) == ("secret-1", "secret-2")
    assert "secret" not in repr(settings)
    assert settings.hosts
    assert not read_settings(parser().parse_args(["serve", "--host", "0.0.0.0"])).hosts


@pytest.mark.slow
def test_the_command_serves_and_stops_on_a_signal(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from langchain_trm.server.command import main; raise SystemExit(main())"]
    log = tmp_path / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, "serve", "--port", "0"], stderr=out, stdout=out, env={**os.environ, "HF_HUB_OFFLINE": "1"}
        )
    try:
        deadline = time.monotonic() + 300
        while "Uvicorn running on http://127.0.0.1:" not in log.read_text() and time.monotonic() < deadline:
            assert process.poll() is None, log.read_text()
            time.sleep(0.2)
        url = log.read_text().partition("Uvicorn running on ")[2].split()[0]
        assert httpx.get(f"{url}/health").json()["status"] == "ok"
        assert post(url).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in log.read_text()
