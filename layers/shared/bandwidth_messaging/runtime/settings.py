"""The environment variables that template.yaml sets. No other module reads the environment."""

import os
from dataclasses import MISSING, dataclass, fields
from functools import cache


@dataclass(frozen=True)
class Settings:
    """One field per environment variable; the variable has the same name in upper case."""

    stack_name: str
    numbers_table: str
    messages_table: str
    message_retention_days: str
    enforce_opt_outs: str
    opt_out_scope: str
    send_deadline_hours: str
    longest_send_delay_seconds: str
    unconfirmed_minutes: str
    send_queue_url: str
    high_send_queue_url: str
    account_rate: str
    campaign_rate: str
    toll_free_rate: str
    number_rate: str
    high_priority_share: str
    backlog_policy: str
    quarantine_queue_url: str
    event_bus: str
    bandwidth_api: str
    bandwidth_secret: str
    callback_secret: str
    bandwidth_account_id: str
    bandwidth_site_id: str
    bandwidth_user_id: str
    token_url: str
    dashboard_url: str
    messaging_url: str
    catapult_url: str
    # Set only for the functions that need them.
    letters_bucket: str = ""
    callback_url_v1: str = ""
    callback_url_v2: str = ""
    callback_probe_url: str = ""
    control_api_url: str = ""
    unregistered_senders: str = ""
    events_dead_letter_queue_url: str = ""
    events_include_text: str = ""
    callback_source_addresses: str = ""
    quarantine_bucket: str = ""
    hosted_messaging_state_machine: str = ""
    media_bucket: str = ""
    notification_url: str = ""
    media_queue_url: str = ""
    messaging_v2_state_machine: str = ""
    release_numbers_state_machine: str = ""
    opt_outs_state_machine: str = ""
    order_notifications: str = ""
    files_bucket: str = ""
    keyword_languages: str = ""
    stop_words: str = ""
    start_words: str = ""
    help_words: str = ""
    stop_reply: str = ""
    stop_reply_fr: str = ""
    stop_reply_es: str = ""
    start_reply: str = ""
    start_reply_fr: str = ""
    start_reply_es: str = ""
    help_reply: str = ""
    help_reply_fr: str = ""
    help_reply_es: str = ""
    carrier_retries: str = ""
    retry_error_classes: str = ""
    quiet_hours: str = ""
    upload_bucket: str = ""
    webhook_queue_url: str = ""
    webhook_dead_letter_queue_url: str = ""
    webhook_secret: str = ""
    webhooks_allow_local: str = ""
    usage_counts: str = ""
    usage_table: str = ""
    segment_price: str = ""
    mms_price: str = ""


def split_list(value: str) -> list[str]:
    """Return the entries of a setting with comma-separated values."""
    return [entry.strip() for entry in value.split(",") if entry.strip()]


@cache
def service() -> str:
    """Return the service name in log entries and metrics."""
    return os.environ.get("POWERTOOLS_SERVICE_NAME", "")


def function_name() -> str:
    """Return the function's name, or an empty text outside Lambda."""
    return os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")


def trace_id() -> str | None:
    """Return the X-Ray trace id of the current event. Lambda sets the variable for each event."""
    root, _, _ = os.environ.get("_X_AMZN_TRACE_ID", "").partition(";")
    return root.removeprefix("Root=") or None


@cache
def settings() -> Settings:
    """Return the settings, read once. Raises RuntimeError with the names of missing variables."""
    given = {field.name: os.environ.get(field.name.upper()) for field in fields(Settings)}
    required = {field.name for field in fields(Settings) if field.default is MISSING}
    if missing := sorted(name.upper() for name in required if not given[name]):
        message = f"environment variables are missing: {', '.join(missing)}"
        raise RuntimeError(message)
    return Settings(**{name: value for name, value in given.items() if value is not None})
