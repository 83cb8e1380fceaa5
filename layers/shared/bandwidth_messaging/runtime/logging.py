"""The logger. Entries carry ids and at most the last four digits of a number: no text, no credentials."""

from aws_lambda_powertools import Logger

logger = Logger()
