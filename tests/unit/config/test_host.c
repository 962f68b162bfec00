/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config/host.c: trees made for one question each, and every board tree of Debian's arm64
 * kernel (scripts/fetch puts them into build/debian/dtbs).
 */
#define _GNU_SOURCE /* nftw() */
#include <mullion/host.h>

#include <ftw.h>
#include <libfdt.h>
#include <unistd.h>

#include "support/dtb.h"
#include "support/test.h"

#define BOARDS     "build/debian/dtbs"
#define MIN_BOARDS 500

/* A tree of `/ { HEAD BODY };` with two cells each for addresses and sizes. */
static enum err read_tree(const char *body, struct host *host)
{
	char *dts = malloc(strlen(body) + 128);
	struct fdt fdt;
	size_t size;
	enum err err;
	void *blob;

	assert_non_null(dts);
	(void)sprintf(dts, "/dts-v1/;\n/ { #address-cells = <2>; #size-cells = <2>; %s };\n", body);
	blob = dtb_compile(dts, &size);
	assert_int_equal(fdt_open(&fdt, blob, size), OK);
	err = host_read(&fdt, host);
	free(blob);
	free(dts);
	return err;
}

static void empty_tree_is_an_empty_machine(void **state)
{
	struct host host, zero;

	(void)state;
	memset(&host, 0xff, sizeof(host));
	memset(&zero, 0, sizeof(zero));
	assert_int_equal(read_tree("", &host), OK);
	assert_non_null(host.tree);
	host.tree = NULL;
	assert_memory_equal(&host, &zero, sizeof(host));
}

static void cpus(void **state)
{
	struct host host;

	(void)state;
	assert_int_equal(
		read_tree("cpus { #address-cells = <2>; #size-cells = <0>;"
			  " cpu-map { core0 { }; };"
			  " a { device_type = \"cpu\"; reg = <0x1 0x80000100>;"
			  "     enable-method = \"psci\"; };"
			  " b { device_type = \"cpu\"; reg = <0 0x101>; status = \"disabled\"; };"
			  " c { device_type = \"cpu\"; reg = <0 0x102>; status = \"okay\";"
			  "     enable-method = \"spin-table\"; };"
			  " l2 { compatible = \"cache\"; }; };",
			  &host),
		OK);
	assert_int_equal(host.num_cpus, 2);
	/* Bits that are no affinity are left out. */
	assert_int_equal(host.cpus[0].identity, 0x100000100);
	assert_true(host.cpus[0].usable);
	assert_int_equal(host.cpus[1].identity, 0x102);
	assert_false(host.cpus[1].usable);
	assert_int_equal(read_tree("cpus { #address-cells = <1>; #size-cells = <0>;"
				   " a { device_type = \"cpu\"; reg = <1>; };"
				   " b { device_type = \"cpu\"; reg = <1>; }; };",
				   &host),
			 ERR_FORMAT);
	assert_int_equal(read_tree("cpus { a { device_type = \"cpu\"; }; };", &host), ERR_FORMAT);
}

static void too_many_cpus(void **state)
{
	char *body = malloc(HOST_MAX_CPUS * 64 + 256);
	size_t used;
	struct host host;

	(void)state;
	assert_non_null(body);
	used = (size_t)sprintf(body, "cpus { #address-cells = <1>; #size-cells = <0>;");
	for (int i = 0; i <= HOST_MAX_CPUS; i++) {
		if (i == HOST_MAX_CPUS) {
			(void)strcpy(body + used, "};");
			assert_int_equal(read_tree(body, &host), OK);
			assert_int_equal(host.num_cpus, HOST_MAX_CPUS);
		}
		used += (size_t)sprintf(body + used, "c%d { device_type = \"cpu\"; reg = <%d>; };",
					i, i);
	}
	(void)strcpy(body + used, "};");
	assert_int_equal(read_tree(body, &host), ERR_TOO_BIG);
	free(body);
}

