"""Question files: their mapping, the paper's filters, and rows that cannot be read."""

import gzip
import json
import lzma
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("apache_beam")
from crossthink.dataflow.records import Fault, Row
from crossthink.dataflow.sources.tables import files_of, read_rows, to_question
from crossthink.dataflow.stages.stage import Failed, Kept, Rejected, StageResult

from crossthink.data_config import QuestionFile
from crossthink.questions import read_question_file


def one(values: dict[str, Any], **mapping: Any) -> StageResult:
    file = QuestionFile(**{"path": "q.jsonl", "source": "s", **mapping})
    return to_question(Row(id="s/q.jsonl:1", file="q.jsonl", row=1, entry=0, values=values), (file,), 10)


def question(values: dict[str, Any], **mapping: Any) -> Any:
    result = one(values, **mapping)
    assert isinstance(result, Kept), result
    return result.records[0]


OPTIONS = ["Paris", "Rome", "Oslo"]


@pytest.mark.parametrize(("answer", "answer_is", "label"), [
    ("Rome", "text", "B"), ("rome ", "text", "B"), ("B. Rome", "text", "B"), ("B", "label", "B"), ("c", "label", "C"),
    (0, "index", "A"), ("2", "index", "C"), ("(B)", "label", "B"),
])
def test_gold_by_text_and_by_label(answer: Any, answer_is: str, label: str) -> None:
    found = question({"question": "Where?", "options": OPTIONS, "answer": answer}, answer_is=answer_is)
    assert (found.answer_label, found.answer) == (label, OPTIONS["ABC".index(label)])
    assert (found.answer_type, found.template, found.verifier) == ("choice", "mcq", "")


def test_a_file_may_name_the_verifier_of_its_open_rows() -> None:
    """Years in words are numbers to `math`; a row with options stays a choice."""
    assert question({"question": "When?", "answer": "twelve"}).answer_type == "text"
    assert question({"question": "When?", "answer": "twelve"}, group="math").answer_type == "math"
    assert question({"question": "When?", "answer": "twelve"}, answer_type="math").answer_type == "math"
    asked = question({"question": "Where?", "options": OPTIONS, "answer": "Rome"}, answer_type="math")
    assert asked.answer_type == "choice"


@pytest.mark.parametrize(("answer", "answer_is", "reason"), [
    ("Bonn", "text", "gold_not_an_option"), ("B", "text", "gold_not_an_option"), ("D", "label", "gold_not_an_option"),
    (3, "index", "gold_not_an_option"), ("2", "label", "gold_not_an_option"),
    ("x", "index", "gold_not_an_option"), ("C. Rome", "text", "label_text_conflict"),
    ("C. Rome", "label", "label_text_conflict"),
])
def test_gold_that_is_no_option(answer: Any, answer_is: str, reason: str) -> None:
    result = one({"question": "Where?", "options": OPTIONS, "answer": answer}, answer_is=answer_is)
    assert isinstance(result, Rejected)
    assert result.reason == reason


@pytest.mark.parametrize(("answer", "found"), [
    (1, "0"), (1.0, "0"),  # places from 0, of a column of floats where another row has none
    (-1, "gold_not_an_option"), ("-1", "gold_not_an_option"),  # a hidden gold, and not the option "-1"
    (4, "gold_not_an_option"), (0.5, "gold_not_an_option"),
])
def test_gold_by_its_number(answer: Any, found: str) -> None:
    result = one({"question": "Which?", "options": ["-1", "0", "1", "0.5"], "answer": answer}, answer_is="index")
    assert (result.reason if isinstance(result, Rejected) else result.records[0].answer) == found


def test_labels_inside_the_options_are_taken_off() -> None:
    found = question({"question": "Where?", "options": ["(A) Paris", "(B) Rome"], "answer": "B"}, answer_is="label")
    assert found.options == ("Paris", "Rome")
    found = question({"question": "Where?", "options": {"A": "Paris", "B": "Rome"}, "answer": "A"}, answer_is="label")
    assert found.answer == "Paris"


def test_options_by_their_numbers_are_in_the_order_of_these() -> None:
    options = {str(number): f"o{number}" for number in range(11)}  # as texts, "10" comes before "2"
    assert question({"question": "Which?", "options": options, "answer": 2}, answer_is="index").answer == "o2"
    assert question({"question": "Which?", "options": options, "answer": "K"}, answer_is="label").answer == "o10"


