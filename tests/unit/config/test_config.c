/* SPDX-License-Identifier: Apache-2.0 */
/* Results of config_load() for a description without mistakes: values, defaults, places, sizes. */
#include "support/test.h"

#include <mullion/config.h>
#include <mullion/guest.h>
#include <mullion/guest_tree.h>
#include <mullion/log.h>
#include <mullion/string.h>

#include "arch/arm64/pure/config.h"
#include "arch/arm64/pure/image.h"
#include "arch/arm64/pure/vgic.h"
#include "support/description.h"
#include "tools/common/bundle.h"

/* --- Values --- */

static void values_and_defaults(void **state)
{
	struct loaded *l = load_good("guests { linux { autostart; kernel = \"Image\"; "
				     "console = \"uart\"; aspace { " RAM UART "}; }; };");
	const struct config_guest *g = &l->system.guests[0];

	(void)state;
	assert_int_equal(l->system.num_guests, 1);
	assert_int_equal(l->system.log_level, LOG_INFO);
	assert_false(l->system.stay);
	assert_string_equal(g->name, "linux");
	assert_true(g->autostart);
	assert_true(g->trng);
	assert_false(g->arch.arm64.trap_wfi);
	assert_false(g->own_counter);
	assert_int_equal(g->arch.arm64.gic_version, 3);
	assert_int_equal(g->num_vcpus, 1);
	assert_int_equal(g->vcpus[0].cpu, 0);
	assert_int_equal(g->arch.arm64.num_spis, 32);
	assert_int_equal(g->arch.arm64.gicd.v, 0x08000000);
	assert_int_equal(g->arch.arm64.gicr.v, 0x080a0000);
	assert_string_equal(g->bootargs, "");
	/* Sorted by address. */
	assert_int_equal(g->num_regions, 2);
	assert_string_equal(g->regions[0].name, "uart");
	assert_int_equal(g->console, 0);
	assert_int_equal(g->regions[0].kind, REGION_DEVICE);
	assert_int_equal(g->regions[0].hpa.v, 0x9000000);
	assert_int_equal(g->regions[0].num_irqs, 1);
	assert_int_equal(g->regions[0].irqs[0].host, 33);
	assert_int_equal(g->regions[0].irqs[0].guest, 33);
	assert_true(g->regions[0].irqs[0].level);
	assert_int_equal(g->regions[0].compatible_len,
			 sizeof("arm,pl011") + sizeof("arm,primecell"));
	assert_false(g->regions[1].hpa_fixed);
	unload(l);
}

static void values_given(void **state)
{
	struct loaded *l = load_good(
		"vmm { log-level = \"debug\"; stay; }; guests { linux { autostart; kernel = "
		"\"Image\"; "
		"bootargs = \"quiet\"; trap-wfi; counter = \"own\"; no-trng; gicd-address = "
		"<0x30000000>; "
		"gicr-address = <0x31000000>; vcpus { count = <3>; vcpu1 { cpu = <0>; }; }; aspace "
		"{ " RAM
		"low { type = \"alias\"; guest-address = <0x20000000>; alias-of = \"ram\"; "
		"size = <0x100000>; }; "
		"flash { type = \"rom\"; guest-address = <0 0>; host-address = <1 0x00000000>; "
		"size = <0 0x200000>; }; "
		"gpio { type = \"device\"; guest-address = <0xa000000>; "
		"host-address = <0xa003000>; compatible = \"arm,pl061\"; "
		"size = <0x1000>; interrupts = <0 47 1>, <0 900 4>; "
		"guest-interrupts = <0 16 1>, <0 70 4>; }; }; }; };");
	const struct config_guest *g = &l->system.guests[0];

	(void)state;
	assert_int_equal(l->system.log_level, LOG_DEBUG);
	assert_true(l->system.stay);
	assert_true(g->arch.arm64.trap_wfi);
	assert_true(g->own_counter);
	assert_false(g->trng);
	assert_string_equal(g->bootargs, "quiet");
	assert_int_equal(g->arch.arm64.gicd.v, 0x30000000);
	assert_int_equal(g->arch.arm64.gicr.v, 0x31000000);
	/* The CPU that the description names, then the free CPUs in order. */
	assert_int_equal(g->vcpus[0].cpu, 1);
	assert_int_equal(g->vcpus[1].cpu, 0);
	assert_int_equal(g->vcpus[2].cpu, 2);
	assert_int_equal(g->num_regions, 4);
	assert_string_equal(g->regions[0].name, "flash");
	assert_int_equal(g->regions[0].hpa.v, 0x100000000);
	assert_int_equal(g->regions[0].size, 0x200000);
	assert_string_equal(g->regions[1].name, "gpio");
	assert_int_equal(g->regions[1].irqs[0].host, 79);
	assert_int_equal(g->regions[1].irqs[0].guest, 48);
	assert_false(g->regions[1].irqs[0].level);
	assert_int_equal(g->regions[1].irqs[1].host, 932);
	assert_int_equal(g->regions[1].irqs[1].guest, 102);
	assert_int_equal(g->arch.arm64.num_spis, 96);
	assert_string_equal(g->regions[2].name, "low");
	assert_int_equal(g->regions[2].kind, REGION_ALIAS);
	assert_int_equal(g->regions[2].alias_of, 3);
	assert_int_equal(g->regions[2].size, 0x100000);
	assert_int_equal(g->console, g->num_regions);
	unload(l);
}

