/* SPDX-License-Identifier: Apache-2.0 */
/* The machine as its device tree describes it. */
#include "guest.h"

struct machine machine;

static void find_memory(void)
{
	fdt_node_t root = fdt_root(&machine.fdt);

	fdt_for_each_child (&machine.fdt, root, node) {
		const char *type;

		if (fdt_get_str(&machine.fdt, node, "device_type", &type) == OK &&
		    str_equal(type, "memory") &&
		    fdt_reg(&machine.fdt, node, 0, &machine.ram, &machine.ram_size) == OK)
			return;
	}
}

void tree_read(u64 address)
{
	fdt_node_t chosen;

	machine.tree = address;
	machine.bootargs = "";
	if (address == 0 || (address & 7) != 0 ||
	    fdt_open(&machine.fdt, (const void *)address, FDT_MAX_SIZE) != OK)
		return;
	machine.tree_size = machine.fdt.size;
	chosen = fdt_find(&machine.fdt, "/chosen");
	if (chosen != FDT_NONE &&
	    fdt_get_str(&machine.fdt, chosen, "bootargs", &machine.bootargs) != OK)
		machine.bootargs = "";
	find_memory();
}

const char *boot_arg(const char *key, char *buf, size_t size)
{
	const char *at = machine.bootargs;
	size_t len = strlen(key);

	buf[0] = '\0';
	while (*at != '\0') {
		size_t word = 0;

		while (at[word] != '\0' && at[word] != ' ')
			word++;
		if (word > len && strncmp(at, key, len) == 0 && at[len] == '=') {
			(void)str_copy(buf, MIN(size, word - len), at + len + 1);
			return buf;
		}
		at += word;
		while (*at == ' ')
			at++;
	}
	return buf;
}