static void memory_is_sorted_and_merged(void **state)
{
	struct host host;

	(void)state;
	assert_int_equal(
		read_tree("m1 { device_type = \"memory\"; reg = <0x8 0 0 0x1000>; };"
			  "m2 { device_type = \"memory\";"
			  "     reg = <0 0x40000000 0 0x1000000 0 0x42000000 0 0x1000>; };"
			  "m3 { device_type = \"memory\"; reg = <0 0x41000000 0 0x1000000>; };"
			  "m4 { device_type = \"memory\"; reg = <0 0x1000 0 0>; };"
			  "m5 { device_type = \"memory\"; reg = <0 0 0 0x100>; status = "
			  "\"disabled\"; };"
			  "m6 { device_type = \"memory\"; reg = <0x7 0xfffff800 0 0x1000>; };",
			  &host),
		OK);
	assert_int_equal(host.num_memory, 2);
	assert_int_equal(host.memory[0].base, 0x40000000);
	assert_int_equal(host.memory[0].size, 0x2001000);
	assert_int_equal(host.memory[1].base, 0x7fffff800);
	assert_int_equal(host.memory[1].size, 0x1800);
	assert_int_equal(read_tree("m { device_type = \"memory\"; reg = <0 0x1000 0>; };", &host),
			 ERR_FORMAT);
	assert_int_equal(read_tree("m { device_type = \"memory\";"
				   " reg = <0xffffffff 0xfffff000 0 0x2000>; };",
				   &host),
			 ERR_FORMAT);
}

static void reservations_come_from_both_places(void **state)
{
	static const char dts[] =
		"/dts-v1/; /memreserve/ 0x1000 0x1000; /memreserve/ 0x9000 0x10;"
		"/ { #address-cells = <1>; #size-cells = <1>;"
		" reserved-memory { #address-cells = <1>; #size-cells = <1>; ranges;"
		"  a@2000 { reg = <0x2000 0x800>, <0x20000 0x1000>; no-map; };"
		"  pool { size = <0x1000>; };"
		"  off@30000 { reg = <0x30000 0x1000>; status = \"disabled\"; }; }; };";
	struct host host;
	struct fdt fdt;
	size_t size;
	void *blob = dtb_compile(dts, &size);

	(void)state;
	assert_int_equal(fdt_open(&fdt, blob, size), OK);
	assert_int_equal(host_read(&fdt, &host), OK);
	assert_int_equal(host.num_reserved, 3);
	assert_int_equal(host.reserved[0].base, 0x1000);
	assert_int_equal(host.reserved[0].size, 0x1800);
	assert_int_equal(host.reserved[1].base, 0x9000);
	assert_int_equal(host.reserved[2].base, 0x20000);
	free(blob);
}

#define GICV2                                                                            \
	"interrupt-parent = <&gic>;"                                                     \
	"gic: intc@8000000 { compatible = \"arm,cortex-a15-gic\"; interrupt-controller;" \
	" #interrupt-cells = <3>; interrupts = <1 9 4>; reg = <0 0x8000000 0 0x10000>,"  \
	" <0 0x8010000 0 0x10000>, <0 0x8030000 0 0x10000>, <0 0x8040000 0 0x10000>; };"

static void gicv2(void **state)
{
	struct host host;

	(void)state;
	assert_int_equal(read_tree(GICV2, &host), OK);
	assert_int_equal(host.arch.arm64.gic, HOST_GIC_V2);
	assert_int_equal(host.arch.arm64.gicd.base, 0x8000000);
	assert_int_equal(host.arch.arm64.gicc.base, 0x8010000);
	assert_int_equal(host.arch.arm64.gich.base, 0x8030000);
	assert_int_equal(host.arch.arm64.gicv.base, 0x8040000);
	assert_int_equal(host.arch.arm64.gicv.size, 0x10000);
	assert_int_equal(host.arch.arm64.maintenance_irq, 25);
	assert_int_equal(host.arch.arm64.num_gicr, 0);
}

#define GICV3(more)                                                                         \
	"gic: intc@8000000 { compatible = \"arm,gic-v3\"; interrupt-controller;"            \
	" #interrupt-cells = <4>; interrupt-parent = <&gic>; interrupts = <1 9 4 0>;"       \
	" reg = <0 0x8000000 0 0x10000>, <0 0x80a0000 0 0x40000>, <0 0x90a0000 0 0x20000>," \
	" <0 0xa000000 0 0x2000>;" more " };"

