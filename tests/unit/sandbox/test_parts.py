"""The small parts: clock and scheduler, keys, switches, throttle, faults, journal."""

import threading
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditportal.sandbox.behaviour.faults import Fault, Faults, read_fault
from auditportal.sandbox.behaviour.switches import Panel, Switches
from auditportal.sandbox.clock import Clock
from auditportal.sandbox.commbox.keys import Keys, make_key, read_expiry
from auditportal.sandbox.commbox.throttle import Throttle, retry_after
from auditportal.sandbox.messages import Request
from auditportal.sandbox.scheduler import Scheduler
from auditportal.sandbox.world.journal import Journal

NOW = datetime(2026, 5, 13, 9, tzinfo=UTC)


def request(path: str, method: str = "GET") -> Request:
    return Request(method, path, "", {}, b"", "127.0.0.1")


class TestClock:
    def test_it_moves_both_ways_and_runs_on(self) -> None:
        clock, before = Clock(), datetime.now(UTC)
        clock.advance(3600)
        clock.advance(-600)
        moved = timedelta(seconds=3000)
        assert before + moved <= clock.now() <= datetime.now(UTC) + moved

    def test_it_can_be_set(self) -> None:
        clock = Clock()
        clock.set(NOW)
        assert timedelta(0) <= clock.now() - NOW < timedelta(seconds=60)

    def test_a_time_without_zone_is_refused(self) -> None:
        with pytest.raises(ValueError, match="needs a time with a zone"):
            Clock().set(datetime(2026, 5, 13))


class TestScheduler:
    def test_jobs_run_when_the_clock_is_moved_in_the_order_of_their_times(self) -> None:
        clock, done, order = Clock(), threading.Event(), []
        scheduler = Scheduler(clock, "test")
        scheduler.start()
        now = clock.now()
        scheduler.at(now + timedelta(hours=2), lambda: (order.append("late"), done.set())[0])
        scheduler.at(now + timedelta(hours=1), lambda: order.append("soon"))
        assert scheduler.waiting() == 2
        clock.advance(3 * 3600)
        assert done.wait(60)
        scheduler.stop()
        assert order == ["soon", "late"]

    def test_a_failing_job_does_not_stop_the_next(self, caplog: pytest.LogCaptureFixture) -> None:
        clock, done = Clock(), threading.Event()
        scheduler = Scheduler(clock, "test")
        scheduler.at(clock.now(), lambda: [][0])
        scheduler.at(clock.now(), done.set)
        scheduler.start()
        assert done.wait(60)
        scheduler.stop()
        assert [record.message for record in caplog.records] == ["A planned step of the sandbox failed"]


class TestKeys:
    def test_a_key_has_commbox_form_and_says_its_end(self) -> None:
        token = make_key("acme", NOW)
        assert token.count(".") == 2
        assert token.startswith("eyJ")
        assert read_expiry(token) == NOW
        assert make_key("acme", NOW) == token

    def test_several_are_accepted_until_they_end(self) -> None:
        short, long = make_key("a", NOW), make_key("b", NOW + timedelta(days=1))
        keys = Keys((short, long))
        before, after = NOW - timedelta(seconds=1), NOW
        assert [keys.accepts(f"Bearer {one}", before) for one in (short, long)] == [True, True]
        assert [keys.accepts(f"Bearer {one}", after) for one in (short, long)] == [False, True]

    @pytest.mark.parametrize("header", ["", "Bearer ", "Bearer x", "Basic {}", "{}", "bearer", "Bearer {} "])
    def test_anything_else_is_not_accepted(self, header: str) -> None:
        token = make_key("a", NOW)
        assert not Keys((token,)).accepts(header.format(token), NOW - timedelta(days=1))

    def test_revoked_and_added_last_until_the_reset(self) -> None:
        first, second = make_key("a", NOW), make_key("b", NOW)
        keys = Keys((first,))
        keys.revoke(first)
        keys.add(second)
        at = NOW - timedelta(days=1)
        assert [keys.accepts(f"Bearer {one}", at) for one in (first, second)] == [False, True]
        keys.reset()
        assert [keys.accepts(f"Bearer {one}", at) for one in (first, second)] == [True, False]

    @pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.c", "a.e30.c", "a.eyJleHAiOiJ4In0.c"])
    def test_a_token_that_tells_no_end_never_ends(self, token: str) -> None:
        assert read_expiry(token) is None


class TestSwitches:
    def test_reset_goes_back_to_the_start(self) -> None:
        panel = Panel(presigned_ttl=60)
        panel.switch(presigned_ttl=5, activity_shape="B")
        panel.reset()
        assert panel.now == Switches(presigned_ttl=60)

    @pytest.mark.parametrize(
        "changes",
        [
            {"nothing": 1},
            {"activity_shape": "D"},
            {"presigned_ttl": -1},
            {"presigned_ttl": True},
            {"presigned_ttl": "900"},
            {"loose_types": 1},
            {"ip_allow": ["nowhere"]},
            {"ip_allow": "127.0.0.1"},
            {"webhook_types": ["27"]},
            {"webhook_url": 5},
        ],
    )
    def test_what_cannot_be_changes_nothing(self, changes: dict[str, object]) -> None:
        panel = Panel()
        with pytest.raises(ValueError, match=r"\w+ "):
            panel.switch(throttle_burst=3, **changes)
        assert panel.now == Switches()

    def test_lists_become_tuples(self) -> None:
        assert Panel().switch(webhook_types=[27, 1]).webhook_types == (27, 1)


