"""The evaluation: failures staged in simulated worlds, watched faster than real time, judged against the truth."""