static void gic_version_is_the_machines(void **state)
{
	struct loaded *l;

	(void)state;
	load_host.arch.arm64.gic = HOST_GIC_V2;
	l = load_good("guests { linux { autostart; kernel = \"Image\"; aspace { " RAM "}; }; };");
	assert_int_equal(l->system.guests[0].arch.arm64.gic_version, 2);
	unload(l);
	l = load("guests { linux { autostart; kernel = \"Image\"; vcpus { count = <9>; }; aspace "
		 "{ " RAM "}; }; };");
	assert_int_equal(l->err, ERR_INVALID);
	assert_non_null(
		strstr(l->text, "9 vCPUs are too many for a GICv2, which serves 8; write <8>"));
	unload(l);
	load_host.arch.arm64.gic = HOST_GIC_V3;
}

/* --- Places --- */

static void places_of_a_linux(void **state)
{
	struct loaded *l = load_good("guests { linux { autostart; kernel = \"Image\"; "
				     "initrd = \"initrd\"; aspace { " RAM "}; }; };");
	const struct config_guest *g = &l->system.guests[0];

	(void)state;
	assert_int_equal(g->kernel.load.v, 0x40000000);
	assert_int_equal(g->entry.v, 0x40000000);
	assert_int_equal(g->kernel.size, 4096);
	assert_int_equal(g->kernel.span, MIB(32));
	assert_int_equal(g->tree.load.v + ALIGN_UP(g->tree.span, PAGE_SIZE), 0x50000000);
	assert_int_equal(g->initrd.size, 5000);
	assert_int_equal(g->initrd.load.v, g->tree.load.v - 8192);
	/* tools/pack has aligned it. */
	assert_int_equal((size_t)(g->kernel.data - load_bundle.data) % BUNDLE_ALIGN, 0);
	unload(l);
}

static void text_offset_is_honoured(void **state)
{
	struct loaded *l = load_good(
		"guests { a { autostart; kernel = \"offset\"; aspace { " RAM
		"}; }; b { kernel = \"old\"; aspace { " RAM "}; }; "
		"c { kernel = \"offset\"; load-address = <0x48080000>; aspace { " RAM "}; }; };");

	(void)state;
	assert_int_equal(l->system.guests[0].kernel.load.v, 0x40080000);
	/* Without a size in the header: the protocol's offset, the file's size. */
	assert_int_equal(l->system.guests[1].kernel.load.v, 0x40080000);
	assert_int_equal(l->system.guests[1].kernel.span, 8192);
	assert_int_equal(l->system.guests[2].entry.v, 0x48080000);
	unload(l);
	l = load("guests { a { autostart; kernel = \"offset\"; load-address = <0x48000000>; aspace "
		 "{ " RAM "}; }; };");
	assert_non_null(strstr(l->text,
			       "0x80000 bytes (its text_offset) above a multiple of 2 MiB; "
			       "write <0x48080000>"));
	unload(l);
}