static void gicv3(void **state)
{
	struct host host;

	(void)state;
	assert_int_equal(read_tree(GICV3("#redistributor-regions = <2>;"
					 " redistributor-stride = <0 0x40000>;"),
				   &host),
			 OK);
	assert_int_equal(host.arch.arm64.gic, HOST_GIC_V3);
	assert_int_equal(host.arch.arm64.num_gicr, 2);
	assert_int_equal(host.arch.arm64.gicr[0].base, 0x80a0000);
	assert_int_equal(host.arch.arm64.gicr[1].base, 0x90a0000);
	assert_int_equal(host.arch.arm64.gicr[1].size, 0x20000);
	assert_int_equal(host.arch.arm64.gicr_stride, 0x40000);
	assert_int_equal(host.arch.arm64.gicc.base, 0xa000000);
	assert_int_equal(host.arch.arm64.gicv.size, 0);
	assert_int_equal(host.arch.arm64.maintenance_irq, 25);
	assert_int_equal(read_tree(GICV3(""), &host), OK);
	assert_int_equal(host.arch.arm64.num_gicr, 1);
	assert_int_equal(host.arch.arm64.gicc.base, 0x90a0000);
	assert_int_equal(read_tree(GICV3("#redistributor-regions = <5>;"), &host), ERR_TOO_BIG);
}

static void timers(void **state)
{
	struct host host;

	(void)state;
	assert_int_equal(read_tree(GICV2 "timer { compatible = \"arm,armv8-timer\";"
					 " interrupts = <1 13 4 1 14 4 1 11 4 1 10 4>; };",
				   &host),
			 OK);
	assert_int_equal(host.arch.arm64.timer_irq[0], 29);
	assert_int_equal(host.arch.arm64.timer_irq[1], 30);
	assert_int_equal(host.arch.arm64.timer_irq[2], 27);
	assert_int_equal(host.arch.arm64.timer_irq[3], 26);
	/* Names rule over order; a range without a name is absent. */
	assert_int_equal(read_tree(GICV2
				   "timer { compatible = \"arm,armv8-timer\";"
				   " interrupt-names = \"virt\", \"phys\", \"hyp-phys\";"
				   " interrupts-extended = <&gic 1 11 4>, <&other 3>,"
				   "  <&gic 1 10 4>; };"
				   "other: o { interrupt-controller; #interrupt-cells = <1>; };",
				   &host),
			 OK);
	assert_int_equal(host.arch.arm64.timer_irq[0], 0);
	assert_int_equal(host.arch.arm64.timer_irq[1], 0);
	assert_int_equal(host.arch.arm64.timer_irq[2], 27);
	assert_int_equal(host.arch.arm64.timer_irq[3], 26);
	assert_int_equal(read_tree(GICV2 "timer { compatible = \"arm,armv8-timer\";"
					 " interrupts = <1 16 4>; };",
				   &host),
			 ERR_FORMAT);
	assert_int_equal(read_tree(GICV2 "timer { compatible = \"arm,armv8-timer\";"
					 " interrupts = <9 1 4>; };",
				   &host),
			 ERR_FORMAT);
}

static void psci(void **state)
{
	struct host host;

	(void)state;
	assert_int_equal(read_tree("firmware { psci { compatible = \"arm,psci-1.0\","
				   " \"arm,psci-0.2\"; method = \"hvc\"; }; };",
				   &host),
			 OK);
	assert_int_equal(host.arch.arm64.psci, HOST_PSCI_HVC);
	assert_int_equal(
		read_tree("psci { compatible = \"arm,psci-0.2\"; method = \"smc\"; };", &host), OK);
	assert_int_equal(host.arch.arm64.psci, HOST_PSCI_SMC);
	assert_int_equal(read_tree("psci { compatible = \"arm,psci\"; method = \"smc\"; };", &host),
			 OK);
	assert_int_equal(host.arch.arm64.psci, HOST_PSCI_NONE);
	assert_int_equal(
		read_tree("psci { compatible = \"arm,psci-1.0\"; method = \"x\"; };", &host),
		ERR_FORMAT);
}

#define UART                                                                               \
	"soc { #address-cells = <1>; #size-cells = <1>; ranges = <0 0 0x9000000 0x10000>;" \
	" uart: serial@1000 { compatible = \"arm,pl011\", \"arm,primecell\";"              \
	" reg = <0x1000 0x1000>; interrupts = <0 1 4>; }; };"

