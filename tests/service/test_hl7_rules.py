#!/usr/bin/python3
"""The rules of visits, end to end: ADT messages over MLLP into the real gateway and registry; what counts is read from the
registry's feed. Each scenario runs four times, with persons and numbers of its own: as it stands; with every message
sent twice; with every message written anew (other MSH-7 and MSH-10), all of them once more and backwards at the end; and,
where the order is not its point, with its messages in an order chosen at random (LC_TEST_RANDOM sets the seed)."""
import json
import os
import random
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import hl7_harness as hl7
from hl7_harness import Adt

PLAIN, TWICE, RESTAMPED, SHUFFLED = "plain", "twice", "restamped", "shuffled"


class Run:
    """One run of one scenario."""

    def __init__(self, case, stack, links, tag, mode, rng):
        self.case, self.stack, self.links, self.tag, self.mode, self.rng = case, stack, links, tag, mode, rng
        self.after = stack.head()
        self.sent = []  # (facility, message, what it is answered), of those that were taken
        self.wanted = ()

    # --- Names ---
    def rid(self):
        return hl7.resident_id()

    def local(self, name):
        return f"L{self.tag}{name}"

    def visit(self, name="1"):
        return f"V{self.tag}{name}"

    # --- Steps ---
    def send(self, message, answer="AA", encoding="utf-8", change=bytes):
        """answer: the whole of it, "AA" alone also with a warning. change: what a sender makes of the bytes."""
        if answer == "AA":
            self.sent.append((message, encoding, change))
        if self.mode == SHUFFLED:
            return
        self._call(message, encoding, change, answer)
        if self.mode == TWICE:
            self._call(message, encoding, change, answer)
        elif self.mode == RESTAMPED:
            self._call(message.restamped(), encoding, change, answer)

    def expect(self, *wanted):
        self.wanted = wanted
        if self.mode != SHUFFLED:
            self._check()

    def registrar(self, **command):
        line = {"occurred_at": "2026-07-06T08:00:00+08:00", **command}
        self.stack.submit(f"registrar-{self.tag}.jsonl", json.dumps(line) + "\n", "--key",
                          self.stack.city / "secret/registrar.key")

    def finish(self):
        if self.mode == RESTAMPED:
            for message, encoding, change in reversed(self.sent):
                self._call(message.restamped(), encoding, change, "AA")
        elif self.mode == SHUFFLED:
            self.rng.shuffle(self.sent)
            for message, encoding, change in self.sent:
                self._call(message, encoding, change, "AA")
        else:
            return
        self._check()

    # --- Inside ---
    def _call(self, message, encoding, change, want):
        got = self.links[message.facility].call(change(message.encode(encoding)))
        self.case.assertEqual(got.control_id.decode(), message.control)
        text = got.text[:2] if want == "AA" else got.text
        self.case.assertEqual(text, want, f"{message.trigger}: {got.payload!r}")

    def _check(self):
        counts = hl7.Counts(self.stack.events(self.after))
        wrong = []
        for line in self.wanted:
            name, value = line.rsplit("=", 1)
            got = counts.number(name)
            if got != int(value):
                wrong.append(f"{name.strip()} is {got}, not {value.strip()}")
        self.case.assertEqual(wrong, [], [f"{m.trigger} {m.recorded}" for m, _, _ in self.sent])


# --- Scenarios --------------------------------------------------------------------------------------------------------

def worked_example(s):
    """The example of the design: an unnamed emergency turns out to be somebody, a visit is taken back, and then the number
    on the card turns out to have been borrowed."""
    x, u = s.rid(), s.local("u")
    s.send(Adt("A04", "H1", s.visit("1"), "O", [(x, "NI")], "07030900"))
    s.send(Adt("A04", "H2", s.visit("2"), "E", [(u, "MR")], "07031000"))
    s.send(Adt("A04", "H2", s.visit("3"), "E", [(u, "MR")], "07041000"))
    s.expect("city day 0703 = 2", "city day 0704 = 1", "city year = 2", "yanling-01 day 0703 = 1")
    s.send(Adt("A31", "H2", ids=[(u, "MR"), (x, "NI")], at="07051000", pv1=False))
    s.expect("city day 0703 = 1", "city day 0704 = 1", "city year = 1", "yanling-01 day 0703 = 1", "yanling-01 year = 1")
    s.send(Adt("A11", "H2", s.visit("2"), "E", [(u, "MR")], "07031000", recorded="07051100"))
    s.expect("city day 0703 = 1", "city day 0703 visits = 1", "yanling-01 day 0703 = 0", "city day 0704 = 1",
             "city year = 1", "yanling-01 year visits = 1")
    if s.mode == SHUFFLED:
        return
    s.registrar(separate_persons={
        "first": {"local_ids": [{"kind": "IDENTIFIER_KIND_MEDICAL_RECORD", "value": u, "domain": "yanling-01"}]},
        "second": {"resident_id": x}, "reason": "the card was borrowed"})
    s.expect("city day 0703 = 1", "city day 0704 = 1", "city year = 2", "411024 year = 1", "411002 year = 1")


