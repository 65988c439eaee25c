"""Evaluation on held-out questions: every response kept, every number with its interval, two models paired.

`summary.json` of an evaluation: what makes it this one (`model`, `revision`, `engine`, `dtype`, `seed`, `sampling`,
`questions` with `n` and `sha256`, `verifiers`, `repeated`: rows that asked an earlier question again), `seconds` of
generation over all runs, `tokens` written, what ran on what, and `cells`. A cell ("all", "<group>/<template>",
"<domain>/<template>") has

    n, samples           questions, and answers to each
    accuracy, low, high  share of answers that are right: correct and formatted, as the reward has it; 95% interval
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
