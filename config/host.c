/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine, read from its device tree: only what the core itself needs. CPUs, memory and /chosen
 * are read here, the architecture's nodes by its arch_platform. Bindings are those of the
 * Devicetree Specification v0.4, chapter 3.
 */
#include <arch/platform.h>
#include <mullion/host.h>
#include <mullion/string.h>

#define STDOUT_MAX    128
#define TREE_RESERVED (HOST_MAX_RESERVED - HOST_CORE_RESERVED)

/* Insert a range into a sorted list, and merge it with what it touches. */
static enum err add_range(struct host_range *list, u32 *count, u32 max, u64 base, u64 size)
{
	u32 at = 0, end;

	if (size == 0)
		return OK;
	if (base + (size - 1) < base)
		return ERR_FORMAT;
	/* The last byte of the address space is left out, so that base + size never wraps. */
	if (base + size < base)
		size--;
	while (at < *count && list[at].base + list[at].size < base)
		at++;
	for (end = at; end < *count && list[end].base <= base + size; end++) {
		u64 last = MAX(base + size, list[end].base + list[end].size);

		base = MIN(base, list[end].base);
		size = last - base;
	}
	if (end == at && *count == max)
		return ERR_TOO_BIG;
	memmove(&list[at + 1], &list[end], (*count - end) * sizeof(*list));
	*count = *count + 1 - (end - at);
	list[at] = (struct host_range){ base, size };
	return OK;
}

static enum err read_cpu(const struct fdt *fdt, fdt_node_t node, struct host *host)
{
	struct host_cpu *cpu = &host->cpus[host->num_cpus];
	u64 size;

	if (host->num_cpus == HOST_MAX_CPUS)
		return ERR_TOO_BIG;
	if (fdt_reg_local(fdt, node, 0, &cpu->identity, &size) != OK)
		return ERR_FORMAT;
	arch_platform(fdt)->cpu_read(fdt, node, cpu);
	for (u32 i = 0; i < host->num_cpus; i++)
		if (host->cpus[i].identity == cpu->identity)
			return ERR_FORMAT;
	host->num_cpus++;
	return OK;
}

static enum err read_cpus(const struct fdt *fdt, struct host *host)
{
	fdt_node_t cpus = fdt_find(fdt, "/cpus");
	const char *type;
	enum err err = OK;

	if (cpus == FDT_NONE)
		return OK;
	fdt_for_each_child (fdt, cpus, node) {
		if (fdt_get_str(fdt, node, "device_type", &type) != OK || !str_equal(type, "cpu") ||
		    !fdt_is_enabled(fdt, node))
			continue;
		err = read_cpu(fdt, node, host);
		if (err != OK)
			break;
	}
	return err;
}

/* Every entry of @node's reg into a list of ranges. */
static enum err add_node(const struct fdt *fdt, fdt_node_t node, struct host_range *list,
			 u32 *count, u32 max)
{
	u64 base, size;
	enum err err;

	for (u32 index = 0;; index++) {
		err = fdt_reg(fdt, node, index, &base, &size);
		if (err == ERR_NOT_FOUND || err == ERR_RANGE)
			return OK;
		if (err != OK)
			return ERR_FORMAT;
		err = add_range(list, count, max, base, size);
		if (err != OK)
			return err;
	}
}

static enum err read_memory(const struct fdt *fdt, struct host *host)
{
	const char *type;
	enum err err;

	fdt_for_each_child (fdt, fdt_root(fdt), node) {
		if (fdt_get_str(fdt, node, "device_type", &type) != OK ||
		    !str_equal(type, "memory") || !fdt_is_enabled(fdt, node))
			continue;
		err = add_node(fdt, node, host->memory, &host->num_memory, HOST_MAX_MEMORY);
		if (err != OK)
			return err;
	}
	return OK;
}

static enum err read_reserved(const struct fdt *fdt, struct host *host)
{
	fdt_node_t parent = fdt_find(fdt, "/reserved-memory");
	u64 base, size;
	enum err err = OK;

	for (u32 i = 0; err == OK && fdt_reservation(fdt, i, &base, &size); i++)
		err = add_range(host->reserved, &host->num_reserved, TREE_RESERVED, base, size);
	if (err != OK || parent == FDT_NONE)
		return err;
	/* A child without reg asks its operating system to choose a place: the core has none. */
	fdt_for_each_child (fdt, parent, node) {
		if (!fdt_is_enabled(fdt, node))
			continue;
		err = add_node(fdt, node, host->reserved, &host->num_reserved, TREE_RESERVED);
		if (err != OK)
			return err;
	}
	return OK;
}

/* §3.6: stdout-path is a path or an alias, then maybe ":" and options. */
static fdt_node_t find_stdout(const struct fdt *fdt, fdt_node_t chosen)
{
	fdt_node_t aliases = fdt_find(fdt, "/aliases");
	char path[STDOUT_MAX];
	const char *text;
	char *options;

	if (fdt_get_str(fdt, chosen, "stdout-path", &text) != OK &&
	    fdt_get_str(fdt, chosen, "linux,stdout-path", &text) != OK)
		return FDT_NONE;
	if (!str_copy(path, sizeof(path), text))
		return FDT_NONE;
	options = strchr(path, ':');
	if (options != NULL)
		*options = '\0';
	if (path[0] == '/')
		return fdt_find(fdt, path);
	if (aliases == FDT_NONE || fdt_get_str(fdt, aliases, path, &text) != OK)
		return FDT_NONE;
	return fdt_find(fdt, text);
}

static fdt_node_t read_uart(const struct fdt *fdt, fdt_node_t chosen, struct host *host)
{
	fdt_node_t node = find_stdout(fdt, chosen);

	if (node == FDT_NONE)
		return node;
	host->uart = HOST_UART_UNKNOWN;
	if (fdt_reg(fdt, node, 0, &host->uart_regs.base, &host->uart_regs.size) == OK)
		return node;
	host->uart_regs = (struct host_range){ 0 };
	return FDT_NONE;
}

static enum err read_chosen(const struct fdt *fdt, fdt_node_t chosen, struct host *host)
{
	const char *text;

	if (chosen == FDT_NONE)
		return OK;
	if (fdt_get_str(fdt, chosen, "bootargs", &text) == OK)
		(void)str_copy(host->bootargs, sizeof(host->bootargs), text);
	if (fdt_get_u64(fdt, chosen, "linux,initrd-start", &host->initrd_start) != OK ||
	    fdt_get_u64(fdt, chosen, "linux,initrd-end", &host->initrd_end) != OK)
		host->initrd_start = host->initrd_end = 0;
	return host->initrd_end < host->initrd_start ? ERR_FORMAT : OK;
}

enum err host_read(const struct fdt *fdt, struct host *host)
{
	fdt_node_t chosen = fdt_find(fdt, "/chosen"), uart = FDT_NONE;
	const char *text;
	enum err err;

	*host = (struct host){ .tree = fdt };
	if (fdt_get_str_at(fdt, fdt_root(fdt), "compatible", 0, &text) == OK)
		(void)str_copy(host->compatible, sizeof(host->compatible), text);
	err = read_cpus(fdt, host);
	if (err == OK)
		err = read_memory(fdt, host);
	if (err == OK)
		err = read_reserved(fdt, host);
	if (err == OK)
		err = read_chosen(fdt, chosen, host);
	if (chosen != FDT_NONE)
		uart = read_uart(fdt, chosen, host);
	return err != OK ? err : arch_platform(fdt)->host_read(fdt, uart, host);
}
