/* SPDX-License-Identifier: Apache-2.0 */
/* Results of config_load() for components, templates, channels and windows without mistakes. */
#include "support/test.h"

#include <mullion/component.h>
#include <mullion/guest_tree.h>
#include <mullion/string.h>

#include "arch/arm64/pure/config.h"
#include "support/description.h"

#define VIRTUAL                                                                        \
	"uart { type = \"virtual\"; device = \"pl011\"; guest-address = <0x9000000>; " \
	"size = <0x1000>; interrupts = <0 1 4>; }; "
#define CONSOLE                                                                    \
	"console { program = \"initrd\"; aspace { uart { type = \"device\"; "      \
	"host-address = <0x9000000>; size = <0x1000>; compatible = \"ns16550a\"; " \
	"interrupts = <0 1 4>; }; }; }; "
#define TEMPLATE                                                                        \
	"templates { small { instances = <2>; kernel = \"Image\"; console = \"uart\"; " \
	"bootargs = \"quiet\"; vcpus { count = <2>; vcpu1 { priority = <150>; }; }; "   \
	"vmm { console = \"console\"; arguments = \"x\"; }; aspace { " RAM VIRTUAL "}; }; }; "
#define GUESTS(properties) "guests { a { autostart; template = \"small\"; " properties " }; }; "

/* No file is a program; checks of the bundle are tested with the tools (test_bad.c). */
static struct loaded *load_without_bundle(const char *nodes)
{
	struct buffer kept = load_bundle;
	struct loaded *l;

	load_bundle = (struct buffer){ 0 };
	l = load_good(nodes);
	load_bundle = kept;
	return l;
}

static void emulated_devices_are_described(void **state)
{
	static const u8 seed[GUEST_TREE_SEED_BYTES] = { 1 };
	struct loaded *l = load_without_bundle("components { " CONSOLE "}; " TEMPLATE GUESTS(""));
	const struct config_guest *g = &l->system.guests[0];
	const struct config_region *uart = &g->regions[g->console];
	struct fdt tree;
	fdt_node_t node;
	void *blob = malloc(g->tree.span);
	const char *text;
	u32 total, cell;

	(void)state;
	assert_non_null(blob);
	assert_int_equal(uart->kind, REGION_VIRTUAL);
	assert_string_equal(uart->device, "pl011");
	assert_false(uart->hpa_fixed);
	assert_int_equal(uart->num_irqs, 1);
	assert_int_equal(uart->irqs[0].host, 0);
	assert_int_equal(uart->irqs[0].guest, 33);
	assert_true(uart->irqs[0].level);
	assert_int_equal(
		guest_tree_write(g, &arm64_guest_nodes, seed, blob, g->tree.span, &total, NULL),
		OK);
	assert_int_equal(fdt_open(&tree, blob, total), OK);
	node = fdt_find(&tree, "/uart@9000000");
	assert_true(fdt_is_compatible(&tree, node, "arm,pl011"));
	assert_true(fdt_is_compatible(&tree, node, "arm,primecell"));
	assert_int_equal(fdt_get_cell(&tree, node, "interrupts", 1, &cell), OK);
	assert_int_equal(cell, 1);
	assert_int_equal(fdt_get_str_at(&tree, node, "clock-names", 1, &text), OK);
	assert_string_equal(text, "apb_pclk");
	assert_int_equal(fdt_get_str(&tree, fdt_find(&tree, "/chosen"), "stdout-path", &text), OK);
	assert_string_equal(text, "/uart@9000000");
	free(blob);
	unload(l);
}

static void a_guest_overrides_its_template(void **state)
{
	struct loaded *l = load_without_bundle("components { " CONSOLE "}; " TEMPLATE GUESTS(
		"bootargs = \"loud\"; vcpus { count = <1>; }; vmm { priority = <240>; }; "
		"aspace { more { type = \"ram\"; guest-address = <0x60000000>; "
		"size = <0x1000>; }; ram { size = <0x8000000>; }; };"));
	const struct config_guest *g = &l->system.guests[0];
	const struct config_component *vmm = &l->system.components[g->vmm];

	(void)state;
	assert_string_equal(g->bootargs, "loud");
	assert_string_equal(g->template_name, "small");
	assert_string_equal(g->kernel.file, "Image");
	assert_false(g->absent);
	assert_int_equal(g->num_vcpus, 1);
	assert_int_equal(g->num_regions, 3);
	assert_string_equal(g->regions[1].name, "ram");
	assert_int_equal(g->regions[1].gpa.v, 0x40000000);
	assert_int_equal(g->regions[1].size, 0x8000000);
	assert_string_equal(g->regions[2].name, "more");
	assert_int_equal(vmm->priority, 240);
	assert_string_equal(vmm->arguments, "x");
	unload(l);
}

