/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/guest/tree.c and arch/arm64/pure/guest_tree.c: generated trees as dtc, libfdt and lib/fdt
 * read them; supplied trees against a description.
 */
#include <mullion/guest_tree.h>

#include <libfdt.h>

#include "arch/arm64/pure/config.h"
#include "config/internal.h"

#include "support/dtb.h"
#include "support/test.h"

#define ROOM 65536

static struct config_irq uart_irq = { .host = 33, .guest = 33, .level = true };
static struct config_irq rtc_irqs[] = { { .host = 40, .guest = 40, .level = true },
					{ .host = 41, .guest = 1019, .level = false } };

static struct config_region regions[] = {
	{ .name = "uart",
	  .kind = REGION_DEVICE,
	  .gpa = { 0x9000000 },
	  .size = 0x1000,
	  .compatible = "arm,pl011\0arm,primecell",
	  .compatible_len = sizeof("arm,pl011\0arm,primecell"),
	  .num_irqs = 1,
	  .irqs = &uart_irq },
	{ .name = "rtc",
	  .kind = REGION_DEVICE,
	  .gpa = { 0x9010000 },
	  .size = 0x1000,
	  .compatible = "arm,pl031\0arm,primecell",
	  .compatible_len = sizeof("arm,pl031\0arm,primecell"),
	  .num_irqs = 2,
	  .irqs = rtc_irqs },
	{ .name = "hidden", .kind = REGION_DEVICE, .gpa = { 0xa000000 }, .size = 0x1000 },
	{ .name = "ram", .kind = REGION_RAM, .gpa = { 0x40000000 }, .size = 0x10000000 },
	{ .name = "more", .kind = REGION_RAM, .gpa = { 0x50000000 }, .size = 0x1000000 },
	{ .name = "high", .kind = REGION_RAM, .gpa = { 0x880000000 }, .size = 0x180000000 },
	{ .name = "again", .kind = REGION_ALIAS, .gpa = { 0xa00000000 }, .size = 0x1000 },
};

static struct config_guest sample(u8 gic_version, u32 vcpus)
{
	return (struct config_guest){
		.name = "linux",
		.num_vcpus = vcpus,
		.num_regions = ARRAY_SIZE(regions),
		.regions = regions,
		.initrd = { .file = "initrd.cpio", .load = { 0x48000000 }, .size = 0x123457 },
		.tree = { .file = "own.dtb" },
		.bootargs = "console=ttyAMA0",
		.console = 0,
		.arch.arm64 = { .gic_version = gic_version,
				.gicd = { 0x8000000 },
				.gicc = { 0x8010000 },
				.gicr = { 0x80a0000 } },
	};
}

static u8 seed[GUEST_TREE_SEED_BYTES];
static u8 blob[ROOM] __aligned(8);
static struct fdt fdt;
static struct host host;

static u32 generate(const struct config_guest *guest)
{
	u32 total;

	for (u32 i = 0; i < sizeof(seed); i++)
		seed[i] = (u8)(i + 1);
	memset(blob, 0, sizeof(blob));
	assert_int_equal(
		guest_tree_write(guest, &arm64_guest_nodes, seed, blob, sizeof(blob), &total, NULL),
		OK);
	assert_int_equal(fdt_open(&fdt, blob, total), OK);
	assert_int_equal(fdt_check_full(blob, total), 0);
	assert_int_equal(host_read(&fdt, &host), OK);
	return total;
}

static void dtc_has_no_complaints(void **state)
{
	static const u32 counts[] = { 1, 2, 17, 64 };

	(void)state;
	for (u8 version = 2; version <= 3; version++) {
		for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
			struct config_guest guest;
			char *text;
			u32 total;

			if (version == 2 && counts[i] > 8)
				continue;
			guest = sample(version, counts[i]);
			total = generate(&guest);
			text = dtb_complaints(blob, total);
			assert_string_equal(text, "");
			free(text);
		}
	}
}

