"""What is masked and what is not, each a case that someone met."""

import pytest

pytest.importorskip("apache_beam")
from crossthink.dataflow.records import Document
from crossthink.dataflow.stages.passages import cut
from crossthink.dataflow.stages.privacy import count, mask, masked
from crossthink.dataflow.stages.stage import Kept


@pytest.mark.parametrize(("text", "expected"), [
    ("Write to jane.doe+news@mail.harbour.co.uk.", "Write to [EMAIL]."),
    ("jane (at) harbour (dot) org or jo[at]harbour.org", "[EMAIL] or [EMAIL]"),
    ("Call +44 20 7946 0958 now, or +493012345678.", "Call [PHONE] now, or [PHONE]."),
    ("Telephone: 0171 946 0958", "Telephone: [PHONE]"),
    ("(212) 678-3595 and 1-855-846-2895", "[PHONE] and [PHONE]"),
    ("Call +44 20 7946 0958\n1998 was a year", "Call [PHONE]\n1998 was a year"),  # a number ends with its line
    ("Tel.: 020 7946 0958 / 020 7946 0959", "Tel.: [PHONE] / [PHONE]"),
    ("+49 30 12345678 – 030 12345679", "[PHONE] – [PHONE]"),
    ("Telefon: 030 12345678, Tél. : 01 23 45 67 89", "Telefon: [PHONE], Tél. : [PHONE]"),
    ("212.678.3595", "[PHONE]"),
    ("jane[AT]harbour[DOT]org, jo {at} harbour.org", "[EMAIL], [EMAIL]"),
    ("info@почта.рф and info@xn--80a1acny.xn--p1ai", "[EMAIL] and [EMAIL]"),
    ("See http://93.184.216.34:80/a, IP:93.184.216.34", "See http://[IP]:80/a, IP:[IP]"),
    ("2606:4700:: and 2606:2800:220:1:248:1893:25c8:1946: no answer", "[IP] and [IP]: no answer"),
    ("The attack came from 93.184.216.34 at night.", "The attack came from [IP] at night."),
    ("o'brien@acme.com, 'jane@acme.com' and O’Neil (at) acme.com", "[EMAIL], '[EMAIL]' and [EMAIL]"),
    ("+1 212 678 3595, +12126783595, +1 (212) 678-3595, +1212-678-3595", "[PHONE], [PHONE], [PHONE], [PHONE]"),
    ("+7 (495) 123-45-67, +353 1 234 5678, +34 612 345 678, 0044 20 7946 0958", "[PHONE], [PHONE], [PHONE], [PHONE]"),
    ("Its IP address 8.8.4.4", "Its IP address [IP]"),
    ("2606:2800:220:1:248:1893:25c8:1946 answered", "[IP] answered"),
])
def test_masked(text: str, expected: str) -> None:
    assert masked(text) == expected
    assert count(expected) == expected.count("[")


@pytest.mark.parametrize("text", [
    "user@example.com and first@coauthor.example.org are nobody's.", "http://localhost@other.com/ is a trick.",
    "Follow @jane and look at 5 (at) noon.", "a@b", "The router is 192.168.0.1, the loopback 127.0.0.1.",
    "Use 224.0.0.251 to find printers.", "Chrome 118.0.5993.117 and version 93.12.4.1 of the driver",
    "Lucee CFML 5.3.6.61 came out.", "See section 21.4.3.2 of the norm.", "4.4.3.2 Scope\nof it",
    "+10 000 000 people", "population +12 345 678", "x = +1234567890123", "+12 345 678 901", "+30 000 000 a year",
    "+28 123 456 789 has no country",
    "x = +12 +345 +6789, 10 + 20 + 30", "The sum is +1234567.", "In 1914-1918 and 2020-2021, pages 100-200",
    "ISBN 978-3-16-148410-0", "It costs 1,234,567.89 or 555-1234567.", "12:30:45 and std::vector a::b dead::beef",
    "The mobile 2010-2015 report, by fax 2024-03-01", "gains of +12 2001 2002 2003 2004 2005", "1.212.678.3595.2",
    "at 10:93.184.216.34 and Safari/93.184.216.34",
    "00:1B:44:11:3A:B7 is a MAC.", "Call me at 5. I phone 2 friends.", "pi is 3.14159265358979", "2024-03-01 10:20:30",
])
def test_left(text: str) -> None:
    assert masked(text) == text


def test_passages_are_cut_from_the_masked_text() -> None:
    text = "Write to jane@harbour.org, who knows the harbour and the boats that lie in it all through the winter. " * 3
    result = mask(Document(id="f@0", url="u", crawl_date="d", warc_file="f", warc_offset=0, title="T", text=text,
                           language="en"))
    assert isinstance(result, Kept)
    passages = cut(result.records[0], 40, 9)
    assert isinstance(passages, Kept)
    for passage in passages.records:
        assert result.records[0].text[passage.span_start:passage.span_end] == passage.text
        assert passage.masked == passage.text.count("[EMAIL]") == 2