static void console(void **state)
{
	static const char *const ways[] = {
		"stdout-path = \"/soc/serial@1000\";",
		"stdout-path = \"/soc/serial@1000:115200n8\";",
		"stdout-path = \"serial0:115200\";",
		"stdout-path = \"serial0\";",
		"linux,stdout-path = \"serial0\";",
	};
	char body[1024];
	struct host host;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		(void)snprintf(body, sizeof(body),
			       GICV2 UART "aliases { serial0 = &uart; }; chosen { %s };", ways[i]);
		assert_int_equal(read_tree(body, &host), OK);
		assert_int_equal(host.uart, HOST_UART_KNOWN);
		assert_int_equal(host.uart_regs.base, 0x9001000);
		assert_int_equal(host.uart_regs.size, 0x1000);
	}
	assert_int_equal(read_tree(UART "chosen { stdout-path = \"serial1\"; };", &host), OK);
	assert_int_equal(host.uart, HOST_UART_NONE);
	assert_int_equal(read_tree("fb { compatible = \"simple-framebuffer\"; };"
				   "chosen { stdout-path = \"/fb\"; };",
				   &host),
			 OK);
	assert_int_equal(host.uart, HOST_UART_UNKNOWN);
}

static void chosen(void **state)
{
	struct host host;

	(void)state;
	assert_int_equal(read_tree("compatible = \"vendor,board\", \"vendor,soc\";"
				   "chosen { bootargs = \"a b\"; linux,initrd-start = <0x48000000>;"
				   " linux,initrd-end = <0x1 0x2>; };",
				   &host),
			 OK);
	assert_string_equal(host.compatible, "vendor,board");
	assert_string_equal(host.bootargs, "a b");
	assert_int_equal(host.initrd_start, 0x48000000);
	assert_int_equal(host.initrd_end, 0x100000002);
	assert_int_equal(
		read_tree("chosen { linux,initrd-start = <0x2>; linux,initrd-end = <1>; };", &host),
		ERR_FORMAT);
	assert_int_equal(read_tree("chosen { linux,initrd-start = <0x2>; };", &host), OK);
	assert_int_equal(host.initrd_start, 0);
}

static void clocks(void **state)
{
	static const struct {
		const char *body;
		u64 base, size;
	} cases[] = {
		{ "rtc { compatible = \"arm,pl031\", \"arm,primecell\"; reg = <0 0x9010000 0 "
		  "0x1000>; };",
		  0x9010000, 0x1000 },
		{ "rtc { compatible = \"arm,pl031\"; reg = <0 0x9010000 0 0x1000>;"
		  " status = \"disabled\"; };",
		  0, 0 },
		{ "rtc { compatible = \"arm,pl031\"; };", 0, 0 },
		{ "rtc { compatible = \"dallas,ds1307\"; reg = <0 0x9010000 0 0x1000>; };", 0, 0 },
	};
	struct host host;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(read_tree(cases[i].body, &host), OK);
		assert_int_equal(host.rtc.base, cases[i].base);
		assert_int_equal(host.rtc.size, cases[i].size);
	}
}

/* A ring of interrupt-parent phandles, none a controller, must not be walked without end. */
static void ring_of_parents_ends(void **state)
{
	struct host host;

	(void)state;
	assert_int_equal(read_tree(GICV2 "a: a { interrupt-parent = <&b>; };"
					 "b: b { interrupt-parent = <&a>; };"
					 "timer { compatible = \"arm,armv8-timer\";"
					 " interrupt-parent = <&a>; interrupts = <1 11 4>; };",
				   &host),
			 OK);
	assert_int_equal(host.arch.arm64.timer_irq[0], 0);
}