static void says_what_was_described(void **state)
{
	struct config_guest guest = sample(3, 2);
	u32 total = generate(&guest);

	(void)state;
	assert_true(total < 4096);
	assert_int_equal(host.num_cpus, 2);
	assert_int_equal(host.cpus[1].identity, 1);
	assert_true(host.cpus[0].usable && host.cpus[1].usable);
	assert_int_equal(host.arch.arm64.psci, HOST_PSCI_HVC);
	assert_int_equal(host.num_memory, 2);
	assert_int_equal(host.memory[0].base, 0x40000000);
	assert_int_equal(host.memory[0].size, 0x11000000);
	assert_int_equal(host.memory[1].base, 0x880000000);
	assert_int_equal(host.memory[1].size, 0x180000000);
	assert_int_equal(host.uart, HOST_UART_KNOWN);
	assert_int_equal(host.uart_regs.base, 0x9000000);
	assert_int_equal(host.initrd_start, 0x48000000);
	assert_int_equal(host.initrd_end, 0x48123457);
	assert_string_equal(host.bootargs, "console=ttyAMA0");
	assert_int_equal(host.arch.arm64.timer_irq[0], 29);
	assert_int_equal(host.arch.arm64.timer_irq[1], 30);
	assert_int_equal(host.arch.arm64.timer_irq[2], 27);
	assert_int_equal(host.arch.arm64.timer_irq[3], 26);
	assert_true(fdt_has(&fdt, fdt_find(&fdt, "/timer"), "always-on"));
}

static void controllers(void **state)
{
	struct config_guest guest = sample(3, 5);

	(void)state;
	(void)generate(&guest);
	assert_int_equal(host.arch.arm64.gic, HOST_GIC_V3);
	assert_int_equal(host.arch.arm64.gicd.base, 0x8000000);
	assert_int_equal(host.arch.arm64.gicd.size, 0x10000);
	assert_int_equal(host.arch.arm64.num_gicr, 1);
	assert_int_equal(host.arch.arm64.gicr[0].base, 0x80a0000);
	assert_int_equal(host.arch.arm64.gicr[0].size, 5 * 0x20000);
	guest = sample(2, 4);
	(void)generate(&guest);
	assert_int_equal(host.arch.arm64.gic, HOST_GIC_V2);
	assert_int_equal(host.arch.arm64.gicd.base, 0x8000000);
	assert_int_equal(host.arch.arm64.gicc.base, 0x8010000);
	assert_int_equal(host.arch.arm64.gicc.size, 0x2000);
	assert_int_equal(host.arch.arm64.gich.size, 0);
}

/* Sixteen CPUs to a cluster: Aff0 0 to 15, then Aff1. */
static void cpu_numbers(void **state)
{
	struct config_guest guest = sample(3, 33);

	(void)state;
	(void)generate(&guest);
	assert_int_equal(host.num_cpus, 33);
	assert_int_equal(host.cpus[15].identity, 0xf);
	assert_int_equal(host.cpus[16].identity, 0x100);
	assert_int_equal(host.cpus[32].identity, 0x200);
	assert_int_not_equal(fdt_find(&fdt, "/cpus/cpu@10f"), FDT_NONE);
}

static void devices(void **state)
{
	static const u32 want[] = { 0, 8, 4, 0, 987, 1 };
	struct config_guest guest = sample(3, 1);
	fdt_node_t rtc, uart, clock;
	const char *text;
	u32 cell, phandle;

	(void)state;
	(void)generate(&guest);
	uart = fdt_find(&fdt, "/uart@9000000");
	rtc = fdt_find(&fdt, "/rtc@9010000");
	clock = fdt_find_compatible(&fdt, FDT_NONE, "fixed-clock");
	for (u32 i = 0; i < ARRAY_SIZE(want); i++) {
		assert_int_equal(fdt_get_cell(&fdt, rtc, "interrupts", i, &cell), OK);
		assert_int_equal(cell, want[i]);
	}
	assert_int_equal(fdt_get_cell(&fdt, rtc, "interrupts", 6, &cell), ERR_RANGE);
	assert_int_equal(fdt_get_u32(&fdt, clock, "phandle", &phandle), OK);
	assert_int_equal(fdt_get_cell(&fdt, uart, "clocks", 1, &cell), OK);
	assert_int_equal(cell, phandle);
	assert_int_equal(fdt_get_str_at(&fdt, uart, "clock-names", 0, &text), OK);
	assert_string_equal(text, "uartclk");
	assert_int_equal(fdt_get_str_at(&fdt, uart, "clock-names", 1, &text), OK);
	assert_string_equal(text, "apb_pclk");
	assert_int_equal(fdt_get_str(&fdt, rtc, "clock-names", &text), OK);
	assert_string_equal(text, "apb_pclk");
	assert_int_equal(fdt_find(&fdt, "/hidden"), FDT_NONE);
	assert_int_equal(fdt_find(&fdt, "/again"), FDT_NONE);
}

