/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the table of function names for the core's backtraces.
 *
 * Reads `nm -n` of the linked core on standard input and writes assembly:
 *	symbol_table	for each function: bytes from the one before it (ULEB128), name with NUL
 *	symbol_table_end
 * Only code is listed. The table stands behind all code. So it has the same bytes whether it is
 * made from a link without the table or from one with it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 128
#define SYMBOLS_MAX    8192

struct symbol {
	uint64_t address;
	char name[NAME_MAX_BYTES];
};

static struct symbol symbols[SYMBOLS_MAX];
static size_t count;

static _Noreturn void fail(const char *what, const char *detail)
{
	fprintf(stderr, "symbols: %s%s\n", what, detail);
	exit(1);
}

/* nm -n sorts by address alone; of several names for one address keep the smallest. */
static void add(uint64_t address, const char *name)
{
	struct symbol *symbol = &symbols[count];

	if (count > 0 && symbols[count - 1].address == address) {
		symbol--;
		if (strcmp(symbol->name, name) <= 0)
			return;
	} else if (count++ == SYMBOLS_MAX) {
		fail("too many functions; raise SYMBOLS_MAX", "");
	}
	if (strlen(name) >= sizeof(symbol->name))
		fail("name too long: ", name);
	symbol->address = address;
	strcpy(symbol->name, name);
}

/* The whole of nm's output. Returns the address of _start, or 0 for an empty input. */
static uint64_t read_symbols(void)
{
	uint64_t start = 0, address;
	char line[512], name[256], type;

	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "%" SCNx64 " %c %255s", &address, &type, name) != 3)
			continue;
		if (strcmp(name, "_start") == 0)
			start = address;
		if ((type != 't' && type != 'T') || name[0] == '$' || name[0] == '.')
			continue;
		add(address, name);
	}
	if (count > 0 && start == 0)
		fail("there is no _start", "");
	return start;
}

int main(void)
{
	uint64_t start = read_symbols();
	uint64_t before = start;

	puts("/* Made by tools/symbols. */\n"
	     "\t.section .symbols, \"a\"\n"
	     "\t.global symbol_table, symbol_table_end\n"
	     "symbol_table:");
	for (size_t i = 0; i < count; i++) {
		if (symbols[i].address < before)
			fail("not above _start: ", symbols[i].name);
		printf("\t.uleb128 0x%" PRIx64 "\n\t.asciz \"%s\"\n", symbols[i].address - before,
		       symbols[i].name);
		before = symbols[i].address;
	}
	puts("symbol_table_end:\n"
	     "\t.section .note.GNU-stack, \"\", %progbits");
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