@pytest.mark.parametrize("answer", ["2", 2, 2.0])  # the last of a column in which another row has no gold
def test_labels_that_are_numbers(answer: Any) -> None:
    values = {"question": "Where?", "options": OPTIONS, "answer": answer, "labels": ["1", "2", "3"]}
    assert question(values, answer_is="label", labels="labels").answer == "Rome"


@pytest.mark.parametrize("options", [["a b", " a  b"], ["2", "2.0"], ["1/2", "$\\frac{1}{2}$"], ["1,000", "1000"]])
def test_equal_options_are_rejected(options: list[str]) -> None:
    result = one({"question": "?", "options": options, "answer": options[0]})
    assert isinstance(result, Rejected)
    assert result.reason == "equal_options"


def test_options_that_differ_by_case_alone_are_told_apart() -> None:
    """Genotypes are: "Bb" is not "bb"."""
    result = one({"question": "Which foal?", "options": ["bb", "Bb", "BB"], "answer": "Bb"})
    assert isinstance(result, Kept)
    assert result.records[0].answer_label == "B"


def test_numbers_that_differ_are_options() -> None:
    assert question({"question": "?", "options": ["2", "2.5", "two"], "answer": "2"}).answer_label == "A"


def test_open_answers() -> None:
    assert question({"question": "How many?", "answer": 12}, group="math").answer_type == "math"
    assert question({"question": "Who?", "answer": "Ada", "options": []}).answer_type == "text"
    # 10 words pass, 11 do not; mathematics has no limit
    ten = "a b c d e f g h i j"
    assert question({"question": "Why?", "answer": ten}).answer == ten
    assert one({"question": "Why?", "answer": ten + " k"}) == Rejected("long_answer", "11 words")
    assert question({"question": "Why?", "answer": ten + " k"}, group="math").answer == ten + " k"
    assert one({"question": "Why?", "answer": " "}, group="math") == Rejected("empty_answer")


@pytest.mark.parametrize(("answer", "reason"), [
    ("(a) 2 (b) 3", "several_answers"), ("1. ⓐ 2\n2. ⓑ 3", "several_answers"), ("ⓐ, ⓒ", "several_answers"),
    ("Answers may vary.", "answers_vary"), ("100. Justifications will vary.", "answers_vary"),
])
def test_answers_that_are_not_one(answer: str, reason: str) -> None:
    assert one({"question": "What are they?", "answer": answer}, group="math") == Rejected(reason, answer)


def test_the_answer_type_follows_from_the_gold() -> None:
    for answer, kind in (("5.9 m/s", "quantity"), ("42", "math"), ("a fox", "text"), ("ⓐ 2", "text")):
        assert question({"question": "What?", "answer": answer}).answer_type == kind


def test_answer_after_takes_what_follows_the_last_mark() -> None:
    found = question({"question": "Sum?", "answer": "1 #### 2\n#### 42"}, answer_after="####", group="math")
    assert found.answer == "42"
    result = one({"question": "Sum?", "answer": "42"}, answer_after="####")
    assert result == Failed("malformed_row", "q.jsonl, row 1, field answer: '####' is not in it")


def test_columns_context_domain_and_lineage() -> None:
    row = {"q": "Who?", "a": "Ada", "text": "Ada came.", "domain": "history"}
    found = question(row, question="q", answer="a", context="text", licence="MIT")
    assert (found.question, found.domain, found.licence) == ("Ada came.\nWho?", "history", "MIT")
    lineage = found.lineage
    assert (lineage.synthesizer, lineage.input_file, lineage.input_row) == ("import", "q.jsonl", 1)
    assert question({"question": "Who?", "answer": "Ada"}, domain="law").domain == "law"
    assert question({"question": "1+1?", "answer": "2"}, group="math").domain == "math"


def test_nulls_of_tables() -> None:
    """pandas writes an integer column with nulls as floats; a column of dicts has in each row the keys of all rows."""
    assert question({"question": "Where?", "options": OPTIONS, "answer": 1.0}, answer_is="index").answer == "Rome"
    found = question({"question": "Where?", "options": {"A": "Paris", "B": "Rome", "C": None}, "answer": "B"},
                     answer_is="label")
    assert found.options == ("Paris", "Rome")