def already_in_bed(s):
    """The feed begins while people are in hospital: what proves a stay makes the visit, from its beginning."""
    a, b, c = s.local("a"), s.local("b"), s.local("c")
    s.send(Adt("A02", "H1", s.visit("1"), "I", [(a, "MR")], "07031200", opened="06280800", department="ICU"))
    s.send(Adt("A03", "H1", s.visit("2"), "I", [(b, "MR")], "07031300", opened="06290800"))
    s.send(Adt("A12", "H1", s.visit("3"), "I", [(c, "MR")], "07031400", opened="06300800"))
    s.expect("city day 0628 = 1", "city day 0629 = 1", "city day 0630 = 0", "city year = 2", "city year visits = 2")
    s.send(Adt("A01", "H1", s.visit("1"), "I", [(a, "MR")], "06280800"))
    s.send(Adt("A13", "H1", s.visit("2"), "I", [(b, "MR")], "07041300", opened="06290800"))
    s.expect("city day 0628 = 1", "city day 0629 = 1", "city day 0630 = 0", "city year = 2", "city year visits = 2")


def cancel_before_open(s):
    a = s.local("a")
    s.send(Adt("A11", "H1", s.visit(), "O", [(a, "MR")], "07030900", recorded="07031000"))
    s.send(Adt("A04", "H1", s.visit(), "O", [(a, "MR")], "07030900"))
    s.expect("city year visits = 0", "city year = 0")


def number_used_again(s):
    """Recorded later than its cancellation, the number is another visit, of whomever it names."""
    p, q = s.rid(), s.rid()
    s.send(Adt("A04", "H1", s.visit(), "O", [(p, "NI"), (s.local("p"), "MR")], "07030900"))
    s.send(Adt("A11", "H1", s.visit(), "O", [(p, "NI"), (s.local("p"), "MR")], "07030900", recorded="07031000"))
    s.expect("city year = 0", "city year visits = 0")
    s.send(Adt("A04", "H1", s.visit(), "O", [(q, "NI"), (s.local("q"), "MR")], "07041100"))
    s.send(Adt("A08", "H1", s.visit(), "O", [(p, "NI"), (s.local("p"), "MR")], "07030900", recorded="07030930"))
    s.send(Adt("A04", "H2", s.visit("2"), "O", [(q, "NI")], "07041500"))
    s.expect("city day 0703 = 0", "city day 0704 = 1", "city year = 1", "city year visits = 2")


def merge_and_what_comes_late(s):
    a, b = s.local("a"), s.local("b")
    s.send(Adt("A04", "H1", s.visit("1"), "O", [(a, "MR")], "07030900"))
    s.send(Adt("A04", "H1", s.visit("2"), "O", [(b, "MR")], "07031000"))
    s.expect("city day 0703 = 2", "city year = 2")
    s.send(Adt("A40", "H1", ids=[(a, "MR")], merge=[(b, "MR")], at="07040900", pv1=False))
    s.expect("city day 0703 = 1", "city year = 1", "city day 0703 visits = 2", "weidu-01 day 0703 = 1")
    s.send(Adt("A40", "H1", ids=[(b, "MR")], merge=[(a, "MR")], at="07050900", pv1=False), "AE 205")
    s.send(Adt("A40", "H1", ids=[(a, "MR")], merge=[(a, "MR")], at="07050900", pv1=False, version="2.4"), "AE 205")
    s.send(Adt("A04", "H1", s.visit("3"), "O", [(b, "MR")], "07060900"))
    s.send(Adt("A04", "H1", s.visit("4"), "O", [(a, "MR")], "07061000"))
    s.expect("city day 0703 = 1", "city day 0706 = 1", "city year = 1", "city year visits = 4")


def merge_of_an_unknown_number(s):
    """The prior number was never seen: the alias is kept for what comes under it."""
    a, b = s.local("a"), s.local("b")
    s.send(Adt("A40", "H1", ids=[(a, "MR")], merge=[(b, "MR")], at="07010900", pv1=False))
    s.send(Adt("A04", "H1", s.visit("1"), "O", [(b, "MR")], "07030900"))
    s.send(Adt("A04", "H1", s.visit("2"), "O", [(a, "MR")], "07031000"))
    s.expect("city day 0703 = 1", "city year = 1", "city day 0703 visits = 2")