/* Properties of boards, from their makers' documents. Zero: not compared. */
static const struct board {
	const char *file;
	u32 cpus;
	enum host_gic gic;
	u64 gicd, second; /* GICC of a GICv2, GICR of a GICv3 */
	enum host_psci psci;
	enum host_uart uart;
	u64 uart_base;
	u32 uart_irq;
} boards[] = {
	{ "arm/juno.dtb", 6, HOST_GIC_V2, 0x2c010000, 0x2c02f000, HOST_PSCI_SMC, HOST_UART_KNOWN,
	  0x7ff80000, 115 },
	{ "arm/foundation-v8-gicv3-psci.dtb", 4, HOST_GIC_V3, 0x2f000000, 0x2f100000, HOST_PSCI_SMC,
	  0, 0, 0 },
	{ "cavium/thunder-88xx.dtb", 48, HOST_GIC_V3, 0x801000000000, 0x801080000000, HOST_PSCI_SMC,
	  0, 0, 0 },
	{ "hisilicon/hip07-d05.dtb", 64, HOST_GIC_V3, 0x4d000000, 0x4d100000, HOST_PSCI_SMC,
	  HOST_UART_UNKNOWN, 0x602b0000, 0 },
	{ "hisilicon/hi3660-hikey960.dtb", 8, HOST_GIC_V2, 0xe82b1000, 0xe82b2000, HOST_PSCI_SMC,
	  HOST_UART_KNOWN, 0xfff32000, 111 },
	{ "amd/amd-overdrive-rev-b1.dtb", 8, HOST_GIC_V2, 0xe1110000, 0xe112f000, HOST_PSCI_SMC,
	  HOST_UART_KNOWN, 0xe1010000, 360 },
	{ "amlogic/meson-gxbb-odroidc2.dtb", 4, HOST_GIC_V2, 0xc4301000, 0xc4302000, HOST_PSCI_SMC,
	  HOST_UART_UNKNOWN, 0xc81004c0, 225 },
	{ "freescale/imx8mm-evk.dtb", 4, HOST_GIC_V3, 0x38800000, 0x38880000, HOST_PSCI_SMC,
	  HOST_UART_UNKNOWN, 0x30890000, 59 },
	{ "rockchip/rk3399-rockpro64.dtb", 6, HOST_GIC_V3, 0xfee00000, 0xfef00000, HOST_PSCI_SMC,
	  HOST_UART_UNKNOWN, 0xff1a0000, 132 },
	{ "xilinx/zynqmp-zcu102-rev1.0.dtb", 4, HOST_GIC_V2, 0xf9010000, 0xf9020000, HOST_PSCI_SMC,
	  HOST_UART_UNKNOWN, 0xff000000, 53 },
	{ "broadcom/bcm2711-rpi-4-b.dtb", 4, HOST_GIC_V2, 0xff841000, 0xff842000, HOST_PSCI_NONE,
	  HOST_UART_UNKNOWN, 0xfe215040, 125 },
	{ "broadcom/bcm2837-rpi-3-b.dtb", 4, HOST_GIC_NONE, 0, 0, HOST_PSCI_NONE, HOST_UART_UNKNOWN,
	  0x3f215040, 0 },
	{ "qcom/apq8016-sbc.dtb", 4, HOST_GIC_V2, 0xb000000, 0xb002000, HOST_PSCI_SMC,
	  HOST_UART_UNKNOWN, 0x78b0000, 140 },
	{ "ti/k3-am654-base-board.dtb", 4, HOST_GIC_V3, 0x1800000, 0x1880000, HOST_PSCI_SMC,
	  HOST_UART_UNKNOWN, 0x2800000, 224 },
};

static void read_file(const char *path, struct host *host, u32 *cpus_by_libfdt)
{
	struct fdt fdt;
	size_t size;
	void *blob = file_read(path, &size);
	const char *status;
	int node, parent;

	if (blob == NULL)
		fail_msg("%s cannot be read", path);
	if (fdt_open(&fdt, blob, size) != OK)
		fail_msg("%s was refused", path);
	if (host_read(&fdt, host) != OK)
		fail_msg("host_read() refused %s", path);
	*cpus_by_libfdt = 0;
	parent = fdt_path_offset(blob, "/cpus");
	fdt_for_each_subnode(node, blob, parent)
	{
		const char *type = fdt_getprop(blob, node, "device_type", NULL);

		status = fdt_getprop(blob, node, "status", NULL);
		if (type != NULL && strcmp(type, "cpu") == 0 &&
		    (status == NULL || strncmp(status, "ok", 2) == 0))
			(*cpus_by_libfdt)++;
	}
	free(blob);
}

