#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Gate: no circle between rooms, nor between the files of config/, by calls and includes.

Rooms have an order. A room may call functions, read variables and include headers of rooms before
it. Architectures are not counted: they and the core meet in arch/include/arch. scripts/circles
shows the same between objects.
"""

import collections
import re

from text import Finding, functions, pieces, read, rule, tree

ROOMS = re.compile(r"(core/\w+|config|lib/fdt|lib|drivers/\w+)/")
DATA = re.compile(r"^(?!static|extern|typedef|struct \w+ \{|enum|#|\s)"
		  r"[\w ]+[ *]+(\w+)(?:\[[^=]*\])? = ", re.M)
# Each room may need those before it.
ORDER = ["lib", "lib/fdt", "core/time", "core/heap", "core/sched", "core/thread",
	 "drivers/irqchip", "drivers/uart", "config", "core/irq", "core/mem", "core/component",
	 "core/guest", "core/manage", "core/boot"]
INCLUDE = re.compile(r'#include "([^"]+)"')


def room_of(path):
	match = ROOMS.match(path)
	return match.group(1) if match else None


def definitions(paths, node):
	"""{name: node} of all functions and variables that other files can refer to."""
	owner = {}
	for path in paths:
		lines = read(path).split("\n")
		for name, first, brace, _ in functions(path):
			if not any(s.startswith("static ") for s in lines[first - 1:brace]):
				owner[name] = node(path)
		for match in DATA.finditer("\n".join(lines)):
			owner[match.group(1)] = node(path)
	return owner


def edges(paths, node):
	"""{node: {other node: [(path, line, what)]}}"""
	owner = definitions([p for p in paths if p.endswith(".c")], node)
	graph = collections.defaultdict(lambda: collections.defaultdict(list))
	for path in paths:
		seen = set()
		for piece in pieces(path):
			other = owner.get(piece.text) if piece.kind == "identifier" else None
			if other not in (None, node(path)) and piece.text not in seen:
				seen.add(piece.text)
				graph[node(path)][other].append((path, piece.line, piece.text))
		for number, line in enumerate(read(path).split("\n"), 1):
			match = INCLUDE.match(line)
			other = match and node(match.group(1))
			if other and other != node(path) and match.group(1).endswith(".h"):
				graph[node(path)][other].append((path, number, match.group(1)))
	return graph


def reachable(graph, start):
	seen, todo = set(), list(graph.get(start, ()))
	while todo:
		node = todo.pop()
		if node not in seen:
			seen.add(node)
			todo += graph.get(node, ())
	return seen


def uses(graph, start, other, why):
	for path, line, what in graph[start][other]:
		yield Finding(path, line, f"{what} of {other}, {why}",
			      "move it, or pass it as an argument")


def check(paths):
	graph = edges(paths, room_of)
	for room in sorted(graph):
		for other in graph[room]:
			if ORDER.index(other) > ORDER.index(room):
				yield from uses(graph, room, other, "behind this room")
	config = [p for p in paths if p.startswith("config/") and p.endswith(".c")]
	graph = edges(config, lambda path: path if path in config else None)
	for file in sorted(graph):
		for other in sorted(graph[file]):
			if file in reachable(graph, other):
				yield from uses(graph, file, other, "in a circle")


def files():
	return [p for p in tree("*.c", "*.h") if room_of(p)]


if __name__ == "__main__":
	rule("circles", check, files)