@pytest.mark.parametrize(("values", "words"), [
    ({"answer": "x"}, "field question: is missing"),
    ({"question": "How many?", "answer": float("nan")}, "field answer: is missing"),
    ({"question": "Smile \ud83d", "answer": "x"}, "field question: '\\ud83d' is half a character"),
    ({"question": "Who?", "answer": "x", "options": ["x", "\udfff"]}, "field options: '\\udfff' is half a character"),
    ({"question": "Who?"}, "field answer: is missing"),
    ({"question": "Who?", "answer": {"a": 1}}, "field answer: is a dict, not a text"),
    ({"question": "Who?", "answer": "x", "options": "x or y"}, "field options:"),
    ({"question": "Who?", "answer": "x", "options": ["x"]}, "field options: 1 options"),
    ({"question": "", "answer": "x"}, "field question: is empty"),
])
def test_a_malformed_row_names_file_row_and_field(values: dict[str, Any], words: str) -> None:
    result = one(values)
    assert isinstance(result, Failed)
    assert result.evidence.startswith("q.jsonl, row 1, ")
    assert words in result.evidence


def test_a_gap_in_a_column_is_no_text() -> None:
    found = question({"question": "Who?", "answer": "x", "options": float("nan"), "background": float("nan")},
                     context="background")
    assert (found.question, found.options) == ("Who?", ())


def test_every_format_gives_the_same_rows(tmp_path: Path) -> None:
    rows = [{"question": f"q{i}", "answer": str(i)} for i in range(3)]
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    (tmp_path / "a.jsonl").write_bytes(lines)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines))
    (tmp_path / "a.jsonl.xz").write_bytes(lzma.compress(lines))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    table = pa.Table.from_pylist(rows)
    with pa.ipc.new_file(str(tmp_path / "a.arrow"), table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    with pa.ipc.new_stream(str(tmp_path / "b.arrow"), table.schema) as writer:  # as `datasets` caches are
        writer.write_table(table)
    for name in ("a.jsonl", "a.jsonl.gz", "a.jsonl.xz", "a.parquet", "a.arrow", "b.arrow"):
        found = list(read_rows(QuestionFile(path=str(tmp_path / name), source="s", limit=2)))
        assert [f.values for f in found if isinstance(f, Row)] == rows[:2], name
        assert found[1].id == f"s/{name}:00000002"


def test_a_glob_is_several_files_of_one_entry(tmp_path: Path) -> None:
    """As NuminaMath is published; rows are named by their own files, and the limit is of each."""
    for name in ("train-2", "train-1", "test-1"):
        pq.write_table(pa.Table.from_pylist([{"question": f"{name}, {n}?", "answer": "1"} for n in range(3)]),
                       tmp_path / f"{name}.parquet")
    entry = QuestionFile(path=f"{tmp_path}/train-*.parquet", source="s", limit=2)
    rows = [row for file in files_of(entry) for row in read_rows(file)]
    assert [row.id for row in rows] == [f"s/train-{n}.parquet:0000000{row}" for n in (1, 2) for row in (1, 2)]
    results = [to_question(row, (entry,), 10) for row in rows]
    assert [result.records[0].lineage.input_file for result in results if isinstance(result, Kept)] == [
        "train-1.parquet"] * 2 + ["train-2.parquet"] * 2
    assert [question.question for question in read_question_file(entry)] == [
        "train-1, 0?", "train-1, 1?", "train-2, 0?", "train-2, 1?"]


def test_broken_lines_and_broken_files_are_faults_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"question": "a"}\n{"question": \n[1]\n\xff\xfe\n{"question": "b"}\n' + b"[" * 100_000)
    found = list(read_rows(QuestionFile(path=str(path), source="s")))
    assert [f.id[-1] for f in found if isinstance(f, Row)] == ["1", "5"]
    evidence = [f.evidence for f in found if isinstance(f, Fault)]
    assert evidence[0].startswith("a.jsonl, row 2: no JSON")
    assert evidence[1] == "a.jsonl, row 3: not a JSON object but list"
    assert evidence[3].startswith("a.jsonl, row 6: no JSON: maximum recursion depth exceeded")
    packed = gzip.compress(b'{"question": "a"}\n' * 2000)
    (tmp_path / "b.jsonl.gz").write_bytes(packed[:-10])
    found = list(read_rows(QuestionFile(path=str(tmp_path / "b.jsonl.gz"), source="s")))
    assert [f.reason for f in found if isinstance(f, Fault)] == ["unreadable"]
    changed = bytearray(packed)
    changed[20:30] = b"\xff" * 10  # inside the deflated bytes
    table = pa.table({"question": ["a", "b"]})
    offsets = np.frombuffer(table["question"].chunk(0).buffers()[1], np.int32)[:3].tobytes()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    far = sink.getvalue().to_pybytes().replace(offsets, np.array([0, 1, 2**30], np.int32).tobytes())
    for name, content in (("c.parquet", b"PAR1 is not enough"), ("d.arrow", b"ARROW1 neither"), ("e.arrow", b"no"),
                          ("f.jsonl.gz", bytes(changed)), ("g.arrow", far)):
        (tmp_path / name).write_bytes(content)
        found = list(read_rows(QuestionFile(path=str(tmp_path / name), source="s")))
        assert [f.reason for f in found if isinstance(f, Fault)] == ["unreadable"], name


def test_a_line_deeper_than_the_stack_costs_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"[" * 100_000 + b'\n{"question": "\\ud83d\\ude00?"}\n')
    fault, row = read_rows(QuestionFile(path=str(path), source="s"))
    assert isinstance(fault, Fault)
    assert fault.evidence.startswith("a.jsonl, row 1: no JSON: ")
    assert isinstance(row, Row)
    assert row.values["question"] == "\U0001f600?"


