/* SPDX-License-Identifier: Apache-2.0 */
/* Names of functions for backtraces, from a table that tools/symbols makes of the linked core. */
#include <mullion/log.h>

#include <mullion/string.h>

/* The functions in rising order of address. Each has its distance from the one before it, the first
 * from _start, as an unsigned LEB128 number (DWARF 5 §7.6). Its name with NUL follows. */
extern const u8 symbol_table[], symbol_table_end[];
extern u8 _start[], _text_end[];

static u64 symbol_distance(const u8 **at)
{
	u64 number = 0;
	u32 shift = 0;

	do {
		number |= (u64)(**at & 0x7f) << shift;
		shift += 7;
	} while ((*(*at)++ & 0x80) != 0);
	return number;
}

/* Returns the name of the function that holds @pc, and bytes into it; NULL outside the core. */
static const char *symbol_find(u64 pc, u64 *offset)
{
	const u8 *at = symbol_table;
	const char *name = NULL;
	u64 address = (u64)_start;

	if (pc < (u64)_start || pc >= (u64)_text_end)
		return NULL;
	while ((u64)at < (u64)symbol_table_end) {
		address += symbol_distance(&at);
		if (address > pc)
			break;
		name = (const char *)at;
		*offset = pc - address;
		at += strlen(name) + 1;
	}
	return name;
}

void log_address(const char *what, u64 pc)
{
	u64 offset = 0;
	const char *name = symbol_find(pc, &offset);

	if (name != NULL)
		log_error("%s 0x%lx %s+0x%lx", what, pc, name, offset);
	else
		log_error("%s 0x%lx", what, pc);
}
