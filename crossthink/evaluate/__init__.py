"""Evaluation on held-out questions: every response kept, every number with its interval, two models paired.

`summary.json` of an evaluation: what makes it this one (`model`, `revision`, `engine`, `dtype`, `seed`, `sampling`,
`questions` with `n` and `sha256`, `verifiers`, `repeated`: rows that asked an earlier question again), `seconds` of
generation over all runs, `tokens` written, what ran on what, `cells` ("all", "<group>/<template>",
"<domain>/<template>"), the same numbers for each benchmark in `sources`, and `averages`: the unweighted mean over all
benchmarks, over those of general-purpose reasoning and over those of mathematics, with its interval. A cell has

    n, samples           questions, and answers to each
    accuracy, low, high  share of answers that are right: correct and formatted, as the reward has it; 95% interval
    pass_at              chance that one of k answers is right, for k = 1, 2, 4, ... and all of them
    correct              answers that are right, a count
    answer_accuracy      share that is correct, whatever the format
    formatted, truncated shares of answers in the format, and of answers cut off at the token limit
    tokens_mean          completion tokens an answer
    tokens_right         the same of the right answers, and `tokens_wrong` of the others (null where there is none)
    tokens_per_correct   all completion tokens over the number of right answers (null where there is none)
    labels               how often each letter was answered to multiple choice

`comparison.json`: `before` and `after` (the models, with their cells), `flipped` (up to 20 questions whose answers
changed, with both texts), and `cells`: n, the accuracies `before` and `after`, `difference` with `low` and `high`, `p`
of the exact test, and how many questions were `gained` and `lost`.
"""