def merge_of_two_citizens(s):
    """A hospital cannot make one person of two resident identity numbers: accepted, and left to a registrar."""
    a, b = s.local("a"), s.local("b")
    s.send(Adt("A04", "H1", s.visit("1"), "O", [(a, "MR"), (s.rid(), "NI")], "07030900"))
    s.send(Adt("A04", "H1", s.visit("2"), "O", [(b, "MR"), (s.rid(), "NI")], "07031000"))
    s.send(Adt("A40", "H1", ids=[(a, "MR")], merge=[(b, "MR")], at="07040900", pv1=False))
    s.expect("city day 0703 = 2", "city year = 2")


def identity_before_the_visit(s):
    x, a = s.rid(), s.local("a")
    s.send(Adt("A28", "H1", ids=[(a, "MR"), (x, "NI")], at="07020900", pv1=False))
    s.send(Adt("A04", "H1", s.visit("1"), "O", [(a, "MR")], "07030900"))
    s.send(Adt("A04", "H2", s.visit("2"), "O", [(x, "NI")], "07031000"))
    s.expect("city day 0703 = 1", "city year = 1", "411002 day 0703 = 1", "411024 day 0703 = 1")


def person_facts_open_nothing(s):
    a = s.local("a")
    s.send(Adt("A31", "H1", s.visit(), "I", [(a, "MR")], "07030900"))
    s.send(Adt("A28", "H1", s.visit(), "I", [(a, "MR")], "07030900"))
    s.send(Adt("A40", "H1", s.visit(), "I", [(a, "MR")], "07040900", merge=[(s.local("b"), "MR")]))
    s.expect("city year visits = 0", "city year = 0")


def visit_of_somebody_else(s):
    """A45: the visit goes to the person it should have been recorded under."""
    p, q = s.local("p"), s.local("q")
    s.send(Adt("A04", "H1", s.visit("1"), "O", [(p, "MR")], "07030900"))
    s.send(Adt("A04", "H1", s.visit("2"), "O", [(p, "MR")], "07031000"))
    s.expect("city day 0703 = 1", "city year visits = 2")
    s.send(Adt("A45", "H1", s.visit("1"), "O", [(q, "MR")], "07030900", recorded="07040900", merge=[(p, "MR")],
               merge_visit=s.visit("1")))
    s.expect("city day 0703 = 2", "city year = 2", "city year visits = 2")


def renumbered(s):
    """A50: the old number's visit goes on under the new one."""
    p = s.local("p")
    s.send(Adt("A04", "H1", s.visit("1"), "O", [(p, "MR")], "07030900"))
    s.send(Adt("A50", "H1", s.visit("2"), "O", [(p, "MR")], "07030900", recorded="07031000", merge=[(p, "MR")],
               merge_visit=s.visit("1")))
    s.send(Adt("A08", "H1", s.visit("2"), "O", [(p, "MR")], "07030900", recorded="07031100"))
    s.expect("city day 0703 = 1", "city year visits = 1")
    s.send(Adt("A50", "H1", s.visit("2"), "O", [(p, "MR")], "07030900", recorded="07031000",
               merge=[(p, "MR")]), "AE 101")
    s.send(Adt("A11", "H1", s.visit("2"), "O", [(p, "MR")], "07030900", recorded="07031200"))
    s.expect("city day 0703 = 0", "city year visits = 0")


def pre_admission(s):
    a, b, c = s.local("a"), s.local("b"), s.local("c")
    s.send(Adt("A05", "H1", s.visit("1"), "I", [(a, "MR")], "07010900"))
    s.send(Adt("A05", "H1", s.visit("2"), "I", [(b, "MR")], "07010900"))
    s.send(Adt("A05", "H1", s.visit("3"), "P", [(c, "MR")], "07010900"))
    s.expect("city year visits = 0")
    s.send(Adt("A01", "H1", s.visit("1"), "I", [(a, "MR")], "07030900"))
    s.send(Adt("A38", "H1", s.visit("2"), "I", [(b, "MR")], "07010900", recorded="07021000"))
    s.expect("city day 0703 = 1", "city day 0701 = 0", "city year visits = 1")
    s.send(Adt("A38", "H1", s.visit("1"), "I", [(a, "MR")], "07010900", recorded="07041000"))
    s.expect("city day 0703 = 1", "city day 0701 = 0", "city year visits = 1", "city day 0703 inpatient = 1")


