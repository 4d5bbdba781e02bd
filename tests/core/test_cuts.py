"""Law 3 at its strongest: a journal that ends at any line, not only where the loop wrote, leads to the same outcome.

A power cut may leave a part of what one write handed over.
"""

from __future__ import annotations

from behaviour import PATTERNS
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sessions import Session, outcome

from hpotune.replay import replay
from hpotune.study import Study
from studies import studies


@settings(max_examples=60, deadline=None)
@given(studies(), st.sampled_from(PATTERNS), st.data())
def test_a_journal_cut_after_any_line_leads_to_the_same_outcome(
    study: Study, pattern: str, data: st.DataObject
) -> None:
    study = study.replace(workers=1, limits={"trials": study.limits.trials})
    whole = Session(study, pattern)
    undisturbed = whole.run()
    session = Session(study, pattern)
    for _ in range(data.draw(st.integers(1, 3))):
        length = data.draw(st.integers(2, len(whole.journal.events)))
        session.journal.events = whole.journal.events[:length]
        session.journal.written = length
        history = session.run()
        assert repr(outcome(history)) == repr(outcome(undisturbed))
        assert history.finished == undisturbed.finished
        assert (history.best and history.best.number) == (undisturbed.best and undisturbed.best.number)
        assert replay(session.journal.events).differences == ()


@settings(max_examples=40, deadline=None)
@given(studies(), st.sampled_from(PATTERNS), st.booleans(), st.data())
def test_with_any_number_of_workers_a_cut_journal_ends_and_keeps_what_it_has(
    study: Study, pattern: str, flaky: bool, data: st.DataObject
) -> None:
    whole = Session(study, pattern, flaky=flaky)
    whole.run()
    assume(len(whole.journal.events) > 2)
    length = data.draw(st.integers(2, len(whole.journal.events)))
    session = Session(study, pattern, flaky=flaky)
    session.journal.events = whole.journal.events[:length]
    session.journal.written = length
    history = session.run()
    assert repr(session.journal.events[:length]) == repr(whole.journal.events[:length])
    assert history.finished is not None
    assert not history.open
    assert len(history.trials) <= (study.limits.trials or 0)
    assert replay(session.journal.events).differences == ()
