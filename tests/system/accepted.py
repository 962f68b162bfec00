# SPDX-License-Identifier: Apache-2.0
"""Rows of a benchmark: budget and accepted figure of each, in tests/bench/table.json by machine.

A row fails above its budget, and when it has grown by more than 3 % over its accepted figure.
"open" in a row that is over its budget is an issue's number. Such a row is held to its accepted
figure alone. `make bench-update` accepts the present figures: it writes them to that table and to
docs/bench.md.
"""

import json
import pathlib
import sys

from harness import LOGS, ROOT, Machine, Suite

TABLE = ROOT / "tests/bench/table.json"
PAGE = ROOT / "docs/bench.md"
MARKS = ("<!-- {}: make bench-update writes it -->\n", "<!-- end of {} -->\n")
GROWTH = 1.03
RUN_TIMEOUT = 200


def machine(name, image, kind=Machine, **options):
	"""An emulated machine with its log."""
	LOGS.mkdir(parents=True, exist_ok=True)
	log = LOGS / f"bench-{name}.log"
	log.write_bytes(b"")
	return kind(log, image=image, timeout=RUN_TIMEOUT, **options)


def number(value):
	if value is None:
		return "-"
	return f"{value:,}" if isinstance(value, int) else f"{value:,g}"


class Rows:
	"""The rows of one machine, which is their key in the table."""

	def __init__(self, key, peers, prefix=""):
		"""peers: the heads of their columns. prefix: of the cases' names."""
		self.key = key
		self.peers = peers
		self.prefix = prefix
		self.measured = {}	# row -> figure; filled before the cases fork

	def load(self):
		return json.loads(TABLE.read_text())[self.key]

	def add_cases(self, suite):
		for row in self.load():
			suite.add(self.prefix + row["what"], self.check, row=row)

	def check(self, test, row):
		"""One row: measured at all, within its budget, not grown."""
		figure = self.measured.get(row["row"])
		test.check(figure is not None, "was not measured")
		shown = f"{figure:g} {row['unit']}"
		test.check(figure <= row["budget"] or "open" in row,
			   f"{shown}, over the budget of {row['budget']:g}")
		accepted = row["measured"]
		test.check(accepted is not None,
			   f"{shown}; the table has no figure yet: make bench-update")
		budgeted = row["unit"] == "ratio" and "open" not in row
		test.check(figure <= accepted * GROWTH or budgeted,
			   f"{shown}, was {accepted:g}: "
			   f"grown by {(figure / accepted - 1) * 100:.1f} %")

	def accept(self):
		"""The rows with the figures that were measured."""
		rows = self.load()
		for row in rows:
			figure = self.measured.get(row["row"])
			if figure is None:
				sys.exit(f"bench: {row['row']} was not measured; "
					 "nothing was written")
			if figure > row["budget"] and "open" not in row:
				sys.exit(f"bench: {row['row']} is {figure:g}, over its budget of "
					 f"{row['budget']:g}; nothing was written")
			row["measured"] = int(figure) if figure == int(figure) else figure
			if figure <= row["budget"]:
				row.pop("open", None)
		return rows

	def render(self, rows):
		heads = ["operation, as the guest sees it", "unit", "measured", "budget",
			 *self.peers]
		lines = [f"| {' | '.join(heads)} |",
			 f"|---|---|{'--:|' * (len(heads) - 2)}"]
		for row in rows:
			over = f" (#{row['open']})" if "open" in row else ""
			lines.append(f"| {row['what']} | {row['unit']} "
				     f"| {number(row['measured'])}{over} "
				     f"| {number(row['budget'])} | {' | '.join(row['peers'])} |")
		return "\n".join(lines) + "\n"


def replace(page, name, text):
	"""The page with what stands between a pair of marks replaced."""
	begin, end = (page.index(mark.format(name)) for mark in MARKS)
	return page[:begin + len(MARKS[0].format(name))] + "\n" + text + "\n" + page[end:]


def update(tables, more):
	"""Accept what was measured. more: other parts of the page, as {mark: its text}."""
	accepted = {rows.key: rows.accept() for rows in tables}
	table = {**json.loads(TABLE.read_text()), **accepted}
	TABLE.write_text("{\n" + ",\n".join(
		f'  "{name}": [\n' + ",\n".join("    " + json.dumps(row) for row in rows) + "\n  ]"
		for name, rows in table.items()) + "\n}\n")
	parts = {f"table of {rows.key}": rows.render(accepted[rows.key]) for rows in tables}
	page = PAGE.read_text()
	for mark, text in {**parts, **more}.items():
		page = replace(page, mark, text)
		print(text, end="")
	PAGE.write_text(page)


def main(name, measure, tables, more=dict):
	"""The suite, or --update. more: a function for the page's other parts."""
	if sys.argv[1:] == ["--update"]:
		measure()
		update(tables, more())
		return
	suite = Suite(name, setup=measure)
	for rows in tables:
		rows.add_cases(suite)
	suite.main()