static void instances_are_absent(void **state)
{
	struct loaded *l = load_without_bundle("components { " CONSOLE "}; " TEMPLATE GUESTS(""));
	const struct system *system = &l->system;
	const struct config_guest *g = &system->guests[2];
	const struct config_component *vmm = &system->components[g->vmm];

	(void)state;
	assert_int_equal(system->num_guests, 3);
	assert_string_equal(g->name, "small-2");
	assert_string_equal(g->template_name, "small");
	assert_string_equal(g->bootargs, "quiet");
	assert_true(g->absent);
	assert_false(g->autostart);
	/* CPUs in turn, the fewest first; machine of four. */
	assert_int_equal(g->vcpus[0].cpu, 0);
	assert_int_equal(g->vcpus[1].cpu, 1);
	assert_int_equal(g->vcpus[0].priority, 200);
	assert_int_equal(g->vcpus[1].priority, 150);
	assert_string_equal(vmm->name, "vmm-small-2");
	assert_int_equal(vmm->serves, 2);
	assert_false(vmm->autostart);
	assert_true(system->components[system->guests[0].vmm].autostart);
	assert_int_equal(vmm->affinity, 3);
	assert_int_equal(vmm->priority, 210);
	assert_string_equal(vmm->program, "vmm.elf");
	assert_int_equal(vmm->num_grants, 1);
	assert_string_equal(vmm->grants[0].name, "state");
	assert_int_equal(vmm->grants[0].kind, CONFIG_GRANT_MEMORY);
	assert_int_equal(vmm->grants[0].size, PAGE_SIZE);
	assert_true(vmm->grants[0].kept);
	/* Its line: the console is the first end. */
	assert_int_equal(system->num_channels, 3);
	assert_string_equal(system->channels[2].name, "small-2");
	assert_string_equal(system->components[system->channels[2].ends[0]].name, "console");
	assert_int_equal(system->channels[2].ends[1], g->vmm);
	assert_int_equal(system->channels[2].size, 8192);
	unload(l);
}

static void values_of_components(void **state)
{
	struct loaded *l = load_without_bundle(
		"components { " CONSOLE "m { program = \"initrd\"; console = \"console\"; "
		"priority = <1>; slice-us = <500>; cpus = <1 3>; restart = \"never\"; "
		"watchdog-ms = <20>; stack-size = <0x1000>; arguments = \"-v\"; manages; "
		"manages-guests = \"small-1\"; noautostart; aspace { f { type = \"file\"; "
		"file = \"initrd\"; }; h { type = \"memory\"; size = <0x3000>; }; }; }; }; "
		"channels { c { between = \"m\", \"console\"; size = <0x2000>; }; }; " TEMPLATE
			GUESTS(""));
	const struct config_component *console = &l->system.components[0],
				      *m = &l->system.components[1];

	(void)state;
	assert_int_equal(console->priority, 210);
	assert_int_equal(console->slice.v, 10000000);
	assert_int_equal(console->affinity, 15);
	assert_int_equal(console->policy, RESTART_LIMITED);
	assert_int_equal(console->restart_limit, 10);
	assert_int_equal(console->restart_period.v, UINT64_C(10000000000));
	assert_int_equal(console->watchdog.v, 0);
	assert_int_equal(console->stack_bytes, 16384);
	assert_string_equal(console->arguments, "");
	assert_true(console->autostart);
	assert_int_equal(console->serves, l->system.num_guests);
	assert_false(console->manages_all);
	assert_int_equal(console->grants[0].kind, CONFIG_GRANT_DEVICE);
	assert_int_equal(console->grants[0].hpa.v, 0x9000000);
	assert_int_equal(console->grants[0].irqs[0].host, 33);
	assert_int_equal(m->priority, 1);
	assert_int_equal(m->slice.v, 500000);
	assert_int_equal(m->affinity, 10);
	assert_int_equal(m->policy, RESTART_NEVER);
	assert_int_equal(m->watchdog.v, 20000000);
	assert_int_equal(m->stack_bytes, 4096);
	assert_string_equal(m->arguments, "-v");
	assert_true(m->manages_all);
	assert_int_equal(m->manages, 2);
	assert_false(m->autostart);
	assert_int_equal(m->num_grants, 2);
	assert_int_equal(m->grants[0].kind, CONFIG_GRANT_FILE);
	assert_string_equal(m->grants[0].file, "initrd");
	assert_int_equal(m->grants[1].size, 0x3000);
	assert_false(m->grants[1].kept);
	assert_string_equal(l->system.channels[4].name, "c");
	assert_int_equal(l->system.channels[4].ends[0], 1);
	assert_int_equal(l->system.channels[4].ends[1], 0);
	assert_int_equal(l->system.channels[4].size, 0x2000);
	unload(l);
}

