"""Does a platform keep the contract of docs/platform-api.md? Asked from outside, said in words."""

from sync.conformance.finding import Finding, Group, Verdict
from sync.conformance.run import check_platform

__all__ = ["Finding", "Group", "Verdict", "check_platform"]