static void a_bare_guest_needs_little(void **state)
{
	struct config_guest guest = sample(2, 1);
	u32 total;
	char *text;

	(void)state;
	guest.initrd = (struct config_image){ 0 };
	guest.bootargs = "";
	guest.console = guest.num_regions = 1;
	guest.regions = &regions[3];
	total = generate(&guest);
	assert_false(fdt_has(&fdt, fdt_find(&fdt, "/chosen"), "bootargs"));
	assert_false(fdt_has(&fdt, fdt_find(&fdt, "/chosen"), "stdout-path"));
	assert_false(fdt_has(&fdt, fdt_find(&fdt, "/chosen"), "linux,initrd-start"));
	assert_int_equal(fdt_find(&fdt, "/clock"), FDT_NONE);
	text = dtb_complaints(blob, total);
	assert_string_equal(text, "");
	free(text);
}

static void all_of_the_seed_is_given(void **state)
{
	struct config_guest guest = sample(3, 1);
	struct fdt_prop kaslr, rng;
	fdt_node_t chosen;

	(void)state;
	(void)generate(&guest);
	chosen = fdt_find(&fdt, "/chosen");
	assert_true(fdt_get(&fdt, chosen, "kaslr-seed", &kaslr));
	assert_true(fdt_get(&fdt, chosen, "rng-seed", &rng));
	assert_int_equal(kaslr.len, 8);
	assert_int_equal(kaslr.len + rng.len, sizeof(seed));
	assert_memory_equal(kaslr.data, seed, kaslr.len);
	assert_memory_equal(rng.data, seed + kaslr.len, rng.len);
}

static void a_short_buffer_is_an_error(void **state)
{
	struct config_guest guest = sample(3, 2);
	u32 total = generate(&guest), got;

	(void)state;
	for (u32 size = 0; size < total; size++) {
		u8 *buf = malloc(size + 1);

		assert_non_null(buf);
		assert_int_equal(
			guest_tree_write(&guest, &arm64_guest_nodes, seed, buf, size, &got, NULL),
			ERR_TOO_BIG);
		free(buf);
	}
}

/* The room that the checks set aside for the largest guest that they let pass is enough. */
static void the_bound_holds(void **state)
{
	static struct config_irq irqs[CONFIG_MAX_IRQS];
	static struct config_region many[CONFIG_MAX_REGIONS];
	static const u32 counts[] = { 1, CONFIG_MAX_VCPUS };
	static char bootargs[CONFIG_BOOTARGS_MAX];

	(void)state;
	memset(bootargs, 'b', sizeof(bootargs) - 1);
	for (u32 i = 0; i < CONFIG_MAX_IRQS; i++)
		irqs[i] = (struct config_irq){ .host = 100 + i, .guest = 100 + i, .level = true };
	for (u32 i = 0; i < CONFIG_MAX_REGIONS; i++) {
		many[i] = regions[0];
		memset(many[i].name, 'n', sizeof(many[i].name) - 1);
		many[i].gpa.v = UINT64_C(0xfff0000000) + i * 0x1000;
		many[i].irqs = irqs;
		many[i].num_irqs = CONFIG_MAX_IRQS;
	}
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		struct config_guest guest = sample(3, counts[i]);
		static u8 large[MIB(1)];
		u32 total;

		guest.bootargs = bootargs;
		assert_int_equal(guest_tree_write(&guest, &arm64_guest_nodes, seed, large,
						  sizeof(large), &total, NULL),
				 OK);
		assert_true(total <= generated_tree_bytes(&guest));
		guest.regions = many;
		guest.num_regions = CONFIG_MAX_REGIONS;
		assert_int_equal(guest_tree_write(&guest, &arm64_guest_nodes, seed, large,
						  sizeof(large), &total, NULL),
				 OK);
		print_message("%u of %llu bytes\n", total,
			      (unsigned long long)generated_tree_bytes(&guest));
		assert_true(total <= generated_tree_bytes(&guest));
	}
}

struct sink {
	struct diag diag;
	char text[2048];
};