class TestThrottle:
    def test_a_burst_then_a_wait(self) -> None:
        throttle, switches = Throttle(), Switches(throttle_rate=0.001, throttle_burst=3)
        waits = [throttle.wait_for("key", switches) for _ in range(4)]
        assert waits[:3] == [0, 0, 0]
        assert waits[3] == pytest.approx(1000, rel=0.01)
        assert throttle.wait_for("other", switches) == 0

    def test_it_can_be_off(self) -> None:
        throttle, switches = Throttle(), Switches(throttle_rate=0)
        assert {throttle.wait_for("key", switches) for _ in range(50)} == {0}

    @pytest.mark.parametrize(
        ("form", "value"),
        [
            ("seconds", "3"),
            ("date", "Wed, 13 May 2026 09:00:03 GMT"),
            ("past", "Tue, 12 May 2026 09:00:00 GMT"),
            ("garbage", "soon, please"),
            ("year", "31536000"),
            ("endless", "9" * 5000),
        ],
    )
    def test_forms_of_retry_after(self, form: str, value: str) -> None:
        assert retry_after(form, 2.5, NOW) == {"Retry-After": value}  # type: ignore[arg-type]

    def test_without_the_header(self) -> None:
        assert retry_after("off", 2.5, NOW) == {}
        assert parsedate_to_datetime(retry_after("date", 0, NOW)["Retry-After"]) > NOW


class TestFaults:
    def test_the_first_entry_with_something_left_is_taken(self) -> None:
        faults = Faults()
        faults.script(
            [
                {"kind": "error_500", "path": "/objects/*", "count": 2, "skip": 1},
                {"kind": "html_503"},
                {"kind": "denied", "target": "s3"},
            ]
        )
        took = [faults.next_for("api", request("/objects/1/activities")) for _ in range(5)]
        assert [one.kind if one else "" for one in took] == ["", "error_500", "error_500", "html_503", ""]
        assert [one.kind for one in faults.left()] == ["denied"]

    def test_pass_lets_one_through(self) -> None:
        faults = Faults()
        faults.script([Fault("pass"), Fault("slow")])
        assert faults.next_for("api", request("/x")) is None
        assert faults.next_for("api", request("/x")) == Fault("slow")

    def test_methods_can_be_told_apart(self) -> None:
        faults = Faults()
        faults.script([Fault("error_500", method="POST")])
        assert faults.next_for("api", request("/x")) is None
        assert faults.next_for("api", request("/x", "POST")) is not None

    @given(st.integers(0, 2**32), st.floats(0, 1))
    def test_a_rate_is_repeatable(self, seed: int, rate: float) -> None:
        runs = []
        for _ in range(2):
            faults = Faults()
            faults.at_rate(rate, ["error_500", "reset"], seed)
            runs.append([faults.next_for("api", request("/x")) for _ in range(30)])
        assert runs[0] == runs[1]

    @pytest.mark.parametrize(
        "entry",
        [
            {"kind": "nonsense"},
            {"kind": "denied"},
            {"kind": "error_500", "target": "s3"},
            {"kind": "slow", "target": "dns"},
            {"kind": "slow", "wait": 3},
        ],
    )
    def test_a_wrong_entry_is_refused_and_adds_nothing(self, entry: dict[str, object]) -> None:
        with pytest.raises(ValueError, match="fault"):
            read_fault(entry)
        faults = Faults()
        with pytest.raises(ValueError, match="fault"):
            faults.script([{"kind": "slow"}, entry])
        assert faults.left() == []

    @pytest.mark.parametrize(("rate", "kinds"), [(1.1, ["slow"]), (-0.1, ["slow"]), (0.5, []), (0.5, ["x"])])
    def test_a_wrong_rate_is_refused(self, rate: float, kinds: list[str]) -> None:
        with pytest.raises(ValueError, match="fault"):
            Faults().at_rate(rate, kinds)


class TestJournal:
    def test_the_first_day_is_kept(self, tmp_path: Path) -> None:
        first, later = date(2026, 5, 13), date(2026, 6, 1)
        assert Journal(tmp_path / "new").same_as_before(7, first) == (7, first)
        assert Journal(tmp_path / "new").same_as_before(8, later) == (7, first)

    def test_a_cut_off_line_is_left_out(self, tmp_path: Path) -> None:
        journal = Journal(tmp_path)
        assert journal.read() == []
        journal.write({"a": 1})
        with (tmp_path / "sandbox-calls.jsonl").open("a") as file:
            file.write('{"a": 2')
        assert journal.read() == [{"a": 1}]
        journal.clear()
        assert journal.read() == []
