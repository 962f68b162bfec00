/* SPDX-License-Identifier: Apache-2.0 */
/*
 * components/lib/pci.c and virtio_pci.c with a function that is bytes here: its capabilities and
 * BARs may make no sense. Each access must be of its register's width.
 */
#include "support/test.h"

#include "components/lib/host.h"
#include "components/lib/pci.h"
#include "components/lib/virtio_device.h"

#define CONFIG    UINT64_C(0x200000) /* for the component */
#define WINDOW    UINT64_C(0x300000) /* the same */
#define BUS       UINT64_C(0xd8000000)
#define BYTES     0x8000u
#define COMMAND   0x04u
#define BAR(n)    (0x10u + 4 * (n))
#define CAPS      0x40u
#define NOTIFIES  0x3000u
#define ISR       0x1000u
#define DEVICE    0x2000u
#define QUEUE_ADD 0x1eu

static u8 config[4096], window[BYTES];
static u32 bits[PCI_BARS]; /* of each BAR, those that can be written */
static u32 widths[BYTES];  /* of accesses, by the place in the window */
static u32 decoded_writes; /* of BARs, while memory was decoded */
static struct grant_info function, registers;
static struct virtio_device device;

static u32 get(const u8 *bytes, u64 at, u32 n)
{
	u32 value = 0;

	memcpy(&value, bytes + at, n);
	return value;
}

static void put(u8 *bytes, u64 at, u32 n, u32 value)
{
	memcpy(bytes + at, &value, n);
}

/* Returns the bytes of @address; *@offset in them. */
static u8 *bytes_of(u64 address, u64 *offset)
{
	bool in_config = address >= CONFIG && address < CONFIG + sizeof(config);

	*offset = address - (in_config ? CONFIG : WINDOW);
	assert_true(in_config || *offset < BYTES);
	assert_true(IS_ALIGNED(*offset, host_core.mmio_bytes));
	if (!in_config)
		widths[*offset] = host_core.mmio_bytes;
	return in_config ? config : window;
}

static u32 read_register(u64 address)
{
	u64 offset;
	u8 *bytes = bytes_of(address, &offset);

	return get(bytes, offset, host_core.mmio_bytes);
}

static void write_register(u64 address, u32 value)
{
	u64 offset;
	u8 *bytes = bytes_of(address, &offset);

	if (bytes == config && offset >= BAR(0) && offset < BAR(PCI_BARS)) {
		u32 old = get(config, offset, 4), mask = bits[(offset - BAR(0)) / 4];

		decoded_writes += (get(config, COMMAND, 2) & 2) != 0;
		value = (old & ~mask) | (value & mask);
	}
	put(bytes, offset, host_core.mmio_bytes, value);
}

static void set_cap(u32 at, u32 id, u32 next)
{
	put(config, at, 2, id | next << 8);
}

static void set_part(u32 at, u32 next, u32 kind, u32 bar, u32 offset, u32 bytes)
{
	set_cap(at, PCI_CAP_VENDOR, next);
	put(config, at + 2, 2, (kind == 2 ? 20u : 16u) | kind << 8);
	put(config, at + 4, 4, bar);
	put(config, at + 8, 4, offset);
	put(config, at + 12, 4, bytes);
}

/* As QEMU's virtio-blk-pci: a BAR of ports, one for MSI-X, one of 64 bits for the registers. */
static int boot(void **state)
{
	(void)state;
	host_core_reset();
	host_core.mmio_read = read_register;
	host_core.mmio_write = write_register;
	memset(config, 0, sizeof(config));
	memset(window, 0, sizeof(window));
	memset(widths, 0, sizeof(widths));
	memset(bits, 0, sizeof(bits));
	decoded_writes = 0;
	put(config, PCI_VENDOR, 4, 0x10421af4);
	put(config, COMMAND, 4, 0x00100007);
	put(config, BAR(0), 4, 0xc001);
	bits[0] = 0xff80;
	put(config, BAR(1), 4, 0xfebd1000);
	bits[1] = 0xfffff000;
	put(config, BAR(4), 4, 0xfe00000c);
	bits[4] = 0xffffc000;
	bits[5] = UINT32_MAX;
	put(config, 0x34, 1, CAPS);
	set_part(0x40, 0x50, 1, 4, 0, 0x38);
	set_part(0x50, 0x60, 3, 4, ISR, 1);
	set_part(0x60, 0x70, 4, 4, DEVICE, 0x40);
	set_part(0x70, 0x84, 2, 4, NOTIFIES, 0x1000);
	put(config, 0x80, 4, 4);
	set_cap(0x84, PCI_CAP_MSIX, 0x90);
	put(config, 0x86, 2, 0x8001);
	set_cap(0x90, PCI_CAP_MSI, 0);
	put(config, 0x92, 2, 0x0081);
	function = (struct grant_info){ .kind = GRANT_PCI, .address = CONFIG, .size = PAGE_SIZE };
	registers = (struct grant_info){
		.kind = GRANT_DEVICE, .address = WINDOW, .size = BYTES, .device_address = BUS
	};
	return 0;
}

