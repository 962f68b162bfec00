/* SPDX-License-Identifier: Apache-2.0 */
/* lib/symbol.c: names of addresses from a table with distances of one, two and three bytes. */
#include "support/test.h"

#include <mullion/log.h>

/* Of the linker, and of the table that tools/symbols makes of the core. */
extern u8 _start[], _text_end[];
extern const u8 symbol_table[], symbol_table_end[];

__asm__("	.section .rodata\n"
	"	.globl symbol_table, symbol_table_end\n"
	"symbol_table:\n"
	"	.uleb128 0x10\n"
	"	.asciz \"first\"\n"
	"	.uleb128 0x7f\n"
	"	.asciz \"second\"\n"
	"	.uleb128 0x80\n"
	"	.asciz \"third\"\n"
	"	.uleb128 0x12345\n"
	"	.asciz \"last\"\n"
	"symbol_table_end:\n"
	"	.data\n"
	"	.globl _text_end\n"
	"_text_end:\n"
	"	.byte 0\n"
	"	.text\n");

static char seen[256];

static size_t put(const char *text, size_t n, bool wait)
{
	(void)wait;
	memcpy(seen, text, MIN(n, sizeof(seen) - 1));
	seen[MIN(n, sizeof(seen) - 1)] = '\0';
	return n;
}

static void check(u64 offset, const char *expected)
{
	char line[64];
	const char *at;

	log_address("pc", (u64)_start + offset);
	(void)snprintf(line, sizeof(line), "pc 0x%lx%s\n", (unsigned long)((u64)_start + offset),
		       expected);
	at = strstr(seen, "pc ");
	assert_non_null(at);
	assert_string_equal(at, line);
}

static void addresses_have_names(void **state)
{
	(void)state;
	log_attach_console(put);
	check(0, "");
	check(0xf, "");
	check(0x10, " first+0x0");
	check(0x8e, " first+0x7e");
	check(0x8f, " second+0x0");
	check(0x10e, " second+0x7f");
	check(0x10f, " third+0x0");
	check(0x12453, " third+0x12344");
	check(0x12454, " last+0x0");
	check(UINT64_C(0) - 1, "");
	check((u64)_text_end - (u64)_start, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