def class_changes(s):
    a = s.local("a")
    s.send(Adt("A04", "H1", s.visit(), "E", [(a, "MR")], "07030900"))
    s.expect("city day 0703 emergency = 1", "city day 0703 inpatient = 0")
    s.send(Adt("A06", "H1", s.visit(), "I", [(a, "MR")], "07031200", opened="07030900"))
    s.expect("city day 0703 = 1", "city day 0703 emergency = 0", "city day 0703 inpatient = 1",
             "city day 0703 visits inpatient = 1", "city day 0703 visits = 1")
    s.send(Adt("A07", "H1", s.visit(), "O", [(a, "MR")], "07040800", opened="07030900"))
    s.expect("city day 0703 = 1", "city day 0703 emergency = 0", "city day 0703 inpatient = 0",
             "city day 0703 outpatient = 1", "city day 0703 visits = 1")


def beginning_corrected(s):
    a = s.local("a")
    s.send(Adt("A04", "H1", s.visit(), "O", [(a, "MR")], "07030900"))
    s.send(Adt("A08", "H1", s.visit(), "O", [(a, "MR")], "07020900", recorded="07031000"))
    s.send(Adt("A08", "H1", s.visit(), "O", [(a, "MR")], "07010900", recorded="07030930"))
    s.expect("city day 0701 = 0", "city day 0702 = 1", "city day 0703 = 0", "city year visits = 1")


def moves_and_ends_change_nothing(s):
    a = s.local("a")
    s.send(Adt("A01", "H1", s.visit(), "I", [(a, "MR")], "07030900", department="A"))
    s.send(Adt("A02", "H1", s.visit(), "I", [(a, "MR")], "07041000", opened="20120101000000", department="B"))
    s.send(Adt("A12", "H1", s.visit(), "I", [(a, "MR")], "07041100", opened="20200101000000", department="A"))
    s.send(Adt("A03", "H1", s.visit(), "I", [(a, "MR")], "07051000", opened="07030900"))
    s.send(Adt("A13", "H1", s.visit(), "I", [(a, "MR")], "07051100", opened="07030900"))
    s.expect("city day 0703 = 1", "city year = 1", "city all visits = 1", "city day 0704 = 0", "city day 0705 = 0")


def deleted(s):
    """A23 takes the visit back; a person can be forgotten (A29) once no visit counts any more."""
    a = s.local("a")
    s.send(Adt("A04", "H1", s.visit(), "O", [(a, "MR")], "07030900"))
    s.send(Adt("A29", "H1", ids=[(a, "MR")], at="07031000", pv1=False), "AE 206")
    s.send(Adt("A23", "H1", s.visit(), "O", [(a, "MR")], "07030900", recorded="07031100"))
    s.expect("city year = 0", "city year visits = 0")


def linked_and_unlinked(s):
    a, b = s.local("a"), s.local("b")
    s.send(Adt("A04", "H1", s.visit("1"), "O", [(a, "MR")], "07030900"))
    s.send(Adt("A04", "H1", s.visit("2"), "O", [(b, "MR")], "07031000"))
    s.send(Adt("A24", "H1", ids=[(a, "MR")], at="07040900", pv1=False, extra=[f"PID|2||{b}^^^^MR"]))
    s.expect("city day 0703 = 1", "city year = 1")
    s.send(Adt("A37", "H1", ids=[(a, "MR")], at="07050900", pv1=False, extra=[f"PID|2||{b}^^^^MR"]))
    s.expect("city day 0703 = 2", "city year = 2")


def number_changed(s):
    """A47: the old number is another name of the new one."""
    a, b = s.local("a"), s.local("b")
    s.send(Adt("A04", "H1", s.visit("1"), "O", [(a, "MR")], "07030900"))
    s.send(Adt("A47", "H1", ids=[(b, "MR")], merge=[(a, "MR")], at="07040900", pv1=False))
    s.send(Adt("A04", "H1", s.visit("2"), "O", [(b, "MR")], "07031000", recorded="07041000"))
    s.expect("city day 0703 = 1", "city year = 1", "city year visits = 2")


def card_with_two_numbers(s):
    """Two valid resident identity numbers never join through a weak id."""
    a = s.local("a")
    s.send(Adt("A04", "H1", s.visit("1"), "O", [(a, "IDCard"), (s.rid(), "IdentifyNO")], "07030900"))
    s.send(Adt("A04", "H1", s.visit("2"), "O", [(a, "IDCard"), (s.rid(), "IdentifyNO")], "07031000"))
    s.expect("city day 0703 = 2", "city year = 2")


