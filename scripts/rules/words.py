#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Gate: comments, messages, identifiers and documentation use the words of docs/glossary.md.

A sentence has at most 25 words, its subject is a noun, and people's pronouns are for people.
"""

import re

from text import Finding, paragraphs, pieces, rule, sentences, tree

MAX_WORDS = 25

# Words in prose, and the cure.
WORDS = [
	(r"(?:nobody|somebody|everybody|anybody|whoever)(?:'s)?|whomever|who's",
	 "name the thread, guest or CPU"),
	(r"(?:everyone|someone|anyone|no one)(?:'s)?", "name the thread, guest or CPU"),
	(r"who|whom", "name the subject, or use 'that'"),
	(r"he|him|his|she", "name the person's role, or the object"),
	(r"we|our|ours|(?:of|for|to|let|from|with|by) us", "name the subject"),
	(r"greet\w*", "use 'start' or 'notify'"),
	(r"breath\w*", "use 'yield'"),
	(r"doom\w*", "use 'tear down'"),
	(r"lend|lends|lent|lending|borrow\w*", "use 'donate'"),
	(r"stays? away", "use 'is absent' or 'is not called'"),
	(r"tells?|told|telling", "use 'notify', 'report' or 'return'"),
	(r"gives? up|gave up|given up|giving up", "use 'release', 'abort' or 'yield'"),
	(r"gives? way|gave way|giving way", "use 'yield'"),
	(r"com(?:es?|ing) to (?:its|their|an) end", "use 'end' or 'finish'"),
	(r"look(?:s|ed|ing)? at", "use 'check', 'read' or 'examine'"),
	(r"ask(?:s|ed|ing)? for", "use 'request'"),
	(r"(?:has|have|had|takes?) (?:a|its|their) turn|takes? turns", "use 'run' or 'alternate'"),
	(r"(?:short|long) way", "use 'inline service' or 'queued service'"),
	(r"puts? away|goes away|went away", "use 'save', 'remove' or 'is destroyed'"),
]
# The same where strings may be names of tests' steps or data.
COMMENTS = [
	(r"go(?:es|ing)? on|went on|gone on", "use 'continue'"),
	(r"com(?:e|es|ing) back|came back", "use 'return', 'is released' or 'is pending again'"),
	(r"hands? out|handed out|given? out|gives? out|give(?:s|n)? away|gave away",
	 "use 'allocate', 'assign' or 'return'"),
	(r"lets? go(?: of)?", "use 'release'"),
	(r"hears?|heard|listens?|wish|wishes|believes?", "use 'receive', 'wait' or 'request'"),
	(r"(?:a|another|each|every|first|next|last) looks?|(?:has|have|is|are|about) to look",
	 "use 'check' or 'read'"),
	(r"dies|died|dead|alive|lives|life(?! cycle)", "use 'end', 'run' or 'incarnation'"),
	(r"for ever|for good", "use 'without end' or 'permanently'"),
	(r"anew", "use 'again'"),
]


def compiled(table):
	return [(re.compile(rf"(?<![-\w'])(?:{words})(?![-\w'])", re.I), cure)
		for words, cure in table]


PROSE, COMMENT = compiled(WORDS), compiled(WORDS + COMMENTS)
# The same in identifiers, between underscores.
IDENTIFIER = re.compile(r"^here_|(?:^|_)(?:lend|lends|lent|lending|doom|doomed|greet|"
			r"greeted|greeting|breathe|breath|nobody|somebody|everybody|whoever|who)"
			r"(?=_|$)", re.I)
CLAUSE = re.compile(r"(?:What|Whatever|Who|Whoever|Whichever|That which)\b(?![^.]*\?)")
# The same behind a colon or a semicolon, as in "file.c: what comes is read".
INNER = re.compile(r"[;:] (?:what|whatever|who|whoever|whichever)\b(?![^.]*\?)")
RETURN = re.compile(r"\bReturn: ")


def check(paths):
	for path in paths:
		for piece in pieces(path):
			if piece.kind == "identifier":
				if IDENTIFIER.search(piece.text):
					yield Finding(path, piece.line, f"name '{piece.text}'",
						      "use a term of docs/glossary.md")
				continue
			yield from check_text(path, piece)


def check_text(path, piece):
	for line, text, is_prose in paragraphs(piece):
		for pattern, cure in PROSE if piece.kind == "string" else COMMENT:
			for match in pattern.finditer(text):
				yield Finding(path, line, f"'{match.group()}'", cure)
		if piece.kind == "comment" and RETURN.search(text):
			yield Finding(path, line, "'Return: '", "write 'Returns ...'")
		if not is_prose:
			continue
		for sentence in sentences(text):
			if piece.kind != "string" and CLAUSE.match(sentence):
				yield Finding(path, line, f"clause as subject: '{sentence[:50]}'",
					      "begin with a noun")
			if piece.kind != "string" and (match := INNER.search(sentence)):
				yield Finding(path, line, f"clause as subject: '{match.group()}'",
					      "begin with a noun")
			words = [w for w in sentence.split() if re.search(r"\w", w)]
			if len(words) > MAX_WORDS:
				yield Finding(path, line, f"sentence of {len(words)} words: "
					      f"'{sentence[:60]}...'",
					      f"divide it; at most {MAX_WORDS}")


def files():
	"""All text but the licence, and the two files that list what not to write."""
	skip = ("LICENSE", "docs/glossary.md", "scripts/rules/words.py")
	text = tree("*.c", "*.h", "*.S", "*.lds", "*.py", "*.md", "*.dts", "*.dtsi", "*.mk",
		    "Makefile", "Kconfig*", "scripts/*", "run", "test", "configs/*")
	return [p for p in text
		if p not in skip and not p.endswith(".todo")]


if __name__ == "__main__":
	rule("words", check, files)