static void windows_are_sorted(void **state)
{
	struct loaded *l = load_good(
		"vmm { strategy = \"round-robin\"; }; guests { a { autostart; kernel = \"Image\"; "
		"partition = \"p\"; vcpus { vcpu0 { cpu = <1>; }; vcpu1 { cpu = <0>; partition = "
		"\"q\"; }; }; aspace { " RAM "}; }; }; schedule { cpu1 { strategy = \"windows\"; "
		"cycle-us = <1000>; background = <9>; window0 { offset-us = <500>; length-us = "
		"<500>; partition = \"q\"; }; window1 { offset-us = <0>; length-us = <200>; "
		"partition = \"p\"; }; }; cpu2 { strategy = \"priority\"; }; };");
	const struct config_cpu *cpu = &l->system.cpus[1];

	(void)state;
	assert_int_equal(l->system.cpus[0].strategy, SCHEDULE_ROUND_ROBIN);
	assert_int_equal(l->system.cpus[2].strategy, SCHEDULE_PRIORITY);
	assert_int_equal(cpu->strategy, SCHEDULE_WINDOWS);
	assert_int_equal(cpu->cycle.v, 1000000);
	assert_int_equal(cpu->background, 9);
	assert_int_equal(cpu->num_windows, 2);
	assert_int_equal(cpu->windows[0].offset.v, 0);
	assert_int_equal(cpu->windows[0].length.v, 200000);
	assert_int_equal(cpu->windows[0].window, l->system.guests[0].vcpus[0].window);
	assert_int_equal(cpu->windows[1].offset.v, 500000);
	assert_int_equal(cpu->windows[1].window, l->system.guests[0].vcpus[1].window);
	assert_true(cpu->windows[0].window > 0);
	assert_true(cpu->windows[0].window != cpu->windows[1].window);
	unload(l);
}

static void vcpus_share_cpus(void **state)
{
	struct loaded *l = load_good("guests { a { autostart; kernel = \"Image\"; vcpus { count "
				     "= <4>; }; aspace { " RAM "}; }; b { kernel = \"Image\"; "
				     "vcpus { count = <2>; vcpu0 { cpu = <0>; }; }; aspace { " RAM
				     "}; }; c { kernel = \"Image\"; aspace { " RAM "}; }; };");
	const struct config_guest *g = l->system.guests;

	(void)state;
	/* b's first has CPU 0: a gets the others, and the first of those that are equal. */
	assert_int_equal(g[0].vcpus[0].cpu, 1);
	assert_int_equal(g[0].vcpus[1].cpu, 2);
	assert_int_equal(g[0].vcpus[2].cpu, 3);
	assert_int_equal(g[0].vcpus[3].cpu, 0);
	assert_int_equal(g[1].vcpus[0].cpu, 0);
	assert_int_equal(g[1].vcpus[1].cpu, 1);
	assert_int_equal(g[2].vcpus[0].cpu, 2);
	unload(l);
}