/* --- Capabilities -----------------------------------------------------------------------------
 */

static u32 count_caps(u32 id)
{
	struct pci_walk walk = pci_walk(CONFIG);
	u32 n = 0;

	for (u32 at; (at = pci_next(&walk, id)) != 0; n++) {
		assert_true(at >= 0x40 && at < PCI_CAPS_END && IS_ALIGNED(at, 4));
		assert_int_equal(config[at], id);
	}
	assert_int_equal(pci_next(&walk, id), 0);
	return n;
}

static void capabilities_are_found(void **state)
{
	(void)state;
	assert_int_equal(count_caps(PCI_CAP_VENDOR), 4);
	assert_int_equal(count_caps(PCI_CAP_MSI), 1);
	assert_int_equal(count_caps(0x10), 0);
	config[0x34] |= 3; /* reserved bits */
	assert_int_equal(count_caps(PCI_CAP_VENDOR), 4);
	config[0x61] = 0x3c; /* among the registers of the header */
	assert_int_equal(count_caps(PCI_CAP_VENDOR), 3);
	put(config, 0x06, 2, 0); /* no list */
	assert_int_equal(count_caps(PCI_CAP_VENDOR), 0);
}

static void a_loop_ends(void **state)
{
	(void)state;
	config[0x71] = CAPS;
	assert_true(count_caps(PCI_CAP_VENDOR) <= 48);
	config[CAPS + 1] = CAPS;
	assert_int_equal(count_caps(PCI_CAP_VENDOR), 48);
	assert_int_equal(count_caps(0x10), 0);
	config[0x34] = 0xff;
	config[0xfc] = PCI_CAP_VENDOR;
	config[0xfd] = 0xfc;
	assert_int_equal(count_caps(PCI_CAP_VENDOR), 48);
	assert_int_equal(device_find_pci(&device, &function, &registers, 2), ERR_FORMAT);
}

/* --- BARs -------------------------------------------------------------------------------------
 */

static void bars_have_sizes(void **state)
{
	struct pci_bar bars[PCI_BARS];
	u8 before[sizeof(config)];

	(void)state;
	memcpy(before, config, sizeof(config));
	assert_int_equal(pci_size_bars(CONFIG, bars), OK);
	assert_memory_equal(config, before, sizeof(config));
	assert_int_equal(bars[0].kind, PCI_BAR_PORTS);
	assert_int_equal(bars[0].address, 0xc000);
	assert_int_equal(bars[0].bytes, 0x80);
	assert_int_equal(bars[1].kind, PCI_BAR_MEMORY);
	assert_int_equal(bars[1].address, 0xfebd1000);
	assert_int_equal(bars[1].bytes, 0x1000);
	assert_false(bars[1].wide);
	assert_int_equal(bars[2].kind, PCI_BAR_NONE);
	assert_int_equal(bars[4].bytes, 0x4000);
	assert_int_equal(bars[4].address, 0xfe000000);
	assert_true(bars[4].wide);
	assert_int_equal(bars[5].kind, PCI_BAR_NONE);
	/* 64 GiB: the lower half is all zero. */
	put(config, BAR(4), 4, 0xc);
	bits[4] = 0;
	bits[5] = 0xfffffff0;
	assert_int_equal(pci_size_bars(CONFIG, bars), OK);
	assert_int_equal(bars[4].bytes, GIB(64));
}

static void bars_that_make_no_sense(void **state)
{
	struct pci_bar bars[PCI_BARS];

	(void)state;
	bits[1] = 0xfff0f000; /* bits between the others */
	assert_int_equal(pci_size_bars(CONFIG, bars), ERR_FORMAT);
	bits[1] = 0xfffff000;
	put(config, BAR(1), 4, 0xfebd1002); /* below 1 MiB, and a reserved width */
	assert_int_equal(pci_size_bars(CONFIG, bars), ERR_FORMAT);
	put(config, BAR(1), 4, 0xfebd1006);
	assert_int_equal(pci_size_bars(CONFIG, bars), ERR_FORMAT);
	put(config, BAR(1), 4, 0);
	put(config, BAR(5), 4, 0xfe000004); /* the upper half of the last */
	put(config, BAR(4), 4, 0);
	bits[4] = 0;
	assert_int_equal(pci_size_bars(CONFIG, bars), ERR_FORMAT);
	/* All ones: no function is there. */
	memset(config, 0xff, sizeof(config));
	memset(bits, 0, sizeof(bits));
	assert_int_equal(device_find_pci(&device, &function, &registers, 2), ERR_NOT_FOUND);
}

