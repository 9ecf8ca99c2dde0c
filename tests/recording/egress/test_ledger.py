"""What a show knows of its egresses: stories of tracks and reports, in the order in which they came."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.recording.egress.ledger import Action, Ledger, Log, Relief, Rules, Start, Stop, Trouble
from agent.recording.egress.reports import EgressFile, EgressReport, Status

FILE = EgressFile(name="/out/anna-TR_a.ogg", started_at=1000.5, duration_s=3.0, bytes=9000)


_STATUSES: list[Status] = ["starting", "active", "ending", "complete", "failed", "aborted", "limit_reached"]


def report(status: Status, egress_id: str = "EG_1", *, track: str = "TR_a", error: str = "") -> EgressReport:
    file = FILE if status in ("complete", "limit_reached") else None
    return EgressReport(egress_id=egress_id, room="r", track_id=track, status=status, error=error, file=file)


def due(actions: Iterable[Action]) -> list[Action]:
    """What is to be done or said, without the log."""
    return [action for action in actions if not isinstance(action, Log)]


def statuses(ledger: Ledger) -> list[str]:
    return [piece.status for piece in ledger.pieces]


def on_air(rules: Rules | None = None) -> Ledger:
    """Anna's egress records."""
    ledger = Ledger(rules or Rules())
    assert due(ledger.published(1.0, "anna", "Anna", "TR_a")) == [Start("anna", "TR_a")]
    assert due(ledger.started(1.3, "TR_a", "EG_1")) == []
    ledger.reported(1.8, report("active"))
    return ledger


def test_an_accepted_start_proves_nothing_and_active_does() -> None:
    ledger = Ledger(Rules(active_s=15.0))
    ledger.published(1.0, "anna", "Anna", "TR_a")
    ledger.started(1.5, "TR_a", "EG_1")
    assert ledger.deadline == 16.5
    (told,) = due(ledger.tick(16.5))
    assert isinstance(told, Trouble)
    assert "has not begun to record Anna" in told.text
    assert "this machine goes on" in told.text
    assert ledger.deadline is None
    assert [type(action) for action in due(ledger.reported(20.0, report("active")))] == [Relief, Relief]
    assert ledger.pieces[0].active_at == 20.0


def test_the_end_of_a_track_is_the_end_of_its_egress_and_a_return_is_a_new_one() -> None:
    ledger = on_air()
    assert due(ledger.unpublished("TR_a")) == []
    assert due(ledger.reported(9.0, report("complete", error="Source closed"))) == []
    assert ledger.deadline is None
    assert due(ledger.published(12.0, "anna", "Anna", "TR_b")) == [Start("anna", "TR_b")]
    ledger.started(12.5, "TR_b", "EG_2")
    ledger.reported(13.0, report("active", "EG_2", track="TR_b"))
    assert [(piece.track_id, piece.status) for piece in ledger.pieces] == [("TR_a", "complete"), ("TR_b", "active")]


def test_an_egress_that_ends_before_the_room_says_so_is_not_begun_again() -> None:
    ledger = on_air(Rules(settle_s=2.0))
    assert due(ledger.reported(9.0, report("complete"))) == []
    ledger.unpublished("TR_a")
    assert due(ledger.tick(11.0)) == []


def test_a_missing_service_is_told_once_and_asked_again_ever_more_seldom() -> None:
    ledger = Ledger(Rules(retry_s=(15.0, 30.0)))
    at, waits = 1.0, []
    assert Start("anna", "TR_a") in ledger.published(at, "anna", "Anna", "TR_a")
    for _ in range(4):
        (told,) = due(ledger.refused(at + 8, "TR_a", "nobody answers; start it", lasting=False))
        assert isinstance(told, Trouble)
        assert told.key == "service"
        assert ledger.deadline is not None
        waits.append(ledger.deadline - at - 8)
        at = ledger.deadline
        assert due(ledger.tick(at)) == [Start("anna", "TR_a")]
    assert waits == [15.0, 30.0, 30.0, 30.0]
    ledger.started(at + 1, "TR_a", "EG_1")
    reliefs = due(ledger.reported(at + 2, report("active")))
    assert Relief("service", "LiveKit Egress records again.") in reliefs


