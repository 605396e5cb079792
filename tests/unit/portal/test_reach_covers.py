"""Whether one reach covers another, and the way it is stored."""

from hypothesis import given
from hypothesis import strategies as st

from recordings.models.sensitivity import Sensitivity
from recordings.reach import EVERYTHING, NOTHING, Reach, Scope
from tests.unit.portal.test_reach import IDS, REACHES, THINGS


@given(REACHES, REACHES)
def test_what_is_covered_includes_nothing_more(one: Reach, other: Reach) -> None:
    if one.covers(other):
        assert all(one.includes(thing) for thing in THINGS if other.includes(thing))
    assert one.covers(one)
    assert EVERYTHING.covers(one)
    assert one.covers(NOTHING)


@given(IDS, IDS, st.sampled_from(range(1, 5)))
def test_a_whole_channel_and_what_may_be_named(
    channels: frozenset[int], agents: frozenset[int], one: int
) -> None:
    reach = Reach(frozenset({Scope(channels, agents)}))
    assert reach.has_channel(one) == ((channels is None or one in channels) and agents is None)
    if any(reach.includes(thing) for thing in THINGS if thing.stream_id == one):
        assert reach.names_channel(one)
    if any(reach.includes(thing) for thing in THINGS if thing.agent_id == one):
        assert reach.names_agent(one)


@given(REACHES)
def test_it_is_read_back_as_it_was_stored(reach: Reach) -> None:
    assert Reach.from_detail(reach.as_detail()) == reach
    assert reach.as_detail() == Reach.from_detail(reversed(reach.as_detail())).as_detail()


def test_a_scope_that_names_every_class_is_not_everything() -> None:
    """Classes may be added, so that a list of all of them stays a limit."""
    listed = Reach(frozenset({Scope(classes=frozenset(Sensitivity.values))}))
    assert not listed.is_everything
    assert not listed.covers(EVERYTHING)
