/* SPDX-License-Identifier: Apache-2.0 */
/* What config_load() makes of a description that has no mistakes: values, defaults, places, sizes.
 */
#include "support/test.h"

#include <arch/image.h>
#include <mullion/config.h>
#include <mullion/guest.h>
#include <mullion/guest_tree.h>
#include <mullion/log.h>
#include <mullion/string.h>

#include "arch/arm64/pure/vgic.h"
#include "support/dtb.h"
#include "tools/common/bundle.h"

#define RAM "ram { type = \"ram\"; guest-address = <0x40000000>; size = <0x10000000>; }; "
#define UART                                                                                     \
	"uart { type = \"device\"; guest-address = <0x9000000>; host-address = <0x9000000>; "    \
	"size = <0x1000>; compatible = \"arm,pl011\", \"arm,primecell\"; interrupts = <0 1 4>; " \
	"}; "

/* One load, with all that has to stay while its result is looked at. */
struct loaded {
	struct diag diag;
	char text[4096];
	void *blob, *arena;
	struct fdt tree;
	struct system system;
	enum err err;
};

static struct host host;
static struct buffer bundle;

static void report(struct diag *diag, fdt_node_t node, const char *property, const char *text)
{
	struct loaded *l = container_of(diag, struct loaded, diag);

	(void)node;
	(void)property;
	(void)str_append(l->text, sizeof(l->text), text);
	(void)str_append(l->text, sizeof(l->text), "\n");
}

static struct loaded *load(const char *nodes)
{
	struct loaded *l = calloc(1, sizeof(*l));
	size_t size, arena_bytes;
	char *dts;

	assert_non_null(l);
	dts = xasprintf("/dts-v1/; / { compatible = \"mullion,system\"; %s };", nodes);
	l->diag.report = report;
	l->blob = dtb_compile(dts, &size);
	free(dts);
	assert_int_equal(fdt_open(&l->tree, l->blob, size), OK);
	arena_bytes = config_arena_bytes(&l->tree);
	l->arena = malloc(arena_bytes);
	assert_non_null(l->arena);
	l->err = config_load(&l->tree, &host, bundle.data, bundle.used, l->arena, arena_bytes,
			     &l->system, &l->diag);
	return l;
}

static struct loaded *load_good(const char *nodes)
{
	struct loaded *l = load(nodes);

	assert_string_equal(l->text, "");
	assert_int_equal(l->err, OK);
	return l;
}

static void unload(struct loaded *l)
{
	free(l->arena);
	free(l->blob);
	free(l);
}

/* --- The machine and the bundle --- */

static void put(u8 *image, u32 offset, u64 value)
{
	for (u32 i = 0; i < 8; i++)
		image[offset + i] = (u8)(value >> (8 * i));
}

static char directory[] = "/tmp/mullion-test-XXXXXX";

static void make_image(const char *name, u64 text_offset, u64 image_size, size_t bytes)
{
	char *path = xasprintf("%s/%s", directory, name);
	u8 *image = calloc(1, bytes);

	assert_non_null(image);
	put(image, 8, text_offset);
	put(image, 16, image_size);
	if (!str_equal(name, "initrd"))
		memcpy(image + 56, "ARM\x64", 4);
	assert_true(write_file(path, image, bytes));
	free(image);
	free(path);
}

static int set_up(void **state)
{
	static const char *const names[] = { "Image", "old", "offset", "initrd" };
	struct search dirs = { 0 };
	struct buffer dtb = { 0 };
	struct fdt tree;
	size_t size;
	void *blob;
	int status;

	(void)state;
	host = (struct host){ .num_cpus = 4,
			      .num_memory = 2,
			      .memory = { { 0x40000000, 0x40000000 },
					  { 0x100000000, 0x200000000 } },
			      .gic = HOST_GIC_V3,
			      .uart = HOST_UART_PL011 };
	if (mkdtemp(directory) == NULL)
		return -1;
	make_image("Image", 0, MIB(32), 4096);
	make_image("old", 0, 0, 8192);
	make_image("offset", 0x80000, MIB(16), 4096);
	make_image("initrd", 0, 0, 5000);
	search_add(&dirs, directory);
	blob = dtb_compile("/dts-v1/; / { guests { a { kernel = \"Image\"; initrd = \"initrd\"; }; "
			   "b { kernel = \"old\"; }; c { kernel = \"offset\"; }; }; };",
			   &size);
	buffer_add(&dtb, blob, size);
	free(blob);
	status = fdt_open(&tree, dtb.data, dtb.used) == OK
			 ? bundle_build(&tree, &dtb, &dirs, false, &bundle)
			 : -1;
	buffer_free(&dtb);
	free(dirs.dirs);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *path = xasprintf("%s/%s", directory, names[i]);

		(void)remove(path);
		free(path);
	}
	(void)remove(directory);
	return status;
}

static int tear_down(void **state)
{
	(void)state;
	buffer_free(&bundle);
	return 0;
}