def test_what_cannot_help_is_not_asked_again() -> None:
    ledger = Ledger(Rules())
    ledger.published(1.0, "anna", "Anna", "TR_a")
    ledger.refused(2.0, "TR_a", "this key may not", lasting=True)
    assert ledger.deadline is None
    assert not ledger.unsettled


def test_a_killed_handler_is_told_and_another_egress_begun() -> None:
    ledger = on_air()
    (told,) = due(ledger.reported(9.0, report("failed", error="signal: killed")))
    assert isinstance(told, Trouble)
    assert "Anna: signal: killed" in told.text
    assert ledger.deadline == 24.0
    assert due(ledger.tick(24.0)) == [Start("anna", "TR_a")]


def test_an_egress_that_dies_again_and_again_is_begun_ever_more_seldom() -> None:
    ledger = Ledger(Rules(retry_s=(15.0, 30.0, 60.0), steady_s=60.0))
    ledger.published(0.0, "anna", "Anna", "TR_a")
    at, waits = 0.0, []
    for number, lives_s in enumerate((2.0, 2.0, 300.0, 2.0)):
        egress_id = f"EG_{number}"
        ledger.started(at, "TR_a", egress_id)
        ledger.reported(at, report("active", egress_id))
        ledger.reported(at + lives_s, report("failed", egress_id, error="no space left"))
        assert ledger.deadline is not None
        waits.append(ledger.deadline - at - lives_s)
        at = ledger.deadline
        assert due(ledger.tick(at)) == [Start("anna", "TR_a")]
    assert waits == [15.0, 30.0, 15.0, 30.0]


def test_a_voice_that_left_before_its_egress_began_is_no_loss() -> None:
    ledger = Ledger(Rules())
    ledger.published(1.0, "anna", "Anna", "TR_a")
    ledger.started(1.5, "TR_a", "EG_1")
    ledger.unpublished("TR_a")
    assert due(ledger.reported(31.0, report("failed", error="track not found"))) == []


def test_a_killed_service_stays_active_for_ever_but_its_egress_leaves_the_room() -> None:
    ledger = on_air(Rules(gone_s=5.0, settle_s=2.0))
    ledger.left(9.0, "EG_1")
    ledger.reported(10.0, report("active"))  # as every list says from now on
    (told,) = due(ledger.tick(14.0))
    assert isinstance(told, Trouble)
    assert statuses(ledger) == ["lost"]
    assert due(ledger.tick(16.0)) == [Start("anna", "TR_a")]


def test_an_egress_that_leaves_and_then_says_that_it_is_complete_is_not_lost() -> None:
    ledger = on_air()
    ledger.unpublished("TR_a")
    ledger.left(9.0, "EG_1")
    ledger.reported(9.5, report("complete"))
    assert due(ledger.tick(60.0)) == []
    assert statuses(ledger) == ["complete"]


def test_what_was_given_up_may_still_turn_up() -> None:
    ledger = on_air()
    ledger.left(9.0, "EG_1")
    ledger.tick(14.0)
    ledger.reported(15.0, report("complete"))
    assert ledger.pieces[0].file == FILE


def test_old_news_and_the_same_news_change_nothing() -> None:
    ledger = on_air()
    ledger.unpublished("TR_a")
    ledger.reported(9.0, report("complete"))
    for status in _STATUSES:
        assert ledger.reported(10.0, report(status)) == ()
    assert statuses(ledger) == ["complete"]


def test_a_report_may_overtake_the_answer_to_the_start() -> None:
    ledger = Ledger(Rules())
    ledger.published(1.0, "anna", "Anna", "TR_a")
    ledger.reported(1.2, report("starting"))
    ledger.reported(1.3, report("active"))
    assert ledger.started(1.4, "TR_a", "EG_1") == ()
    assert ledger.refused(1.5, "TR_a", "too late", lasting=False) == ()
    assert statuses(ledger) == ["active"]
    assert ledger.pieces[0].asked_at == 1.0


