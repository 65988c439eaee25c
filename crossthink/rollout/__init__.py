"""Rollouts: groups of completions with verdicts, and the weight sync that keeps the sampler honest."""
