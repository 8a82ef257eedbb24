"""The catalogue of 36 failure scenarios: data files, one each, and the loader that says what is wrong with one."""

from .scenario import Answer, BadScenario, Scenario, Stage, scenarios

__all__ = ["Answer", "BadScenario", "Scenario", "Stage", "scenarios"]