/* A bridge has numbers of buses where others have BARs. */
static void a_bridge_has_two(void **state)
{
	struct pci_bar bars[PCI_BARS];

	(void)state;
	config[0x0e] = 0x81;
	put(config, 0x18, 4, 0xff00ff);
	bits[2] = UINT32_MAX;
	assert_int_equal(pci_size_bars(CONFIG, bars), OK);
	assert_int_equal(bars[1].bytes, 0x1000);
	for (u32 i = 2; i < PCI_BARS; i++)
		assert_int_equal(bars[i].kind, PCI_BAR_NONE);
	assert_int_equal(get(config, 0x18, 4), 0xff00ff);
}

static void bars_get_places(void **state)
{
	struct pci_bar bars[PCI_BARS];

	(void)state;
	put(config, BAR(5), 4, 0x12);
	assert_int_equal(pci_place_bars(CONFIG, BUS, BYTES, bars), OK);
	assert_int_equal(get(config, BAR(4), 4), BUS | 0xc);
	assert_int_equal(get(config, BAR(5), 4), 0);
	assert_int_equal(get(config, BAR(1), 4), BUS + 0x4000);
	assert_int_equal(get(config, BAR(0), 4), 0xc001);
	assert_int_equal(bars[4].address, BUS);
	assert_int_equal(bars[1].address, BUS + 0x4000);
	assert_int_equal(decoded_writes, 0);
	assert_int_equal(get(config, COMMAND, 2) & 7, 0);
	pci_enable(CONFIG);
	assert_int_equal(get(config, COMMAND, 2), 6); /* memory, DMA, and the line */
	assert_int_equal(get(config, 0x86, 2), 1);
	assert_int_equal(get(config, 0x92, 2), 0x80);
}

static void bars_that_do_not_fit(void **state)
{
	struct pci_bar bars[PCI_BARS];

	(void)state;
	assert_int_equal(pci_place_bars(CONFIG, BUS, 0x5000, bars), OK);
	assert_int_equal(pci_place_bars(CONFIG, BUS, 0x4000, bars), ERR_TOO_BIG);
	assert_int_equal(pci_place_bars(CONFIG, BUS + 0x1000, BYTES, bars), ERR_TOO_BIG);
	/* That of 64 bits fits above 4 GiB, the other one does not. */
	assert_int_equal(pci_place_bars(CONFIG, GIB(8), BYTES, bars), ERR_TOO_BIG);
	bits[1] = 0;
	put(config, BAR(1), 4, 0);
	assert_int_equal(pci_place_bars(CONFIG, GIB(8), BYTES, bars), OK);
	assert_int_equal(get(config, BAR(5), 4), 2);
	registers.size = 0x3000;
	assert_int_equal(device_find_pci(&device, &function, &registers, 2), ERR_TOO_BIG);
	assert_int_equal(get(config, COMMAND, 2) & 7, 0);
}

/* --- The virtio device ------------------------------------------------------------------------
 */

static void find(void)
{
	assert_int_equal(device_find_pci(&device, &function, &registers, 2), OK);
}

static void registers_have_widths(void **state)
{
	static const struct virtio_register places[] = { { 0, 4 },    { 4, 4 },    { 8, 4 },
							 { 0xc, 4 },  { 0x14, 1 }, { 0x16, 2 },
							 { 0x18, 2 }, { 0x1c, 2 }, { 0x1e, 2 },
							 { 0x20, 4 }, { 0x24, 4 }, { 0x28, 4 },
							 { 0x2c, 4 }, { 0x30, 4 }, { 0x34, 4 } };
	u32 used = 0;

	(void)state;
	find();
	put(window, 4, 4, 1); /* both pages: VIRTIO_F_VERSION_1 */
	assert_true(device_begin(&device, 1));
	put(window, 0x18, 2, 128);
	put(window, QUEUE_ADD, 2, 3);
	assert_true(device_add_queue(&device, 128, UINT64_C(0x123456789a0), 2, 3));
	assert_int_equal(get(window, 0x20, 4), 0x456789a0);
	assert_int_equal(get(window, 0x24, 4), 0x123);
	device_go(&device);
	assert_int_equal(window[0x14], 0xf);
	for (u32 i = 0; i < ARRAY_SIZE(places); i++)
		assert_int_equal(widths[places[i].offset], places[i].bytes);
	for (u32 i = 0; i < 0x38; i++)
		used += widths[i] != 0;
	assert_int_equal(used, ARRAY_SIZE(places));
	device_ring(&device);
	assert_int_equal(widths[NOTIFIES + 12], 2);
	assert_true(device_interrupt(&device));
	assert_int_equal(widths[ISR], 1);
	window[0x14] |= 0x40;
	assert_false(device_interrupt(&device));
	put(window, DEVICE + 0x3c, 4, 77);
	assert_int_equal(device_config(&device, 0x3c), 77);
	assert_int_equal(device_config(&device, 0x3e), 0);
	assert_int_equal(device_config(&device, UINT32_MAX), 0);
}