def test_a_gzip_file_with_bytes_changed_is_a_fault_wherever_they_are(tmp_path: Path) -> None:
    """Some changes are seen by the sums of gzip (OSError), some by the decoder (zlib.error), some by JSON."""
    packed = gzip.compress(b"".join(b'{"question": "%d"}\n' % (n * n) for n in range(500)))
    path = tmp_path / "a.jsonl.gz"
    for place in range(20, len(packed) - 20, 37):
        path.write_bytes(packed[:place] + bytes(byte ^ 0x5A for byte in packed[place:place + 4]) + packed[place + 4:])
        assert isinstance(list(read_rows(QuestionFile(path=str(path), source="s")))[-1], Fault)


def test_a_long_field_of_a_csv_file_is_a_field(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"question,answer\n{'x' * 1_000_000},1\nb,2\n")
    first, second = read_rows(QuestionFile(path=str(tmp_path / "a.csv"), source="s"))
    assert isinstance(first, Row)
    assert len(first.values["question"]) == 1_000_000
    assert isinstance(second, Row)


def test_rows_of_csv_end_where_their_quotes_do_and_one_with_a_comma_too_many_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes('\ufeffquestion,answer\r\n"Two\r\n""lines"", é?",3\r\nOne, two?,3\r\nThree?,4\r\n'.encode())
    found = list(read_rows(QuestionFile(path=str(path), source="s")))
    assert [f.values["question"] for f in found if isinstance(f, Row)] == ['Two\r\n"lines", é?', "Three?"]
    assert [f.evidence for f in found if isinstance(f, Fault)] == ["a.csv, row 2: 3 fields, and the head has 2"]


@pytest.mark.parametrize(("name", "separator"), [
    ("a.CSV", ","), ("a.csv.gz", ","), ("a.tsv", "\t"), ("a.tsv.xz", "\t")])
def test_a_table_is_read_by_its_name(name: str, separator: str, tmp_path: Path) -> None:
    content = f'question{separator}answer\n"One,\ttwo?"{separator}3\n'.encode()
    (tmp_path / name).write_bytes({"gz": gzip.compress, "xz": lzma.compress}.get(name[-2:], bytes)(content))
    [row] = read_rows(QuestionFile(path=str(tmp_path / name), source="s"))
    assert isinstance(row, Row)
    assert row.values == {"question": "One,\ttwo?", "answer": "3"}


def test_a_file_without_rows_is_named(tmp_path: Path) -> None:
    for name, content in (("a.jsonl", b""), ("b.csv", b"question,answer\n"), ("c.jsonl.gz", gzip.compress(b""))):
        (tmp_path / name).write_bytes(content)
        found = list(read_rows(QuestionFile(path=str(tmp_path / name), source="s")))
        assert found == [Fault(id=f"s/{name}", reason="empty_file", evidence=f"{name}: the file has no rows")]


def test_a_gold_of_mathematics_is_long_by_its_words_not_by_its_signs() -> None:
    formula = r"x = \frac{1}{2} , y = 3 , z = \sin \theta , w = 4 + 5 - 6 , v = 7 and u = 8"  # one word of 3 letters
    assert question({"question": "What?", "answer": formula}, group="math").answer == formula
    explained = "The rational part is zero because both terms cancel when they are added."  # "is" has 2
    assert one({"question": "What?", "answer": explained}, group="math") == Rejected("long_answer", "12 words")