static void collect(struct diag *diag, fdt_node_t node, const char *property, const char *text)
{
	struct sink *sink = (struct sink *)diag;

	assert_int_equal(node, 77);
	assert_string_equal(property, "device-tree");
	assert_non_null(strstr(text, "error: /guests/linux: device-tree = \"own.dtb\": "));
	strncat(sink->text, text, sizeof(sink->text) - strlen(sink->text) - 1);
	strncat(sink->text, "\n", sizeof(sink->text) - strlen(sink->text) - 1);
}

/* The tree of @described, supplied to @guest. */
static void check(const struct config_guest *described, struct config_guest *guest,
		  struct sink *sink)
{
	enum err err;

	*sink = (struct sink){ .diag = { .report = collect } };
	guest->node = 77;
	(void)generate(described);
	err = guest_tree_check(&fdt, guest, &host, &sink->diag);
	assert_int_equal(err, sink->diag.errors == 0 ? OK : ERR_INVALID);
}

static void accepts_its_own_tree(void **state)
{
	struct sink sink;

	(void)state;
	for (u8 version = 2; version <= 3; version++) {
		struct config_guest guest = sample(version, 2);

		check(&guest, &guest, &sink);
		assert_string_equal(sink.text, "");
	}
}

static void finds_what_does_not_fit(void **state)
{
	struct config_guest described = sample(3, 2), guest;
	struct sink sink;

	(void)state;
	guest = sample(3, 1);
	check(&described, &guest, &sink);
	assert_non_null(strstr(sink.text, "2 CPU nodes, and the guest has 1 vCPUs"));
	assert_non_null(strstr(sink.text, "no vCPU has the number 0x1"));

	guest = sample(2, 2);
	check(&described, &guest, &sink);
	assert_non_null(strstr(sink.text, "it has a GICv3, and the guest has a GICv2"));

	guest = sample(3, 2);
	guest.arch.arm64.gicr.v = 0x8100000;
	check(&described, &guest, &sink);
	assert_non_null(strstr(sink.text, "GICR at 0x80a0000, and the guest's is at 0x8100000"));
	assert_int_equal(sink.diag.errors, 1);

	guest = sample(3, 2);
	guest.num_regions = 4; /* without "more" and "high" */
	check(&described, &guest, &sink);
	assert_non_null(strstr(sink.text, "memory 0x40000000..0x50ffffff is not all inside"));
	assert_non_null(strstr(sink.text, "memory 0x880000000..0x9ffffffff is not all inside"));
	assert_int_equal(sink.diag.errors, 2);

	guest = sample(3, 2);
	guest.initrd.load.v = 0x49000000;
	check(&described, &guest, &sink);
	assert_non_null(strstr(sink.text, "linux,initrd-start = <0x0 0x49000000>"));
	assert_int_equal(sink.diag.errors, 1);
}

static void reports_what_is_missing(void **state)
{
	static const char bare[] = "/dts-v1/; / { };";
	struct sink sink = { .diag = { .report = collect } };
	struct config_guest guest = sample(3, 2);
	size_t size;
	void *own = dtb_compile(bare, &size);

	(void)state;
	guest.node = 77;
	assert_int_equal(fdt_open(&fdt, own, size), OK);
	assert_int_equal(guest_tree_check(&fdt, &guest, &host, &sink.diag), ERR_INVALID);
	assert_non_null(strstr(sink.text, "no memory node"));
	assert_non_null(strstr(sink.text, "0 CPU nodes"));
	assert_non_null(strstr(sink.text, "no interrupt controller"));
	assert_non_null(strstr(sink.text, "no psci node"));
	assert_non_null(strstr(sink.text, "where the initrd is"));
	assert_int_equal(sink.diag.errors, 5);
	free(own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dtc_has_no_complaints),
		cmocka_unit_test(says_what_was_described),
		cmocka_unit_test(controllers),
		cmocka_unit_test(cpu_numbers),
		cmocka_unit_test(devices),
		cmocka_unit_test(a_bare_guest_needs_little),
		cmocka_unit_test(all_of_the_seed_is_given),
		cmocka_unit_test(a_short_buffer_is_an_error),
		cmocka_unit_test(the_bound_holds),
		cmocka_unit_test(accepts_its_own_tree),
		cmocka_unit_test(finds_what_does_not_fit),
		cmocka_unit_test(reports_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