def old_and_new_form(s):
    """15 and 18 characters, and a lower case x, are one number."""
    x = s.rid()
    while x[17] != "X" or x[6:8] != "19":
        x = s.rid()
    s.send(Adt("A04", "H1", s.visit("1"), "O", [(x, "NI")], "07030900"))
    s.send(Adt("A04", "H2", s.visit("2"), "O", [(x[:6] + x[8:17], "NI")], "07030900"))
    s.send(Adt("A04", "H3", s.visit("3"), "O", [(x.lower(), "NI")], "07030900"))
    s.expect("city day 0703 = 1", "411002 day 0703 = 1", "411024 day 0703 = 1", "weidu-01 day 0703 = 1",
             "weidu-02 day 0703 = 1", "city day 0703 visits = 3")


def number_that_fails_its_check(s):
    x = s.rid()
    bad = x[:17] + ("0" if x[17] != "0" else "1")
    s.send(Adt("A04", "H1", s.visit("1"), "O", [(s.local("a"), "MR"), (bad, "NI")], "07030900"))
    s.send(Adt("A04", "H2", s.visit("2"), "O", [(s.local("b"), "MR"), (bad, "NI")], "07030900"))
    s.expect("city day 0703 = 2", "city year = 2")


def classes_that_do_not_count(s):
    s.send(Adt("A04", "H1", s.visit("1"), "T", [(s.local("a"), "MR")], "07030900"))
    s.expect("city year visits = 0", "city year = 0")
    s.send(Adt("A04", "H1", s.visit("2"), "99", [(s.local("b"), "MR")], "07030900"))
    s.send(Adt("A04", "H1", s.visit("3"), "DAY CASE", [(s.local("b"), "MR")], "07030900"))
    s.send(Adt("A04", "H1", s.visit("4"), "B", [(s.local("c"), "MR")], "07030900"))
    s.send(Adt("A04", "H1", s.visit("5"), "R", [(s.local("c"), "MR")], "07030900"))
    s.expect("city day 0703 visits = 4", "city day 0703 visits other = 2", "city day 0703 = 2",
             "city day 0703 other = 0", "city day 0703 inpatient = 1", "city day 0703 outpatient = 1")


def no_visit_number(s):
    """One is made of what the message says; the same statement makes the same number."""
    a = s.local("a")
    s.send(Adt("A04", "H1", "", "O", [(a, "MR")], "07030900"))
    s.send(Adt("A04", "H1", "", "O", [(a, "MR")], "07040900"))
    s.expect("city day 0703 = 1", "city day 0704 = 1", "city year = 1", "city year visits = 2")


def times(s):
    a = s.local("a")
    s.send(Adt("A04", "H1", s.visit("1"), "O", [(a, "MR")], "2026-07-03T09:00:00"))
    s.send(Adt("A04", "H1", s.visit("2"), "O", [(a, "MR")], "20260703233000+0000"))  # already the 4th here
    s.send(Adt("A04", "H1", s.visit("3"), "O", [(a, "MR")], "20260705"))
    s.send(Adt("A04", "H1", s.visit("4"), "O", [(a, "MR")], "07060900", opened="01/15/2025"), "AE 102")
    s.send(Adt("A04", "H1", s.visit("5"), "O", [(a, "MR")], "07060900", opened="2026"), "AE 102")
    s.expect("city day 0703 visits = 1", "city day 0704 visits = 1", "city day 0705 visits = 1", "city year = 1",
             "city day 0706 visits = 0", "city year visits = 3")


def late(s):
    """Recorded in August, begun in January: it counts in January."""
    s.send(Adt("A04", "H1", s.visit(), "O", [(s.local("a"), "MR")], "01020900", recorded="08150900"))
    s.expect("city day 0102 = 1", "city month 01 = 1", "city month 08 = 0", "city year = 1")


def same_person_in_three_houses(s):
    x = s.rid()
    s.send(Adt("A04", "H1", s.visit("1"), "O", [(x, "NI")], "07030900"))
    s.send(Adt("A04", "H3", s.visit("2"), "E", [(x, "NI")], "07031100"))
    s.send(Adt("A01", "H2", s.visit("3"), "I", [(x, "NI")], "07031500"))
    s.expect("city day 0703 = 1", "411002 day 0703 = 1", "411024 day 0703 = 1", "weidu-01 day 0703 = 1",
             "weidu-02 day 0703 = 1", "yanling-01 day 0703 = 1", "city day 0703 inpatient = 1",
             "city day 0703 outpatient = 1", "city day 0703 emergency = 1", "411002 day 0703 inpatient = 0",
             "city day 0703 visits = 3", "city day 0703 one_card = 3")