/* --- Values --- */

static void values_and_defaults(void **state)
{
	struct loaded *l = load_good("guests { linux { autostart; kernel = \"Image\"; "
				     "console = \"uart\"; aspace { " RAM UART "}; }; };");
	const struct config_guest *g = &l->system.guests[0];

	(void)state;
	assert_int_equal(l->system.num_guests, 1);
	assert_int_equal(l->system.uart, HOST_UART_PL011);
	assert_int_equal(l->system.log_level, LOG_INFO);
	assert_false(l->system.stay);
	assert_string_equal(g->name, "linux");
	assert_true(g->autostart);
	assert_true(g->trng);
	assert_false(g->trap_wfi);
	assert_int_equal(g->gic_version, 3);
	assert_int_equal(g->num_vcpus, 1);
	assert_int_equal(g->vcpus[0].cpu, 0);
	assert_int_equal(g->num_spis, 32);
	assert_int_equal(g->gicd.v, 0x08000000);
	assert_int_equal(g->gicr.v, 0x080a0000);
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
		"bootargs = \"quiet\"; trap-wfi; no-trng; gicd-address = <0x30000000>; "
		"gicr-address = <0x31000000>; vcpus { count = <3>; vcpu1 { cpu = <0>; }; }; aspace "
		"{ " RAM
		"low { type = \"alias\"; guest-address = <0x20000000>; alias-of = \"ram\"; "
		"size = <0x100000>; }; "
		"flash { type = \"rom\"; guest-address = <0 0>; host-address = <1 0x00000000>; "
		"size = <0 0x200000>; }; "
		"net { type = \"device\"; guest-address = <0xa000000>; host-address = <0xa003000>; "
		"size = <0x1000>; interrupts = <0 47 1>, <0 900 4>; "
		"guest-interrupts = <0 16 1>, <0 70 4>; }; }; }; };");
	const struct config_guest *g = &l->system.guests[0];

	(void)state;
	assert_int_equal(l->system.log_level, LOG_DEBUG);
	assert_true(l->system.stay);
	assert_true(g->trap_wfi);
	assert_false(g->trng);
	assert_string_equal(g->bootargs, "quiet");
	assert_int_equal(g->gicd.v, 0x30000000);
	assert_int_equal(g->gicr.v, 0x31000000);
	/* The one that was asked for, and the free ones in order. */
	assert_int_equal(g->vcpus[0].cpu, 1);
	assert_int_equal(g->vcpus[1].cpu, 0);
	assert_int_equal(g->vcpus[2].cpu, 2);
	assert_int_equal(g->num_regions, 4);
	assert_string_equal(g->regions[0].name, "flash");
	assert_int_equal(g->regions[0].hpa.v, 0x100000000);
	assert_int_equal(g->regions[0].size, 0x200000);
	assert_string_equal(g->regions[1].name, "net");
	assert_int_equal(g->regions[1].irqs[0].host, 79);
	assert_int_equal(g->regions[1].irqs[0].guest, 48);
	assert_false(g->regions[1].irqs[0].level);
	assert_int_equal(g->regions[1].irqs[1].host, 932);
	assert_int_equal(g->regions[1].irqs[1].guest, 102);
	assert_int_equal(g->num_spis, 96);
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
	host.gic = HOST_GIC_V2;
	l = load_good("guests { linux { autostart; kernel = \"Image\"; aspace { " RAM "}; }; };");
	assert_int_equal(l->system.guests[0].gic_version, 2);
	unload(l);
	l = load("guests { linux { autostart; kernel = \"Image\"; vcpus { count = <9>; }; aspace "
		 "{ " RAM "}; }; };");
	assert_int_equal(l->err, ERR_INVALID);
	assert_non_null(
		strstr(l->text, "9 vCPUs are too many for a GICv2, which serves 8; write <8>"));
	unload(l);
	host.gic = HOST_GIC_V3;
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
	assert_int_equal((size_t)(g->kernel.data - bundle.data) % BUNDLE_ALIGN, 0);
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
	assert_int_equal(l->system.guests[0].kind, IMAGE_RAW);
	assert_int_equal(l->system.guests[0].entry.v, 0x40000000);
	assert_int_equal(l->system.guests[1].entry.v, 0);
	assert_true(l->system.guests[1].tree.load.v >= 0x40000000);
	unload(l);
}

/* --- Bounds --- */

/* Whatever is too little for the arena is refused, not overrun (the sanitizer watches). */
static void too_small(const char *nodes)
{
	struct loaded *l = load(nodes);
	size_t bytes = config_arena_bytes(&l->tree);

	assert_true(l->err != ERR_NO_MEMORY);
	for (size_t less = 0; less < bytes; less += 16) {
		void *arena = malloc(less == 0 ? 1 : less);
		enum err err;

		assert_non_null(arena);
		err = config_load(&l->tree, &host, bundle.data, bundle.used, arena, less,
				  &l->system, &l->diag);
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
		  "}; }; }; d { program = \"initrd\"; console = \"c\"; }; }; templates { t { "
		  "instances = <2>; kernel = \"Image\"; vmm { }; aspace { " RAM "}; }; }; "
		  "schedule { cpu0 { strategy = \"windows\"; cycle-us = <1000>; w0 { }; window0 { "
		  "}; }; };");
}