/* In a fresh clone they are not there. The last line printed is the reason. */
static void need_boards(void)
{
	if (access(BOARDS, R_OK) == 0)
		return;
	print_message(BOARDS " is missing: scripts/fetch dtbs gets the board trees\n");
	skip();
}

static void known_boards(void **state)
{
	char path[256];
	struct host host;
	u32 count;

	(void)state;
	need_boards();
	for (size_t i = 0; i < ARRAY_SIZE(boards); i++) {
		const struct board *board = &boards[i];

		(void)snprintf(path, sizeof(path), BOARDS "/%s", board->file);
		print_message("%s\n", board->file);
		read_file(path, &host, &count);
		assert_int_equal(host.num_cpus, board->cpus);
		assert_int_equal(host.arch.arm64.gic, board->gic);
		assert_int_equal(host.arch.arm64.gicd.base, board->gicd);
		assert_int_equal(board->gic == HOST_GIC_V3 ? host.arch.arm64.gicr[0].base
							   : host.arch.arm64.gicc.base,
				 board->second);
		assert_int_equal(host.arch.arm64.psci, board->psci);
		assert_int_equal(host.uart, board->uart);
		assert_int_equal(host.uart_regs.base, board->uart_base);
	}
}

/* Counted over all boards by visit(), which nftw() gives no argument. */
static struct {
	u32 read, gicv2, gicv3, no_gic, no_timer;
} totals;

static int visit(const char *path, const struct stat *info, int type, struct FTW *where)
{
	const char *dot = strrchr(path, '.');
	struct host host;
	u32 cpu_nodes;

	(void)info, (void)where;
	if (type != FTW_F || dot == NULL || strcmp(dot, ".dtb") != 0)
		return 0;
	read_file(path, &host, &cpu_nodes);
	totals.read++;
	if (host.num_cpus == 0 || host.num_cpus != cpu_nodes)
		fail_msg("%s: %u CPUs read, libfdt sees %u", path, host.num_cpus, cpu_nodes);
	if (host.compatible[0] == '\0')
		fail_msg("%s: the root has no compatible", path);
	switch (host.arch.arm64.gic) {
	case HOST_GIC_V2:
		totals.gicv2++;
		if (host.arch.arm64.gicd.size == 0 || host.arch.arm64.gicc.size == 0)
			fail_msg("%s: GICv2 without a frame", path);
		break;
	case HOST_GIC_V3:
		totals.gicv3++;
		if (host.arch.arm64.gicd.size == 0 || host.arch.arm64.num_gicr == 0 ||
		    host.arch.arm64.gicr[0].size == 0)
			fail_msg("%s: GICv3 without a frame", path);
		break;
	default:
		totals.no_gic++;
		if (strncmp(host.compatible, "raspberrypi,", 12) != 0)
			fail_msg("%s: no interrupt controller", path);
		break;
	}
	if (host.arch.arm64.timer_irq[2] < 16 || host.arch.arm64.timer_irq[2] > 31)
		totals.no_timer++;
	return 0;
}

static void every_board(void **state)
{
	(void)state;
	need_boards();
	assert_int_equal(nftw(BOARDS, visit, 8, FTW_PHYS), 0);
	print_message("%u trees: %u with GICv2, %u with GICv3, %u without\n", totals.read,
		      totals.gicv2, totals.gicv3, totals.no_gic);
	assert_true(totals.read > MIN_BOARDS);
	assert_true(totals.gicv2 > 100);
	assert_true(totals.gicv3 > 100);
	/* The BCM2837 boards of the Raspberry Pi have no GIC; Tegra132 has no timer node. */
	assert_true(totals.no_gic < 10);
	assert_true(totals.no_timer <= totals.no_gic + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_tree_is_an_empty_machine),
		cmocka_unit_test(cpus),
		cmocka_unit_test(too_many_cpus),
		cmocka_unit_test(memory_is_sorted_and_merged),
		cmocka_unit_test(reservations_come_from_both_places),
		cmocka_unit_test(gicv2),
		cmocka_unit_test(gicv3),
		cmocka_unit_test(timers),
		cmocka_unit_test(psci),
		cmocka_unit_test(console),
		cmocka_unit_test(chosen),
		cmocka_unit_test(clocks),
		cmocka_unit_test(ring_of_parents_ends),
		cmocka_unit_test(known_boards),
		cmocka_unit_test(every_board),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