def rescue_circle(s):
    def emergency(trigger, name, called, arrived, urban, recorded):
        return Adt(trigger, "H1", s.visit(name), "E", [(s.local(name), "MR")], "07030900", recorded=recorded,
                   z=[f"ZRC|{called}|{arrived}|{urban}"])
    s.send(emergency("A04", "1", "20260703083000", "20260703090000", "Y", "07030901"))  # 30 minutes
    s.send(emergency("A04", "2", "20260703082900", "20260703090000", "Y", "07030901"))  # 31
    s.send(emergency("A04", "3", "20260703070000", "20260703090000", "N", "07030901"))  # 120
    s.send(emergency("A04", "4", "20260703065900", "20260703090000", "N", "07030901"))  # 121
    s.send(Adt("A04", "H1", s.visit("5"), "E", [(s.local("5"), "MR")], "07030900"))
    s.expect("city day 0703 visits = 5", "city day 0703 urban_within_30_minutes = 1",
             "411002 day 0703 urban_within_120_minutes = 1", "weidu-01 day 0703 rural_within_120_minutes = 1",
             "city year rural_later = 1", "city year urban_later = 0")
    s.send(emergency("A08", "1", "20260703060000", "20260703090000", "Y", "07031000"))
    s.send(Adt("A11", "H1", s.visit("4"), "E", [(s.local("4"), "MR")], "07030900", recorded="07031000"))
    s.expect("city day 0703 visits = 4", "city day 0703 urban_within_30_minutes = 0", "city day 0703 urban_later = 1",
             "city day 0703 urban_within_120_minutes = 1", "city day 0703 rural_within_120_minutes = 1",
             "city day 0703 rural_later = 0")


def trigger_is_in_the_header(s):
    """EVN-1 contradicts MSH-9.2, which decides."""
    s.send(Adt("A04", "H1", s.visit(), "O", [(s.local("a"), "MR")], "07030900", event="A11"))
    s.expect("city day 0703 = 1")


def without_effect(s):
    a = s.local("a")
    for trigger in ("A09", "A10", "A14", "A15", "A16", "A17", "A20", "A21", "A22", "A25", "A26", "A27", "A35", "A41",
                    "A54", "A55", "A60", "A61", "A62", "A64"):
        s.send(Adt(trigger, "H1", s.visit(), "I", [(a, "MR")], "07030900", extra=[f"PID|2||{s.local('b')}^^^^MR"]))
    s.expect("city year visits = 0", "city year = 0")


def refused(s):
    a = s.local("a")
    for change, answer in (({"trigger": "A42"}, "AR 201"), ({"trigger": "ZP1"}, "AR 201"), ({"code": "ORU"}, "AR 200"),
                           ({"version": "3.0"}, "AR 203"), ({"ids": []}, "AE 101"), ({"at": "yesterday"}, "AE 102")):
        fields = {"trigger": "A04", "facility": "H1", "visit": s.visit(), "ids": [(a, "MR")], "at": "07030900", **change}
        s.send(Adt(**fields), answer)
    s.send(Adt("A04", "H1", s.visit(), "O", [(a, "MR", "yanling-01")], "07030900"), "AE 204")
    s.expect("city year visits = 0", "city year = 0")


def charsets(s):
    """The second bytes of these characters look like | \\ ^ ~ : who splits before converting finds other fields."""
    name = "王珅^李昞鸮珇"
    raw = name.encode("gb18030")
    assert all(bytes([c]) in raw for c in (0x7C, 0x5C, 0x5E, 0x7E)), raw
    for i, (charset, msh17) in enumerate((("GB18030", ""), ("GBK", ""), ("GB 18030-2000", ""), ("", ""), ("", "gbk"),
                                          ("UNICODE UTF-8", ""))):
        s.send(Adt("A04", "H1", s.visit(f"g{i}"), "O", [(s.local(f"g{i}"), "MR")], "07030900", name=name,
                   charset=charset, msh17=msh17), encoding="gb18030")
    s.send(Adt("A04", "H1", s.visit("u1"), "O", [(s.local("u1"), "MR")], "07030900", name=name,
               charset="UNICODE UTF-8"))
    s.send(Adt("A04", "H1", s.visit("u2"), "O", [(s.local("u2"), "MR")], "07030900", name=name, charset="GB18030"))
    s.expect("city day 0703 = 8", "city day 0703 visits = 8")


def number_in_every_repetition(s):
    """Empty and deleted repetitions are none; the resident identity number may come last."""
    x = s.rid()
    s.send(Adt("A04", "H1", s.visit("1"), "O", [('""', "MR"), ("", "PI"), (x, "IdentifyNO")], "07030900"))
    s.send(Adt("A04", "H2", s.visit("2"), "O", [(s.local("a"), "PatientNO"), (x, "NI")], "07030900"))
    s.expect("city day 0703 = 1", "city day 0703 visits = 2")