/* What is not there leaves its checks out. */
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

static void add_text(struct buffer *to, const char *text)
{
	buffer_add(to, text, strlen(text));
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
	host.num_cpus = 8;
	add_text(&dts, "guests { linux { autostart; kernel = \"Image\"; bootargs = \"");
	for (u32 i = 0; i < 1023; i++)
		add_text(&dts, "x");
	add_text(&dts, "\"; vcpus { count = <8>; }; aspace { " RAM);
	for (u32 i = 0; i < 63; i++) {
		char *node =
			xasprintf("a-device-with-a-long-name-%u { type = \"device\"; "
				  "guest-address = <0x%x>; host-address = <0x%x>; size = <0x1000>; "
				  "compatible = \"arm,pl011\", \"arm,primecell\"; "
				  "interrupts = <0 %u 4>, <0 %u 1>, <0 %u 4>; }; ",
				  i, 0xa000000 + i * 0x1000, 0xa000000 + i * 0x1000, 3 * i,
				  3 * i + 1, 3 * i + 2);

		add_text(&dts, node);
		free(node);
	}
	add_text(&dts, "}; }; };");
	buffer_fill(&dts, 1);
	l = load_good((char *)dts.data);
	g = &l->system.guests[0];
	tree = malloc(g->tree.span);
	assert_non_null(tree);
	assert_int_equal(guest_tree_write(g, seed, tree, g->tree.span, &total), OK);
	free(tree);
	objects = sizeof(struct guest) + 64 * sizeof(struct region) + 8 * sizeof(struct vcpu);
	assert_true(l->system.heap_bytes >
		    objects + g->tree.span + vgic_storage_bytes(g->num_spis, g->num_vcpus));
	buffer_free(&dts);
	unload(l);
	host.num_cpus = 4;
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

/* --- Components, templates, schedule --- */

#define VIRTUAL                                                                        \
	"uart { type = \"virtual\"; device = \"pl011\"; guest-address = <0x9000000>; " \
	"size = <0x1000>; interrupts = <0 1 4>; }; "
#define CONSOLE                                                               \
	"console { program = \"initrd\"; aspace { uart { type = \"device\"; " \
	"host-address = <0x9000000>; size = <0x1000>; interrupts = <0 1 4>; }; }; }; "
#define TEMPLATE                                                                        \
	"templates { small { instances = <2>; kernel = \"Image\"; console = \"uart\"; " \
	"bootargs = \"quiet\"; vcpus { count = <2>; vcpu1 { priority = <150>; }; }; "   \
	"vmm { console = \"console\"; arguments = \"x\"; }; aspace { " RAM VIRTUAL "}; }; }; "
#define GUESTS(properties) "guests { a { autostart; template = \"small\"; " properties " }; }; "

/* The programs are none: what depends on the bundle is tested with the tools (test_bad.c). */
static struct loaded *load_without_bundle(const char *nodes)
{
	struct buffer kept = bundle;
	struct loaded *l;

	bundle = (struct buffer){ 0 };
	l = load_good(nodes);
	bundle = kept;
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
	assert_int_equal(guest_tree_write(g, seed, blob, g->tree.span, &total), OK);
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

	add_text(&dts, before);
	for (u32 i = 0; i < count; i++) {
		char *text = xasprintf(one, i);

		add_text(&dts, text);
		free(text);
	}
	add_text(&dts, after);
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
	      "/channels: 65 channels, the lines of consoles included; at most 64");
	bound(47, "components { " CONSOLE "m { program = \"initrd\"; }; }; channels { ",
	      "c%u { between = \"m\", \"console\"; }; ", "}; " ONE_GUEST,
	      "/components/console: 'console' would have 49 grants");
	bound(33, "components { ", "c%1$u { program = \"initrd\"; partition = \"p%1$u\"; }; ",
	      "}; " ONE_GUEST, "more than 32 partitions; use fewer names");
	bound(33, "components { m { program = \"initrd\"; aspace { ",
	      "m%u { type = \"memory\"; size = <0x1000>; }; ", "}; }; }; " ONE_GUEST,
	      "/components/m/aspace: more than 32 nodes inside");
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
		cmocka_unit_test(emulated_devices_are_described),
		cmocka_unit_test(a_guest_overrides_its_template),
		cmocka_unit_test(instances_are_absent),
		cmocka_unit_test(values_of_components),
		cmocka_unit_test(windows_are_sorted),
		cmocka_unit_test(vcpus_share_cpus),
		cmocka_unit_test(bounds_of_components),
	};

	tool_name = "test_config";
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