/* The message that a system with @count of something gets, "" when it may have them. */
static void bound(u32 count, const char *before, const char *one, const char *after,
		  const char *expected)
{
	struct buffer dts = { 0 };
	struct loaded *l;

	buffer_add_text(&dts, before);
	for (u32 i = 0; i < count; i++) {
		char *text = xasprintf(one, i);

		buffer_add_text(&dts, text);
		free(text);
	}
	buffer_add_text(&dts, after);
	buffer_fill(&dts, 1);
	l = load((char *)dts.data);
	if (expected[0] == '\0')
		assert_null(strstr(l->text, "more than"));
	else if (strstr(l->text, expected) == NULL)
		fail_msg("%s\nis not in:\n%s", expected, l->text);
	if (expected[0] != '\0')
		assert_int_equal(l->err, ERR_INVALID);
	buffer_free(&dts);
	unload(l);
}

#define ONE_GUEST "guests { a { autostart; kernel = \"Image\"; aspace { " RAM "}; }; };"

static void bounds_of_components(void **state)
{
	(void)state;
	bound(49, "components { ", "c%u { program = \"initrd\"; }; ", "}; " ONE_GUEST,
	      "/components: more than 48 nodes inside");
	bound(46, "components { " CONSOLE, "c%u { program = \"initrd\"; }; ",
	      "}; " TEMPLATE GUESTS(""), "/templates/small/vmm: more than 48 components");
	bound(65, "components { " CONSOLE "m { program = \"initrd\"; }; }; channels { ",
	      "c%u { between = \"m\", \"console\"; }; ", "}; " ONE_GUEST,
	      "more than 64 nodes inside");
	bound(64,
	      "components { " CONSOLE "m { program = \"initrd\"; console = \"console\"; }; }; "
	      "channels { ",
	      "c%u { between = \"m\", \"console\"; }; ", "}; " ONE_GUEST,
	      "/channels: 65 channels, the lines of consoles, ports of networks and shared memory "
	      "included; at most 64");
	bound(47, "components { " CONSOLE "m { program = \"initrd\"; }; }; channels { ",
	      "c%u { between = \"m\", \"console\"; }; ", "}; " ONE_GUEST,
	      "/components/console: 'console' would have 49 grants");
	bound(33, "components { ", "c%1$u { program = \"initrd\"; partition = \"p%1$u\"; }; ",
	      "}; " ONE_GUEST, "more than 32 partitions; use fewer names");
	bound(33, "components { m { program = \"initrd\"; aspace { ",
	      "m%u { type = \"memory\"; size = <0x1000>; }; ", "}; }; }; " ONE_GUEST,
	      "/components/m/aspace: more than 32 nodes inside");
}

/* Each component adds what it takes, and no more than it may; so does a guest's vCPU. */
static void heap_counts_components(void **state)
{
	struct loaded *none = load_good(ONE_GUEST);
	struct loaded *one =
		load_without_bundle("components { m { program = \"initrd\"; }; }; " ONE_GUEST);
	struct loaded *all = load_without_bundle("components { " CONSOLE "}; " TEMPLATE GUESTS(""));
	u64 pages = 0, added = one->system.heap_bytes - none->system.heap_bytes;

	(void)state;
	assert_true(one->system.heap_bytes > none->system.heap_bytes);
	assert_true(added >= sizeof(struct component) + sizeof(struct component_info) + KIB(8));
	assert_true(added <= KIB(64));
	/* Room for the instances of templates, too. */
	for (u32 i = 0; i < all->system.num_guests; i++) {
		assert_true(all->system.guests[i].heap_pages >= 2 * KIB(8) / PAGE_SIZE);
		pages += all->system.guests[i].heap_pages;
	}
	assert_true(all->system.heap_bytes > pages * PAGE_SIZE + 4 * (added - KIB(8)));
	unload(none);
	unload(one);
	unload(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(emulated_devices_are_described),
		cmocka_unit_test(a_guest_overrides_its_template),
		cmocka_unit_test(instances_are_absent),
		cmocka_unit_test(values_of_components),
		cmocka_unit_test(windows_are_sorted),
		cmocka_unit_test(vcpus_share_cpus),
		cmocka_unit_test(bounds_of_components),
		cmocka_unit_test(heap_counts_components),
	};

	tool_name = "test_components";
	return cmocka_run_group_tests(tests, load_set_up, load_tear_down);
}