def as_senders_write_it(s):
    """Habits of form that are no errors."""
    def swapped(raw):
        return raw.translate(bytes.maketrans(b"|^", b"^|"))
    changes = {
        "bom": lambda raw: b"\xef\xbb\xbf" + raw,
        "returns before": lambda raw: b"\r\n" + raw,
        "line feeds": lambda raw: raw.replace(b"\r", b"\n"),
        "both": lambda raw: raw.replace(b"\r", b"\r\n"),
        "no final return": lambda raw: raw.rstrip(b"\r"),
        "three characters": lambda raw: raw.replace(b"MSH|^~\\&|", b"MSH|^~\\|"),
        "five characters": lambda raw: raw.replace(b"MSH|^~\\&|", b"MSH|^~\\&#|"),
        "other delimiters": swapped,
    }
    for number, change in enumerate(changes.values()):
        s.send(Adt("A04", "H1", s.visit(f"f{number}"), "O", [(s.local(f"f{number}"), "MR")], "07030900", name="张^三"),
               change=change)
    s.expect(f"city day 0703 = {len(changes)}", f"city day 0703 visits = {len(changes)}")


def movement_taken_back(s):
    """ZBE says which opening a cancellation means: the other one stands, though it was recorded before."""
    a = s.local("a")

    def opening(trigger, movement, action, recorded):
        return Adt(trigger, "H1", s.visit(), "O", [(a, "MR")], "07030900", recorded=recorded,
                   extra=[f"ZBE|{s.tag}{movement}|20260703090000||{action}|N|A04"])
    s.send(opening("A04", "m1", "INSERT", "07030910"))
    s.send(opening("A04", "m2", "INSERT", "07030920"))
    s.send(opening("A11", "m1", "CANCEL", "07031200"))
    s.expect("city day 0703 = 1", "city day 0703 visits = 1")
    s.send(opening("A11", "m2", "CANCEL", "07031300"))
    s.expect("city day 0703 = 0", "city day 0703 visits = 0")


def class_change_with_another_number(s):
    """A06: the outpatient's number is given up for an inpatient's; MRG-5 names it. One visit."""
    a = s.local("a")
    s.send(Adt("A04", "H1", s.visit("o"), "O", [(a, "MR")], "07030900"))
    s.send(Adt("A06", "H1", s.visit("i"), "I", [(a, "MR")], "07031200", opened="07030900", merge=[(a, "MR")],
               merge_visit=s.visit("o")))
    s.expect("city day 0703 visits = 1", "city day 0703 inpatient = 1", "city day 0703 outpatient = 0")
    s.send(Adt("A03", "H1", s.visit("o"), "O", [(a, "MR")], "07031100", opened="07030900"))
    s.expect("city day 0703 visits = 1", "city day 0703 inpatient = 1", "city day 0703 outpatient = 0")


def older_merges(s):
    """The triggers of earlier versions that merge persons, and several pairs in one message."""
    for number, trigger in enumerate(("A18", "A30", "A34", "A36", "A39", "A40")):
        a, b = s.local(f"a{number}"), s.local(f"b{number}")
        s.send(Adt("A04", "H1", s.visit(f"a{number}"), "O", [(a, "MR")], "07030900"))
        s.send(Adt("A04", "H1", s.visit(f"b{number}"), "O", [(b, "MR")], "07031000"))
        s.send(Adt(trigger, "H1", ids=[(a, "MR")], merge=[(b, "MR")], at="07040900", pv1=False))
    s.expect("city day 0703 = 6", "city day 0703 visits = 12", "city year = 6")
    s.send(Adt("A40", "H1", ids=[(s.local("a0"), "MR")], merge=[(s.local("a1"), "MR")], at="07050900", pv1=False,
               extra=[f"PID|2||{s.local('a2')}^^^^MR", f"MRG|{s.local('a3')}^^^^MR"]))
    s.expect("city day 0703 = 4", "city year = 4")


def merges_all_or_none(s):
    """The second pair makes a loop: nothing of the message holds."""
    names = [s.local(f"a{i}") for i in range(3)]
    for number, name in enumerate(names):
        s.send(Adt("A04", "H1", s.visit(f"{number}"), "O", [(name, "MR")], "07030900"))
    s.send(Adt("A40", "H1", ids=[(names[0], "MR")], merge=[(names[1], "MR")], at="07050900", pv1=False,
               extra=[f"PID|2||{names[2]}^^^^MR", f"MRG|{names[2]}^^^^MR"]), "AE 205")
    s.expect("city day 0703 = 3", "city year = 3")


