"""Texts for people about the outcome of a step. No code reads them."""

from collections.abc import Sequence

from bandwidth_messaging.domain.step_outcomes import StepOutcome


def describe_outcome(
    outcome: StepOutcome,
    *,
    ignored_duplicates: int = 0,
    added: Sequence[str] = (),
    replaced_application_id: str | None = None,
) -> str:
    """Return an outcome with what else the step reports.

    `ignored_duplicates` counts other resources of the same name, `added` names settings that were switched
    on, and `replaced_application_id` is the application that a location used before.
    """
    facts = []
    if ignored_duplicates:
        facts.append(f"{ignored_duplicates} others with the same name were ignored")
    if added:
        facts.append(f"added {', '.join(added)}")
    if replaced_application_id:
        facts.append(f"replaced application {replaced_application_id}")
    return "; ".join([outcome, *facts])