/* Old kernels map no more than 512 MiB for the tree; the initrd stays below it. */
static void tree_in_reach(void **state)
{
	struct loaded *l =
		load_good("guests { a { autostart; kernel = \"Image\"; initrd = \"initrd\"; "
			  "aspace { ram { type = \"ram\"; guest-address = <0x40000000>; "
			  "size = <1 0x00000000>; }; }; }; };");
	const struct config_guest *g = &l->system.guests[0];

	(void)state;
	assert_int_equal(g->tree.load.v + ALIGN_UP(g->tree.span, PAGE_SIZE), 0x60000000);
	assert_true(g->initrd.load.v < g->kernel.load.v + GIB(32));
	unload(l);
}

static void the_largest_ram_is_the_main_one(void **state)
{
	struct loaded *l = load_good(
		"guests { a { autostart; kernel = \"Image\"; aspace { "
		"sram { type = \"ram\"; guest-address = <0>; size = <0x10000>; }; " RAM "}; }; };");

	(void)state;
	assert_int_equal(l->system.guests[0].entry.v, 0x40000000);
	unload(l);
}

static void raw_goes_where_it_is_told(void **state)
{
	struct loaded *l = load_good(
		"guests { a { autostart; kernel = \"initrd\"; kernel-type = \"raw\"; aspace { " RAM
		"}; }; "
		"b { kernel = \"initrd\"; kernel-type = \"raw\"; load-address = <0>; aspace { " RAM
		"flash { type = \"rom\"; guest-address = <0>; size = <0x4000>; }; }; }; };");

	(void)state;
	assert_int_equal(l->system.guests[0].kernel_type, ARM64_KERNEL_RAW);
	assert_int_equal(l->system.guests[0].entry.v, 0x40000000);
	assert_int_equal(l->system.guests[1].entry.v, 0);
	assert_true(l->system.guests[1].tree.load.v >= 0x40000000);
	unload(l);
}

/* --- Bounds --- */

/* An arena that is too small is refused and not overrun. The sanitizer detects an overrun. */
static void too_small(const char *nodes)
{
	struct loaded *l = load(nodes);
	size_t bytes = config_arena_bytes(&l->tree);

	assert_true(l->err != ERR_NO_MEMORY);
	for (size_t less = 0; less < bytes; less += 16) {
		void *arena = malloc(less == 0 ? 1 : less);
		enum err err;

		assert_non_null(arena);
		err = config_load(&l->tree, &load_host, load_bundle.data, load_bundle.used, arena,
				  less, &l->system, &l->diag);
		assert_true(err == ERR_NO_MEMORY || err == l->err);
		free(arena);
	}
	unload(l);
}

static void arena_too_small(void **state)
{
	(void)state;
	too_small("guests { linux { autostart; kernel = \"Image\"; aspace { " RAM UART "}; }; };");
	too_small("guests { a { autostart; kernel = \"Image\"; vmm { }; aspace { " RAM
		  "uart { type = \"virtual\"; device = \"pl011\"; guest-address = <0x9000000>; "
		  "size = <0x1000>; interrupts = <0 1 4>; }; }; }; }; components { c { program = "
		  "\"initrd\"; aspace { m { type = \"memory\"; size = <0x1000>; }; d { type = "
		  "\"device\"; host-address = <0x9000000>; size = <0x1000>; interrupts = <0 1 4>; "
		  "compatible = \"arm,pl011\"; }; }; }; d { program = \"initrd\"; console = \"c\"; "
		  "}; }; templates { t { "
		  "instances = <2>; kernel = \"Image\"; vmm { }; aspace { " RAM "}; }; }; "
		  "schedule { cpu0 { strategy = \"windows\"; cycle-us = <1000>; w0 { }; window0 { "
		  "}; }; };");
}

/* Without a host description or a bundle, the checks against them are left out. */
static void no_host_and_no_bundle(void **state)
{
	struct loaded *l = load_good(
		"guests { linux { autostart; kernel = \"Image\"; aspace { " RAM UART "}; }; };");
	size_t bytes = config_arena_bytes(&l->tree);

	(void)state;
	assert_int_equal(
		config_load(&l->tree, NULL, NULL, 0, l->arena, bytes, &l->system, &l->diag), OK);
	assert_string_equal(l->text, "");
	assert_null(l->system.guests[0].kernel.data);
	unload(l);
}