def test_an_egress_that_begins_after_it_was_given_up_is_taken_and_a_second_one_is_ended() -> None:
    ledger = Ledger(Rules())
    ledger.published(1.0, "anna", "Anna", "TR_a")
    ledger.refused(9.0, "TR_a", "nobody answers", lasting=False)
    assert due(ledger.reported(12.0, report("starting", "EG_late"))) == []
    assert ledger.deadline == 27.0  # to be active by then; no second start
    assert due(ledger.reported(13.0, report("starting", "EG_more"))) == [Stop("EG_more")]


def test_a_second_microphone_takes_the_place_of_the_first() -> None:
    ledger = on_air()
    assert due(ledger.published(5.0, "anna", "Anna", "TR_b")) == [Stop("EG_1"), Start("anna", "TR_b")]
    ledger.reported(6.0, report("complete"))
    assert due(ledger.tick(60.0)) == []


def test_a_room_that_was_lost_for_a_moment_goes_on_with_the_same_egress() -> None:
    ledger = on_air()
    ledger.unpublished("TR_a")
    assert due(ledger.published(5.0, "anna", "Anna", "TR_a")) == []
    assert due(ledger.reported(9.0, report("failed", error="signal: killed"))) != []
    assert due(ledger.tick(24.0)) == [Start("anna", "TR_a")]


def test_a_late_failure_without_an_id_is_told() -> None:
    ledger = Ledger(Rules())
    (told,) = due(ledger.reported(25.0, report("failed", "", track="", error="no response from servers")))
    assert isinstance(told, Trouble)
    assert "no response from servers" in told.text
    assert ledger.pieces == ()


def test_another_egress_of_the_room_is_none_of_ours() -> None:
    ledger = on_air()
    assert ledger.reported(5.0, report("active", "EG_composite", track="")) == ()
    assert ledger.foreign == 1
    assert len(ledger.pieces) == 1


def test_the_end_of_the_show_ends_what_runs_and_begins_nothing() -> None:
    ledger = on_air()
    ledger.published(2.0, "ben", "Ben", "TR_b")  # its start is not answered yet
    assert due(ledger.finish(30.0)) == [Stop("EG_1")]
    assert due(ledger.started(30.5, "TR_b", "EG_2")) == [Stop("EG_2")]
    assert ledger.unsettled
    ledger.reported(31.0, report("complete"))
    ledger.reported(31.0, report("aborted", "EG_2", track="TR_b"))
    assert not ledger.unsettled
    assert due(ledger.published(32.0, "ben", "Ben", "TR_c")) == []
    assert ledger.deadline is None


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["publish", "unpublish", "started", "refused", "report", "left", "tick", "finish"]),
            st.sampled_from(["TR_a", "TR_b"]),
            st.sampled_from(["EG_1", "EG_2", "EG_3"]),
            st.sampled_from(_STATUSES),
        ),
        max_size=30,
    )
)
def test_in_any_order_nothing_breaks_and_what_is_over_stays_over(
    story: list[tuple[str, str, str, Status]],
) -> None:
    ledger = Ledger(Rules())
    asking: list[str] = []
    track_of: dict[str, str] = {}
    over: set[str] = set()
    for at, (what, track, egress, status) in enumerate(story):
        actions: Iterable[Action] = ()
        match what:
            case "publish":
                actions = ledger.published(at, track, track, track)
            case "unpublish":
                actions = ledger.unpublished(track)
            case "started" if track in asking:
                asking.remove(track)
                actions = ledger.started(at, track, track_of.setdefault(egress, track) and egress)
            case "refused" if track in asking:
                asking.remove(track)
                actions = ledger.refused(at, track, "no", lasting=False)
            case "report":
                actions = ledger.reported(at, report(status, egress, track=track_of.setdefault(egress, track)))
            case "left":
                actions = ledger.left(at, egress)
            case "tick":
                actions = ledger.tick(at)
            case "finish":
                actions = ledger.finish(at)
        asking += [action.track_id for action in actions if isinstance(action, Start)]
        for piece in ledger.pieces:
            if piece.status in ("complete", "failed", "aborted", "limit_reached"):
                over.add(piece.egress_id)
            assert piece.egress_id not in over or piece.settled