def unmerged_by_a_registrar(s):
    """Taking a merge back is exact, and stays taken back whatever the hospital says again."""
    a, b = s.local("a"), s.local("b")
    s.send(Adt("A04", "H1", s.visit("1"), "O", [(a, "MR")], "07030900"))
    s.send(Adt("A04", "H1", s.visit("2"), "O", [(b, "MR")], "07031000"))
    s.send(Adt("A40", "H1", ids=[(a, "MR")], merge=[(b, "MR")], at="07040900", pv1=False))
    s.expect("city day 0703 = 1", "city year = 1")
    if s.mode == SHUFFLED:
        return
    cards = [{"local_ids": [{"kind": "IDENTIFIER_KIND_MEDICAL_RECORD", "value": name, "domain": "weidu-01"}]}
             for name in (a, b)]
    s.registrar(separate_persons={"first": cards[0], "second": cards[1], "reason": "merged by mistake"})
    s.expect("city day 0703 = 2", "city year = 2")


def enhanced_mode_by_habit(s):
    """The sender writes AL into MSH-15 and MSH-16 and waits for AA: the feed is set to the original mode."""
    s.send(Adt("A04", "H1", s.visit(), "O", [(s.local("a"), "MR")], "07030900"),
           change=lambda raw: raw.replace(b"|P|2.5|||||", b"|P|2.5|||AL|AL|"))
    s.expect("city day 0703 = 1")


# What they are about is an order, or an answer that depends on it.
ORDERED = [deleted]
SCENARIOS = [worked_example, already_in_bed, cancel_before_open, number_used_again, merge_and_what_comes_late,
             merge_of_an_unknown_number, merge_of_two_citizens, identity_before_the_visit, person_facts_open_nothing,
             visit_of_somebody_else, renumbered, pre_admission, class_changes, beginning_corrected,
             moves_and_ends_change_nothing, deleted, linked_and_unlinked, number_changed, card_with_two_numbers,
             old_and_new_form, number_that_fails_its_check, classes_that_do_not_count, no_visit_number, times, late,
             same_person_in_three_houses, rescue_circle, trigger_is_in_the_header, without_effect, refused, charsets,
             number_in_every_repetition, as_senders_write_it, movement_taken_back, class_change_with_another_number,
             older_merges, merges_all_or_none, unmerged_by_a_registrar, enhanced_mode_by_habit]


class Rules(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = hl7.Stack().__enter__()
        cls.links = {name: hl7.Mllp(cls.stack.ports["mllp"]) for name in hl7.FEEDS}
        cls.seed = int(os.environ.get("LC_TEST_RANDOM", random.SystemRandom().randrange(1 << 31)))
        print("LC_TEST_RANDOM", cls.seed)

    @classmethod
    def tearDownClass(cls):
        for link in cls.links.values():
            link.close()
        cls.stack.__exit__(None, None, None)

    def run_all(self, mode):
        for number, scenario in enumerate(SCENARIOS):
            if mode == SHUFFLED and scenario in ORDERED:
                continue
            with self.subTest(scenario.__name__):
                rng = random.Random(self.seed + number)
                run = Run(self, self.stack, self.links, f"{mode[0]}{number:02d}", mode, rng)
                scenario(run)
                run.finish()

    def test_as_they_stand(self):
        self.run_all(PLAIN)

    def test_every_message_twice(self):
        self.run_all(TWICE)

    def test_every_message_written_anew_and_backwards(self):
        self.run_all(RESTAMPED)

    def test_in_any_order(self):
        self.run_all(SHUFFLED)

    def test_a_class_without_meaning_is_listed(self):
        """For an operator to map; whatever else stands in PV1-2 is somebody's, and is not."""
        for number in range(8):
            message = Adt("A04", "H3", f"Vlisted{number}", "QQ", [(f"Llisted{number}", "MR")], "07030900")
            self.assertEqual(self.links["H3"].call(message.encode()).text, "AA")
        for name in ("张三", "LI SI"):
            message = Adt("A04", "H3", "Vshifted", name, [("Lshifted", "MR")], "07030900")
            self.assertEqual(self.links["H3"].call(message.encode()).text, "AA")
        cards = json.loads(self.stack.ctl("--json", "conformance", "h3").stdout)["cards"]
        self.assertEqual([(card["feed"], card["unmapped_classes"]) for card in cards], [("h3", ["QQ"])])


if __name__ == "__main__":
    unittest.main()