static void doorbells_outside(void **state)
{
	(void)state;
	find();
	put(window, 0x18, 2, 128);
	put(window, QUEUE_ADD, 2, 0x3ff);
	assert_true(device_add_queue(&device, 128, 1, 2, 3));
	put(window, 0x1c, 2, 0);
	put(window, QUEUE_ADD, 2, 0x400);
	assert_false(device_add_queue(&device, 128, 1, 2, 3));
	put(config, 0x80, 4, UINT32_MAX);
	find();
	put(window, QUEUE_ADD, 2, 0xffff);
	assert_false(device_add_queue(&device, 128, 1, 2, 3));
	put(config, 0x80, 4, 1);
	find();
	put(window, QUEUE_ADD, 2, 1);
	assert_false(device_add_queue(&device, 128, 1, 2, 3));
}

static void types(void **state)
{
	(void)state;
	assert_int_equal(device_find_pci(&device, &function, &registers, 1), ERR_NOT_FOUND);
	put(config, PCI_VENDOR, 4, 0x10421af5);
	assert_int_equal(device_find_pci(&device, &function, &registers, 2), ERR_NOT_FOUND);
	put(config, PCI_VENDOR, 4, 0x10011af4); /* transitional */
	assert_int_equal(device_find_pci(&device, &function, &registers, 2), ERR_NOT_FOUND);
	put(config, PCI_SUBSYSTEM, 2, 2);
	find();
}

/* The list has a good part of the same kind behind the bad one. */
static void parts_that_make_no_sense(void **state)
{
	static const struct {
		u32 at, bytes, value;
	} faults[] = {
		{ 0x42, 1, 15 },         /* too short a capability */
		{ 0x44, 1, 6 },          /* no BAR */
		{ 0x44, 1, 5 },          /* half of one */
		{ 0x44, 1, 0 },          /* ports */
		{ 0x44, 1, 2 },          /* none */
		{ 0x48, 4, 2 },          /* not aligned */
		{ 0x48, 4, 0x4000 },     /* behind the BAR */
		{ 0x48, 4, 0xfffffffc }, /* wraps */
		{ 0x4c, 4, 0x37 },       /* too short a part */
		{ 0x4c, 4, 0x4004 },     /* too long */
		{ 0x4c, 4, UINT32_MAX },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(faults); i++) {
		(void)boot(NULL);
		put(config, faults[i].at, faults[i].bytes, faults[i].value);
		assert_int_equal(device_find_pci(&device, &function, &registers, 2), ERR_FORMAT);
		assert_int_equal(get(config, COMMAND, 2) & 7, 0);
		config[0x91] = 0xa0;
		set_part(0xa0, 0, 1, 4, 0x3fc8, 0x38);
		find();
		assert_int_equal(device.regs, WINDOW + 0x3fc8);
	}
	for (u32 at = 0x50; at <= 0x70; at += 0x10) {
		(void)boot(NULL);
		config[at + 4] = 6;
		assert_int_equal(device_find_pci(&device, &function, &registers, 2), ERR_FORMAT);
	}
	/* A capability that ends behind the list's place. */
	(void)boot(NULL);
	config[0x34] = 0xf4;
	set_part(0xf4, 0x40, 1, 4, 0x3fc8, 0x38);
	find();
	assert_int_equal(device.regs, WINDOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(capabilities_are_found, boot),
		cmocka_unit_test_setup(a_loop_ends, boot),
		cmocka_unit_test_setup(bars_have_sizes, boot),
		cmocka_unit_test_setup(bars_that_make_no_sense, boot),
		cmocka_unit_test_setup(a_bridge_has_two, boot),
		cmocka_unit_test_setup(bars_get_places, boot),
		cmocka_unit_test_setup(bars_that_do_not_fit, boot),
		cmocka_unit_test_setup(registers_have_widths, boot),
		cmocka_unit_test_setup(doorbells_outside, boot),
		cmocka_unit_test_setup(types, boot),
		cmocka_unit_test_setup(parts_that_make_no_sense, boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
