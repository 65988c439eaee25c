"""Reading the questions back: what a person sees in the text, without the code that wrote it."""

import re

DOMAINS = {"stem", "history", "law", "economics", "geography", "philosophy", "health", "arts"}


def numbers(text):
    return [int(number) for number in re.findall(r"\d+", text)]


def stated_facts(question):
    """(facts as (name, value), the question proper) of "Label: name value, name value. Which ...?" """
    stated, asked = question.split(": ", 1)[1].rsplit(". ", 1)
    return [fact.rsplit(" ", 1) for fact in stated.split(", ")], asked


def invented_names(chosen):
    found = set()
    for row in chosen:
        if row["family"] == "member":
            found |= {name for names in re.findall(r": ([^.]+)\.", row["question"]) for name in names.split(", ")}
        elif row["options"]:
            found |= {name for name, _ in stated_facts(row["question"])[0]}
    return found


def ngrams(text, size):
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i:i + size]) for i in range(max(1, len(words) - size + 1))}