/* A guest with all that it can have: its tree fits its place, its controller fits the heap. */
static void bounds_hold_for_a_large_guest(void **state)
{
	static const u8 seed[GUEST_TREE_SEED_BYTES] = { 1 };
	struct buffer dts = { 0 };
	struct loaded *l;
	const struct config_guest *g;
	u64 objects;
	void *tree;
	u32 total;

	(void)state;
	load_host.num_cpus = 8;
	buffer_add_text(&dts, "guests { linux { autostart; kernel = \"Image\"; bootargs = \"");
	for (u32 i = 0; i < 1023; i++)
		buffer_add_text(&dts, "x");
	buffer_add_text(&dts, "\"; vcpus { count = <8>; }; aspace { " RAM);
	for (u32 i = 0; i < 63; i++) {
		char *node =
			xasprintf("a-device-with-a-long-name-%u { type = \"device\"; "
				  "guest-address = <0x%x>; host-address = <0x%x>; size = <0x1000>; "
				  "compatible = \"arm,pl011\", \"arm,primecell\"; "
				  "interrupts = <0 %u 4>; }; ",
				  i, 0xa000000 + i * 0x1000, 0xa000000 + i * 0x1000, i);

		buffer_add_text(&dts, node);
		free(node);
	}
	buffer_add_text(&dts, "}; }; };");
	buffer_fill(&dts, 1);
	l = load_good((char *)dts.data);
	g = &l->system.guests[0];
	tree = malloc(g->tree.span);
	assert_non_null(tree);
	assert_int_equal(
		guest_tree_write(g, &arm64_guest_nodes, seed, tree, g->tree.span, &total, NULL),
		OK);
	free(tree);
	objects = sizeof(struct guest) + 64 * sizeof(struct region) + 8 * sizeof(struct vcpu);
	assert_true(l->system.heap_bytes >
		    objects + g->tree.span +
			    vgic_storage_bytes(g->arch.arm64.num_spis, g->num_vcpus));
	buffer_free(&dts);
	unload(l);
	load_host.num_cpus = 4;
}

/* The core may take 256 KiB with one guest of two vCPUs; the heap is the part that is computed. */
static void heap_is_small(void **state)
{
	struct loaded *l = load_good("guests { linux { autostart; kernel = \"Image\"; "
				     "vcpus { count = <2>; }; aspace { " RAM UART "}; }; };");

	(void)state;
	assert_true(l->system.heap_bytes <= KIB(96));
	assert_int_equal(l->system.heap_bytes % PAGE_SIZE, 0);
	unload(l);
}

/* The bundle's size is as given; its archive ends before. */
static void files_larger_than_the_core_maps(void **state)
{
	static const char nodes[] =
		"guests { linux { autostart; kernel = \"Image\"; aspace { " RAM "}; }; };";
	size_t used = load_bundle.used;
	struct loaded *l;

	(void)state;
	load_bundle.used = CONFIG_MAX_MAPPED - MIB(1);
	unload(load_good(nodes));
	load_bundle.used = CONFIG_MAX_MAPPED;
	l = load(nodes);
	load_bundle.used = used;
	assert_int_equal(l->err, ERR_INVALID);
	assert_non_null(strstr(l->text, "at most 480 MiB: name smaller files"));
	unload(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_and_defaults),
		cmocka_unit_test(values_given),
		cmocka_unit_test(gic_version_is_the_machines),
		cmocka_unit_test(places_of_a_linux),
		cmocka_unit_test(text_offset_is_honoured),
		cmocka_unit_test(tree_in_reach),
		cmocka_unit_test(the_largest_ram_is_the_main_one),
		cmocka_unit_test(raw_goes_where_it_is_told),
		cmocka_unit_test(arena_too_small),
		cmocka_unit_test(no_host_and_no_bundle),
		cmocka_unit_test(bounds_hold_for_a_large_guest),
		cmocka_unit_test(heap_is_small),
		cmocka_unit_test(files_larger_than_the_core_maps),
	};

	tool_name = "test_config";
	return cmocka_run_group_tests(tests, load_set_up, load_tear_down);
}
